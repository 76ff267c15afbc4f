"""landseg as it is now, and as it was before the assistant: both as processes of their own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten

ROOT = Path(__file__).parents[2]
BEFORE = "aa34a8a80058a1c6ecf2a62a4c4869173d3cb3cb"
"""The commit before the assistant's first."""
BEFORE_TREE = ROOT / ".bench" / "before"
SHOWN = 160
"""Characters of a command that are printed: a scene has many images."""


@dataclass(frozen=True)
class Code:
    """The source tree whose `landseg` runs."""

    name: str
    root: Path

    def run(self, *command: str | Path) -> float:
        """Run a `landseg` command to its end, and return its seconds; where it fails, so does the measurement."""
        words = [str(word) for word in command]
        print(shorten(f"landseg ({self.name}) {shlex.join(words)}", SHOWN), file=sys.stderr, flush=True)
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "landseg_core.cli", *words],
            cwd=self.root,  # the first folder that Python imports from
            env=os.environ | {"PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise SystemExit(f"landseg {words[0]} ({self.name}) ended with {done.returncode}: {' '.join(said)}")
        return time.monotonic() - start


NOW = Code("now", ROOT)


@cache
def before() -> Code:
    """Return the code before the assistant, checked out beside what else benchmarks leave in `.bench`."""
    if not BEFORE_TREE.exists():
        if not _git("cat-file", "-e", f"{BEFORE}^{{commit}}"):
            raise SystemExit(f"this clone lacks the commit {BEFORE[:7]} to compare with: git fetch --unshallow")
        if not _git("worktree", "add", "--force", "--detach", str(BEFORE_TREE), BEFORE):
            raise SystemExit(f"Git cannot check the commit {BEFORE[:7]} out at {BEFORE_TREE}; remove what is there")
    return Code("before", BEFORE_TREE)


def commit() -> str:
    """Return the short hash of the code that is measured, with a `+` where code is changed; "" without Git."""
    head = _git("rev-parse", "--short", "HEAD").strip()
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs").strip()
    return f"{head}+" if head and changed else head


def _git(*words: str) -> str:
    """Return what Git says, or "" where it fails; a command that says nothing returns a line break."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return "" if done.returncode else f"{done.stdout}\n"

"""The command line as users call it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def run_landseg(*arguments: object, expect: int = 0, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `landseg` in a process of its own; its exit code must be `expect`, and it never shows a traceback."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-m", "landseg_core.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env=environment,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == expect, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done

"""Puts what a script has measured into a Markdown file, in the place of an older run."""

from __future__ import annotations

import re
from pathlib import Path

_TITLE = "# Reliability\n\nWhat happens to a project when a program or a machine fails, and how that was tried.\n"


def write_section(out: Path, mark: str, heading: str, text: str) -> None:
    """Write `text` between the comments `<!-- mark -->` and `<!-- /mark -->`; all else in the file stays.

    Where the comments are not there yet, they come at the end, under the heading.
    """
    content = out.read_text() if out.exists() else _TITLE
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    block = f"{begin}\n{text.strip()}\n{end}"
    older = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if older.search(content):
        out.write_text(older.sub(lambda _: block, content))
    else:
        out.write_text(f"{content.rstrip()}\n\n{heading}\n\n{block}\n")

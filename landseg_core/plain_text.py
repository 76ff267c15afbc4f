"""Makes text from a file, or a file's name, safe to show: one line, without characters that act on the output."""

from __future__ import annotations

import os
import re
from pathlib import Path

from landseg_core.messages import N_, Text

# Control characters and escapes (C0, C1), line and paragraph separators, halves of surrogate pairs, and what turns the
# direction of the text that follows.
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain_text(text: str) -> str:
    """Return `text` as one line in which each control character, or half of a character, is replaced."""
    return _ACTING.sub(_REPLACEMENT, text)


def is_plain(text: str) -> bool:
    """Return whether a text is one line without control characters and halves of characters."""
    return _ACTING.search(text) is None


def name_message(path: Path) -> Text | None:
    """Return the sentence for a path whose name is not UTF-8, which GDAL cannot open; None for all others."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        return N_(
            "{name} has a name that is not UTF-8, which cannot be opened; rename the file or its folder",
            name=plain_text(shown),
        )
    return None

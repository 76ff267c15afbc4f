"""Writes small files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from landseg_core.errors import OutputError


def write_atomically(path: Path, parts: bytes | Iterable[bytes]) -> None:
    """Write `parts` beside `path`, then rename them over it: whatever happens, `path` is whole, old or new.

    Raises:
        OutputError: the file cannot be written; what was at `path` before is untouched.
    """
    scratch = path.with_name(f".{path.name}.part")
    try:
        try:
            _write(scratch, [parts] if isinstance(parts, bytes) else parts)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the sentence for `path` that cannot be written because of `error`."""
    reason = error.strerror or str(error)
    return OutputError(
        f"{path} cannot be written: {reason}; free some space, check the permissions or choose another place"
    )


def _write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())

"""The folder with the pyramids of rasters that have no overviews of their own."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from landseg_core.file_identity import FileIdentity
from landseg_core.leftovers import scratch_folder
from landseg_core.raster.source import RasterSource

CACHE_LIMIT_BYTES = 20 * 2**30
"""The least recently used pyramids are removed until the rest fits."""

_FORMAT = 2  # of a pyramid's folder, and of what its name is computed from
_LEFT_BEHIND_SECONDS = 24 * 3600


def cache_folder() -> Path:
    """Return the folder of all pyramids, which need not exist yet."""
    return platformdirs.user_cache_path("landseg", appauthor=False) / "pyramids"


def holds_codes(source: RasterSource, categorical: bool | None) -> bool:
    """Return `categorical`, or if that is None whether the file has a palette, so that its values are codes."""
    return source.colour_table is not None if categorical is None else categorical


def pyramid_path(source: RasterSource, *, categorical: bool | None = None) -> Path:
    """Return the folder of the pyramid of `source`, which need not exist yet; a changed file has another.

    It depends on the files as they were opened, since the pyramid is made from these, and on the alpha bands: with
    others, other pixels hold data, and other bands are stored.

    `categorical`: the values are class codes, which are not averaged; by default those of a palette are.
    """
    as_opened = source.as_opened
    files = [*zip(as_opened.files, as_opened.identities, strict=True), *as_opened.masks]
    known = [_known(*file) for file in files]
    content = [_FORMAT, holds_codes(source, categorical), source.alpha_bands, known]
    key = hashlib.sha256(json.dumps(content).encode())
    return cache_folder() / key.hexdigest()[:32]


def _known(file: Path, identity: FileIdentity | None) -> list[str | int]:
    """Return what changes with a file's content; without the device number, which may change with each start."""
    numbers = (identity.inode, identity.size, identity.modified_ns) if identity else ()
    return [os.fspath(file.absolute()), *numbers]


def level_path(folder: Path, level: int) -> Path:
    """Return the file of one level in a pyramid's folder."""
    return folder / f"level_{level:02}.tif"


def levels_in(folder: Path) -> dict[int, Path]:
    """Return the file of each level in a pyramid's folder; none if there is no such folder."""
    return {int(path.stem.removeprefix("level_")): path for path in sorted(folder.glob("level_*.tif"))}


def mark_used(folder: Path) -> None:
    """Mark a pyramid as used now: the folder's modification time is that of its last use."""
    with suppress(OSError):  # it may have just been removed
        os.utime(folder)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Give a scratch folder that becomes `folder` when the `with` block succeeds, and is removed otherwise.

    If another process has made the same pyramid meanwhile, that one is kept.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(folder.parent) as scratch:
        yield scratch
        _rename(scratch, folder)


def _rename(scratch: Path, folder: Path) -> None:
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def prune(keep: Path, limit: int = CACHE_LIMIT_BYTES) -> None:
    """Remove the least recently used pyramids until the rest is no larger than `limit` bytes, but never `keep`.

    What a crash left unfinished is removed after a day.
    """
    total = _size(keep)
    for folder in sorted(cache_folder().glob("*"), key=_last_use, reverse=True):
        if folder.name.startswith("."):
            continue  # being written
        if folder.suffix == ".part":
            _remove_if_left_behind(folder)
        elif folder != keep:
            total += _size(folder)
            if total > limit:
                _remove(folder)


def _last_use(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process prunes as well
        return 0.0


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except FileNotFoundError:
        return 0


def _remove_if_left_behind(folder: Path) -> None:
    if time.time() - _last_use(folder) > _LEFT_BEHIND_SECONDS:
        shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Rename the folder, so that nobody finds half a pyramid, and then delete it."""
    doomed = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.part")
    with suppress(OSError):  # Windows refuses while another process reads it
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

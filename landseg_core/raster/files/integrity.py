"""Finds files that are truncated or missing, which GDAL may read as if nothing were wrong.

Only headers, tables and file lengths are read, so that a check takes milliseconds at any image size.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from landseg_core.errors import RasterError
from landseg_core.file_identity import HELD_FILES
from landseg_core.input_files import missing_message
from landseg_core.messages import N_, Text
from landseg_core.raster.files.local_only import check_side_files, refuse_services, require_pixels, require_plain_file
from landseg_core.raster.files.sql_views import MOST_SECONDS, SQLITE_MARK, endless_view
from landseg_core.raster.files.tiff_layout import tiff_is_complete
from landseg_core.raster.files.vrt import vrt_parts

Check = Callable[[BinaryIO, int], bool]

_SIZE_BYTES = 40  # of a JPEG 2000 code stream, up to the origin of its tiles
_TILE_BYTES = 14  # of an empty tile


def check_file(path: Path) -> tuple[Path, ...]:
    """Check a raster file, and all files it refers to if it is a VRT; return them, `path` first.

    Raises:
        RasterError: a file is missing, empty, a folder or a pipe, not permitted or truncated, or refers to something
            that is not a raster on this computer.
    """
    files: dict[Path, None] = {}  # a set that keeps its order
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files[file] = None
            waiting += _check_one(file, is_part=file is not path)
    return tuple(files)


def _check_one(path: Path, *, is_part: bool) -> list[Path]:
    """Check one file and return the files it names."""
    try:
        require_plain_file(path)
        if path in HELD_FILES:  # closing it would release its locks
            raise RasterError(
                N_(
                    "{path} cannot be opened as a raster (it is a project that is open); choose an image file",
                    path=path,
                )
            )
        with path.open("rb") as file:
            check_side_files(path)
            return _check_content(path, file, os.fstat(file.fileno()).st_size, is_part=is_part)
    except FileNotFoundError as error:
        raise RasterError(missing_message(path)) from error
    except IsADirectoryError as error:
        raise RasterError(_folder_message(path)) from error
    except PermissionError as error:
        raise RasterError(_not_permitted_message(path)) from error
    except OSError as error:
        raise RasterError(N_("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)) from error


def _folder_message(path: Path) -> Text:
    return N_("{path} is a folder; choose a raster file in it", path=path)


def _not_permitted_message(path: Path) -> Text:
    with suppress(PermissionError):
        if path.is_dir():  # which Windows reports as not permitted
            return _folder_message(path)
    return N_("you do not have permission to read {path}; ask for it", path=path)


def _check_content(path: Path, file: BinaryIO, size: int, *, is_part: bool) -> list[Path]:
    if size == 0:
        raise RasterError(N_("{path} is empty; copy or download it again", path=path))
    head = file.read(1024)
    if b"<VRTDataset" in head:
        return _vrt_parts(path)
    if head.startswith(SQLITE_MARK):
        _require_ends(path)
    refuse_services(path, head, is_part=is_part)
    for magic, is_complete in _CHECKS:
        if head.startswith(magic) and not is_complete(file, size):
            raise RasterError(
                N_("{path} is truncated: part of the image is missing; copy or download it again", path=path)
            )
    return []


def _require_ends(path: Path) -> None:
    view = endless_view(path, whole=False)
    if view is not None:
        raise RasterError(
            N_(
                "{path} has a view {view} that takes longer than {most_seconds:g} s; save the image as GeoTIFF",
                path=path,
                view=view[:80],
                most_seconds=MOST_SECONDS,
            )
        )


def _vrt_parts(path: Path) -> list[Path]:
    """Return the local files that a VRT names.

    Raises:
        RasterError: one of them is missing, or the VRT is not XML.
    """
    parts = vrt_parts(path)
    missing = [part for part in parts.files if _is_missing(part)]
    if missing:
        raise RasterError(
            N_(
                "{path} lacks %n of its {total} parts, such as {missing}; restore them or build the VRT again",
                n=len(missing),
                one="{path} lacks one of its {total} parts, {missing}; restore it or build the VRT again",
                path=path,
                total=len(parts.files),
                missing=missing[0],
            )
        )
    for name in parts.others:
        require_pixels(name)
    return list(parts.files)


def _is_missing(path: Path) -> bool:
    """Return whether there is no such file; one in a folder that may not be searched is left to `check_file`."""
    try:
        return not path.exists()
    except PermissionError:
        return False
    except OSError:  # such as for a name that no file can have
        return True


def _png_is_complete(file: BinaryIO, size: int) -> bool:
    """Walk the chunks to IEND (PNG specification, section 5.3)."""
    position = 8
    while position + 12 <= size:
        file.seek(position)
        length, kind = _chunk_head(file)
        position += 12 + length
        if kind == b"IEND":
            return True
    return False


def _chunk_head(file: BinaryIO) -> tuple[int, bytes]:
    """Return the length and the kind with which a PNG chunk and a JPEG 2000 box begin."""
    head = file.read(8)
    return int.from_bytes(head[:4], "big"), head[4:]


def _jpeg_is_complete(file: BinaryIO, size: int) -> bool:
    """Look for the end marker after the header of the first scan (ITU T.81, annex B); cameras may append to it."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position = 2
        while position + 4 <= size and data[position] == 0xFF:
            marker, length = struct.unpack_from(">BH", data, position + 1)
            position += 1 if marker == 0xFF else 2 + length  # 0xFF: a fill byte
            if marker == 0xDA:
                return data.rfind(b"\xff\xd9", position) != -1
    return False


def _jp2_is_complete(file: BinaryIO, size: int) -> bool:
    """Walk the boxes to the code stream, which must be inside the file and end in its marker (ITU T.800, annex I)."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        length, kind = _chunk_head(file)
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        end = position + length if length else size
        if kind == b"jp2c":
            return end <= size and _codestream_is_complete(file, file.tell(), end)
        position = max(end, position + 8)
    return False


def _codestream_is_complete(file: BinaryIO, start: int, end: int) -> bool:
    """Look for the end marker, and for room for all tiles: at least a header each (ITU T.800, annex A)."""
    file.seek(start)
    return _TILE_BYTES * _tiles_of(file.read(_SIZE_BYTES)) <= end - start and _ends_in_marker(file, end)


def _tiles_of(head: bytes) -> int:
    """Return how many tiles the size marker of a code stream claims."""
    if len(head) < _SIZE_BYTES:
        return 0
    numbers: tuple[int, ...] = struct.unpack_from(">8I", head, 8)
    width, height, _, _, tile_width, tile_height, x, y = numbers
    return math.ceil((width - x) / max(tile_width, 1)) * math.ceil((height - y) / max(tile_height, 1))


def _ends_in_marker(file: BinaryIO, end: int) -> bool:
    file.seek(end - 2)
    return file.read(2) == b"\xff\xd9"


_CHECKS: tuple[tuple[bytes, Check], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png_is_complete),
    (b"\xff\xd8\xff", _jpeg_is_complete),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", _jp2_is_complete),
    (b"\xff\x4f\xff\x51", lambda file, size: _codestream_is_complete(file, 0, size)),
    (b"II*\0", tiff_is_complete),
    (b"MM\0*", tiff_is_complete),
    (b"II+\0", tiff_is_complete),
    (b"MM\0+", tiff_is_complete),
)

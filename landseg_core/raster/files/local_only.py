"""Checks that a file holds its own pixels, and which other files GDAL may open with it.

GDAL opens the parts of a VRT, and overviews and masks in separate files, with any driver it has; so these are checked
before it does.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from landseg_core.errors import RasterError
from landseg_core.input_files import special_file_message
from landseg_core.leftovers import may_be_a_name
from landseg_core.messages import N_
from landseg_core.plain_text import name_message
from landseg_core.raster.files.gdal import GDAL_ERRORS, PIXEL_MARKS, READABLE_DRIVERS, SIDE_MARKS, open_with

_SERVICE = re.compile(
    rb".*<(?:GDAL_W|WMS_|WMT_|WCS_|Capabilities|GDALTileIndex|MRF_META|TileMap|kml)", re.DOTALL | re.IGNORECASE
)
_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[]\s*[\x20-\x7e\s]{20}")  # XML and JSON
_OVERVIEW_FILE = re.compile(r"overview_file\W[^>]*>([^<]*)", re.IGNORECASE)
_BESIDE = ":::BASE:::"  # GDAL writes it before the name of overviews in an .aux next to the raster
_MOST_AUX_BYTES = 64 * 2**20
_PIXEL_SIDES = (".ovr", ".msk", ".aux")
_TEXT_SIDES = (".aux.xml", ".wld", ".prj", ".tab", ".hdr")
_DATA_ONLY_DRIVERS = tuple(name for name in READABLE_DRIVERS if name != "VRT")


def require_plain_file(path: Path) -> None:
    """Refuse a pipe, a device or a socket, which may never end, and a name that GDAL cannot open.

    Raises:
        RasterError: it is one.
        OSError: it cannot be accessed.
    """
    if message := name_message(path) or special_file_message(path):
        raise RasterError(message)


def check_side_files(path: Path) -> None:
    """Check the files next to a raster that GDAL would open with it.

    Raises:
        RasterError: one is a pipe or a device, or an overview or a mask that does not hold its own pixels.
        OSError: one cannot be accessed.
    """
    ends = path.suffix[1:2] + path.suffix[-1:] + "w"
    names = [path.name + end for end in (*_PIXEL_SIDES, *_TEXT_SIDES, "w")]
    names += [path.stem + end for end in (".aux", ".rrd", ".wld", ".prj", ".tab", ".hdr", f".{ends}")]
    for name in filter(may_be_a_name, names):
        side = path.with_name(name)
        require_plain_file(side)
        if side.suffix in (*_PIXEL_SIDES, ".rrd") and side != path:
            _require_side_pixels(side)
    if may_be_a_name(path.name + ".aux.xml"):
        _check_overview_names(path, path.with_name(path.name + ".aux.xml"))


def _require_side_pixels(side: Path) -> None:
    if side.is_file():
        with side.open("rb") as file:
            head = file.read(32)
        if head and not head.startswith(SIDE_MARKS):
            raise RasterError(
                N_("{side} does not hold overviews or masks, but GDAL would read it as such; remove it", side=side)
            )


def _check_overview_names(path: Path, aux: Path) -> None:
    """Refuse an `.aux.xml` that names overviews in another folder than the raster's."""
    if aux.is_file():
        with aux.open("rb") as file:
            text = html.unescape(file.read(_MOST_AUX_BYTES).decode("latin-1"))
        for name in _OVERVIEW_FILE.findall(text):
            _require_overviews_in_folder(path, name)


def _require_overviews_in_folder(path: Path, name: str) -> None:
    own = name.strip().removeprefix(_BESIDE)
    if not own or re.search(r"[/\\:<]", own):
        raise RasterError(
            N_(
                "{path} takes its overviews from {name}, which is not in its folder; remove that entry",
                path=path,
                name=name[:200],
            )
        )
    require_plain_file(path.with_name(own))
    _require_side_pixels(path.with_name(own))


def require_own_overviews(path: Path, dataset: Any) -> None:
    """Check the tags of a file that has been opened, before its overviews are used.

    Raises:
        RasterError: it takes its overviews from another folder.
    """
    name = dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE")
    if name is not None:
        _require_overviews_in_folder(path, name)


def refuse_services(path: Path, head: bytes, *, is_part: bool) -> None:
    """Refuse a file that describes where pixels are instead of holding them; as a part of a VRT, any without pixels.

    Raises:
        RasterError: it is one.
    """
    if _TEXT.match(head) or (is_part and _SERVICE.match(head)):
        raise RasterError(
            N_(
                "{path} cannot be opened as a raster: it holds no pixels but a description, such as that of a map "
                "service, and landseg only reads image files on this computer; save the image as GeoTIFF",
                path=path,
            )
        )
    if is_part and not head.startswith(PIXEL_MARKS):
        require_pixels(path)


def require_pixels(name: str | Path) -> None:
    """Check that a part of a VRT, also one in an archive (`/vsizip/`), is a raster that holds its own pixels.

    Raises:
        RasterError: it is not.
    """
    try:
        if ".gti." in str(name).lower():
            raise OSError("an index of tiles")
        open_with(_DATA_ONLY_DRIVERS, name).close()
    except GDAL_ERRORS as error:
        raise RasterError(
            N_(
                "{name}, which a VRT refers to, is not a raster with its own pixels on this computer; save it as "
                "GeoTIFF and build the VRT again",
                name=name,
            )
        ) from error

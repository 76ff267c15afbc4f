"""Reads polygons from GeoPackage, GeoJSON, Shapefile and FlatGeobuf."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely
from rasterio.crs import CRS
from rasterio.errors import CRSError as RasterioCRSError

from landseg_core.errors import InterchangeError
from landseg_core.file_identity import HELD_FILES
from landseg_core.formats.vector.ogr import OGR_ERRORS, quiet_ogr
from landseg_core.input_files import missing_message, open_file, special_file_message
from landseg_core.messages import N_, Text
from landseg_core.plain_text import name_message
from landseg_core.raster.files.sql_views import MOST_SECONDS, SQLITE_MARK, endless_view

_CHUNK = 16 * 2**20
_BINARY_MARKS = (b"SQLite format 3\0", b"fgb\x03fgb", b"\0\0\x27\x0a")  # GeoPackage, FlatGeobuf, Shapefile
_LONGEST = 64 * 2**10  # of a CRS, in bytes
# GDAL's parser ignores case and the kind of quotes, and accepts comments.
_CRS = re.compile(rb"""["']crs["'][^{}\[\]"']{0,1000}\{""")
_ADDRESS = re.compile(rb"""["']\s*(?:url|link)\s*["']""")
_TYPE_IS_ADDRESS = re.compile(rb"""["']type["']\s*:\s*""" + _ADDRESS.pattern)
_ESCAPED_LETTER = re.compile(rb"\\u00([46][1-9a-f]|[57][0-9a])")


def linked_crs(path: Path) -> bool:
    """Return whether one of the `crs` members of a JSON file, whatever its suffix, is a `url` or a `link`.

    GDAL fetches such an address while it opens the file.

    Raises:
        OSError: the file cannot be read.
    """
    if _is_binary(path):
        return False
    return any(_is_link(text, match.end() - 1) for text in _texts(path) for match in _CRS.finditer(text))


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16).startswith(_BINARY_MARKS)


def _texts(path: Path) -> Iterator[bytes]:
    """Yield the file in overlapping pieces, in lower case and with letters instead of their escapes."""
    before = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            whole = before + piece
            yield _ESCAPED_LETTER.sub(lambda match: bytes([int(match[1], 16)]), whole.lower()).lower()
            before = whole[-_LONGEST:]


def _is_link(text: bytes, start: int) -> bool:
    """Return whether the object at `start` is a CRS given by address; what cannot be parsed counts if it looks so."""
    part = text[start : start + _LONGEST]
    try:
        end = json.JSONDecoder().raw_decode(part.decode("latin-1"))[1]
    except (ValueError, RecursionError):
        return _ADDRESS.search(part) is not None
    return _TYPE_IS_ADDRESS.search(part, 0, end) is not None


Bounds = tuple[float, float, float, float]

# pyogrio raises the last two for names of CRSs and fields that are not valid text.
_ERRORS = (*OGR_ERRORS, RasterioCRSError, shapely.GEOSException, UnicodeDecodeError, UnboundLocalError)
_SIDE_SUFFIXES = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".idm", ".ind")  # that GDAL opens with a Shapefile
_UNKNOWN_ENCODING = "ISO-8859-1"  # what GDAL reports for a Shapefile without .cpg, which is often UTF-8
_FALLBACKS = ("cp1252",)
_POLYGONAL = ("Polygon", "MultiPolygon")
_FARTHEST = 1e30
"""The largest coordinate that is accepted: differences and squares of larger ones may not be finite."""
_MAY_HOLD_POLYGONS = (*_POLYGONAL, "Unknown", "GeometryCollection")


@dataclass(frozen=True)
class Polygons:
    """The features of a layer, in their order: `shapes` are polygons or multipolygons.

    Attributes:
        shapes: (N,) shapely geometries in the coordinates of the file.
        fields: the (N,) values of each field; lists are left out.
        text_fields: the names of those that hold text.
    """

    shapes: npt.NDArray[Any]
    fields: Mapping[str, npt.NDArray[Any]]
    text_fields: tuple[str, ...]

    def texts(self, field: str) -> list[str]:
        """Return the (N,) values of a field as they stand before the = of a mapping, "" where there is none."""
        return [value_text(value) for value in self.fields[field].tolist()]


class PolygonFile:
    """A file of polygons, opened.

    Attributes:
        path: the file.
        layer: the layer that holds polygons.
        crs: its CRS; None where the file has none.

    Raises:
        InterchangeError: the file cannot be read, or it is not clear which polygons are meant.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._require_file()
        self._require_own_crs()
        self._require_finite_views()
        self._name = path.absolute()  # GDAL takes it for nothing but a file name
        self._encodings: tuple[str | None, ...] = (None, *_FALLBACKS)
        with self._doing():
            self.layer = self._polygon_layer()
            info = self._decoded(lambda encoding: pyogrio.read_info(self._name, layer=self.layer, encoding=encoding))
            if info["encoding"] == _UNKNOWN_ENCODING:
                self._encodings = ("UTF-8", *_FALLBACKS)
            # GDAL writes beyond its memory where the index of a FlatGeobuf is damaged; it is used only to read a part.
            self._read_whole = info["driver"] == "FlatGeobuf"
            self._features: int = info["features"]
            crs = info["crs"]
            self.crs: CRS | None = _earthly(CRS.from_user_input(crs)) if crs else None

    def _require_file(self) -> None:
        unnameable = name_message(self.path)
        if unnameable:
            raise InterchangeError(unnameable)
        if not self.path.is_file():
            raise InterchangeError(special_file_message(self.path) or self._no_file_message())
        if self.path in HELD_FILES:
            raise InterchangeError(N_("{path} is the open project; choose a file of polygons", path=self.path))
        for suffix in _SIDE_SUFFIXES:
            side = self.path.with_suffix(suffix)
            if message := special_file_message(side):
                raise InterchangeError(message)

    def _no_file_message(self) -> Text:
        if self.path.is_dir():
            return N_("{path} is a folder; choose a file in it", path=self.path)
        return missing_message(self.path)

    def _require_own_crs(self) -> None:
        with self._doing():
            if linked_crs(self.path):
                raise InterchangeError(
                    N_(
                        "{path} refers to its CRS by a web address, but landseg reads local files only; save it with "
                        "the name of the CRS, such as EPSG:25832",
                        path=self.path,
                    )
                )

    def _require_finite_views(self) -> None:
        with self._doing(), open_file(self.path) as file:
            is_database = file.read(len(SQLITE_MARK)) == SQLITE_MARK
            view = endless_view(self.path, whole=True) if is_database else None
        if view is not None:
            raise InterchangeError(
                N_(
                    "{path} has a view {view}, which takes over {seconds:g} s to read; save its rows as a table",
                    path=self.path,
                    view=view[:80],
                    seconds=MOST_SECONDS,
                )
            )

    def _polygon_layer(self) -> str:
        kinds = {str(name): str(kind).split(" ")[0] for name, kind in pyogrio.list_layers(self._name) if kind}
        layers = [name for name, kind in kinds.items() if kind in _MAY_HOLD_POLYGONS]
        if len(layers) == 1:
            return layers[0]
        if layers:
            raise InterchangeError(
                N_(
                    "{path} holds polygons in the layers {layers}; save the one you need as a separate file",
                    path=self.path,
                    layers=", ".join(layers),
                )
            )
        raise self._no_polygons(Counter(kinds.values()))

    def _no_polygons(self, kinds: Counter[str]) -> InterchangeError:
        if not kinds:
            return InterchangeError(N_("{path} holds no polygons; choose another file", path=self.path))
        return InterchangeError(
            N_(
                "{path} holds {kinds} instead of polygons, which are needed to label areas; turn lines into polygons, "
                "for example with a buffer",
                path=self.path,
                kinds=", ".join(sorted(kinds)),
            )
        )

    def read(self, bounds: Bounds | None = None) -> Polygons:
        """Return the polygons that touch `bounds` (left, low, right, high in the file's coordinates), or all.

        Raises:
            InterchangeError: they cannot be read, or some features are not polygons.
        """
        part = None if self._read_whole else bounds
        with self._doing():
            meta, _, wkb, columns = self._decoded(
                lambda encoding: pyogrio.raw.read(
                    self._name, layer=self.layer, force_2d=True, bbox=part, encoding=encoding
                )
            )
            if self._read_whole and len(wkb) < self._features:
                raise InterchangeError(
                    N_(
                        "{path} is damaged: only {readable} of its {polygons} polygons can be read; copy or save it "
                        "again",
                        path=self.path,
                        readable=len(wkb),
                        polygons=self._features,
                    )
                )
            all_shapes = shapely.from_wkb(wkb)
            wanted = ~shapely.is_missing(all_shapes)
            if bounds is not None:
                wanted &= _reach_into(all_shapes, bounds)
            shapes = self._polygonal(all_shapes[wanted])
        kinds = {str(name): str(kind) for name, kind in zip(meta["fields"], meta["dtypes"], strict=True)}
        values = {name: column[wanted] for name, column in zip(kinds, columns, strict=True)}
        fields = {name: column for name, column in values.items() if not kinds[name].startswith("list")}
        return Polygons(shapes, fields, tuple(name for name in fields if kinds[name] == "object"))

    def _decoded(self, read: Callable[[str | None], Any]) -> Any:
        """Return what `read` returns with the first encoding that works: the file's own, else cp1252."""
        for encoding in self._encodings[:-1]:
            with suppress(UnicodeDecodeError, UnboundLocalError):
                return read(encoding)
        return read(self._encodings[-1])

    def _polygonal(self, shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the shapes, all of which are polygons with finite coordinates; their rings may cross."""
        others = Counter(shape.geom_type for shape in shapes if shape.geom_type not in _POLYGONAL)
        if others:
            raise self._no_polygons(others)
        if not (np.abs(shapely.get_coordinates(shapes)) <= _FARTHEST).all():  # False for NaN as well
            raise InterchangeError(
                N_("{path} holds coordinates that are not finite numbers; repair or delete them", path=self.path)
            )
        return shapes

    @contextmanager
    def _doing(self) -> Iterator[None]:
        """Turn failures into one sentence, and suppress GDAL's warnings about odd files."""
        try:
            with quiet_ogr():
                yield
        except _ERRORS as error:
            reason = " ".join(str(error).split()).split("; It might help")[0].rstrip(".")  # ... to name a driver
            raise InterchangeError(
                N_(
                    "{path} cannot be read as polygons ({reason}); check that it is a complete GeoPackage, "
                    "GeoJSON, Shapefile or FlatGeobuf",
                    path=self.path,
                    reason=reason,
                )
            ) from error


def _reach_into(shapes: npt.NDArray[Any], bounds: Bounds) -> npt.NDArray[np.bool_]:
    """Return (N,) whether the boxes around shapes touch `bounds`, or are not finite, which is refused elsewhere."""
    left, low, right, high = shapely.bounds(shapes).T
    apart = (left > bounds[2]) | (right < bounds[0]) | (low > bounds[3]) | (high < bounds[1])
    return np.asarray(~apart & ~shapely.is_empty(shapes), np.bool_)


def _earthly(crs: CRS) -> CRS | None:
    """Return `crs`, or None for one that is not on the Earth, such as a local one."""
    return crs if crs.is_geographic or crs.is_projected else None


def value_text(value: Any) -> str:
    """Return the text of an attribute's value, as it stands before the = of a mapping."""
    if value is None or value != value:  # NaN stands for no value
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()

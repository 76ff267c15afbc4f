"""Writes class values as polygons in a GeoPackage: class, value, colour and true area of each region.

The polygons follow the edges of the pixels in the image's CRS. An image without a georeference gives pixel coordinates
with y = -row, which is where QGIS shows such an image; the import reverses that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyogrio
import pyproj
import shapely

from landseg_core.errors import ClassSchemaError, ProjectError
from landseg_core.events import JobControl, OnEvent, ignore_event
from landseg_core.formats.georeference import control_notice
from landseg_core.formats.strips import StripSource, emit_notices
from landseg_core.formats.vector.grid_mapping import vector_transform
from landseg_core.formats.vector.ogr import OGR_ERRORS, quiet_ogr
from landseg_core.formats.vector.outlines import Outline, outlines
from landseg_core.geo.grid import RasterGrid, local_unit, on_ellipsoid
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import LandClass
from landseg_core.leftovers import scratch_folder
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.progress import ProgressMeter

LAYER = "labels"
FIELDS = ("class", "value", "colour", "area_m2")

_NO_CRS = 'LOCAL_CS["Undefined Cartesian SRS"]'  # the name by which a GeoPackage knows that there is none
_BATCH = 20_000
_SIDECARS = ("-wal", "-shm", "-journal")


def write_geopackage(
    source: StripSource,
    out: AnyPath,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write what a source holds as polygons, one for each region of pixels of a class that share edges.

    Fields: `class` (its name), `value`, `colour` (#rrggbb) and `area_m2` (null without a georeference).

    Raises:
        ClassSchemaError: nothing names the classes.
        OutputError: `out` exists already, is one of the source's files, or cannot be written.
        RasterError, ProjectError: the source cannot be read, or holds a value that no class has.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    control, grid = control or JobControl(), source.grid
    if unplaced := control_notice(out, grid):
        on_event(unplaced)
    meter = ProgressMeter(N_("writing {file}", file=out.name), grid.window.pixels, on_event, work=grid.height)
    outputs = OutputFiles(overwrite=overwrite, inputs=source.files)
    with outputs, _LayerWriter(outputs, out, source) as layer:
        done = 0
        for bottom, regions in outlines(grid, source.tiles()):
            control.checkpoint()
            layer.write(regions)
            meter.add(bottom - done)
            done = bottom
    emit_notices(source, on_event)


class _LayerWriter:
    """Writes regions to a GeoPackage, in batches.

    GDAL checks the name of a GeoPackage, so it is made in a folder of its own, and becomes the unfinished file of
    `outputs` when the `with` block succeeds.
    """

    def __init__(self, outputs: OutputFiles, out: Path, source: StripSource) -> None:
        if source.schema is None:
            raise ClassSchemaError(N_("{source} names no classes; choose them (--classes)", source=source.title))
        self._out, self._unfinished = out, outputs.add(out)
        for suffix in _SIDECARS:
            outputs.drop(out.with_name(out.name + suffix))
        self._classes = {item.value: item for item in source.schema.classes}
        self._transform = vector_transform(source.grid)
        self._crs = source.grid.crs.to_wkt() if source.grid.crs else _NO_CRS
        self._area = _TrueArea(source.grid)
        self._scratch = ExitStack()
        self._waiting: list[Outline] = []
        self._written: int | None = None

    def __enter__(self) -> Self:
        with self._writing():
            self._file = self._scratch.enter_context(scratch_folder(self._out.parent)) / "labels.gpkg"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._scratch:
            if kind is None:
                self._finish()

    def write(self, regions: list[Outline]) -> None:
        """Write further regions, now or with the next ones."""
        self._waiting += regions
        while len(self._waiting) >= _BATCH:
            self._append(self._waiting[:_BATCH])
            del self._waiting[:_BATCH]

    def _finish(self) -> None:
        """Write what waits, be it nothing, and make sure that all of it arrived."""
        if self._waiting or self._written is None:
            self._append(self._waiting)
        with self._writing():
            if pyogrio.read_info(self._file, layer=LAYER, force_feature_count=True)["features"] != self._written:
                raise OSError("some polygons are missing")
            self._file.replace(self._unfinished)

    def _append(self, regions: list[Outline]) -> None:
        pixels = np.array([region.polygon for region in regions], object)
        polygons = shapely.transform(pixels, lambda points: np.stack(self._transform @ tuple(points.T), axis=1))
        classes = [self._class_of(region.value) for region in regions]
        columns = [
            np.array([item.name for item in classes], object),
            np.array([item.value for item in classes], np.int32),
            np.array([item.colour for item in classes], object),
            self._area.measure(polygons),
        ]
        layer = {"layer": LAYER, "driver": "GPKG", "geometry_type": "Polygon", "crs": self._crs}
        with self._writing():
            append = self._written is not None
            pyogrio.raw.write(self._file, shapely.to_wkb(polygons), columns, FIELDS, append=append, **layer)
        self._written = (self._written or 0) + len(regions)

    def _class_of(self, value: int) -> LandClass:
        if value not in self._classes:
            raise ProjectError(
                N_("the labels hold the value {value}, which no class has; give a class this value", value=value)
            )
        return self._classes[value]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with quiet_ogr():
                yield
        except OGR_ERRORS as error:
            raise cannot_finish(self._out, error) from error


class _TrueArea:
    """Measures polygons given in the CRS of a grid, by geodesics on the CRS's own ellipsoid.

    Karney, "Algorithms for geodesics" (2013), by pyproj: the same values as `$area` in QGIS. In a local CRS, which has
    no ellipsoid, areas are those in the plane.
    """

    def __init__(self, grid: RasterGrid) -> None:
        crs = grid.crs if grid.is_georeferenced else None
        self._earth = on_ellipsoid(crs) if crs else None
        self._local_unit = local_unit(crs) if crs else None

    def measure(self, polygons: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Return the (N,) areas in m2; NaN for all without a georeference."""
        if self._local_unit is not None:
            return np.asarray(shapely.area(np.array(polygons, object)) * self._local_unit**2, np.float64)
        if self._earth is None:
            return np.full(len(polygons), np.nan)
        geod, to_degrees = self._earth
        on_earth = shapely.transform(
            np.array(polygons, object), lambda points: np.stack(to_degrees.transform(*points.T), axis=1)
        )
        return np.array([_area(geod, polygon) for polygon in on_earth], np.float64)


def _area(geod: pyproj.Geod, polygon: Any) -> float:
    outside, *holes = (
        abs(geod.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
        for ring in (polygon.exterior, *polygon.interiors)
    )
    return float(outside - sum(holes))

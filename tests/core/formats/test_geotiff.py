"""Maps copied as GeoTIFF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.enums import ColorInterp
from support.rasters import write_raster

from landseg_core.errors import JobStopped, OutputError
from landseg_core.events import Event, JobControl, Progress
from landseg_core.formats.geotiff import export_geotiff
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.classes import mask_schema
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.writer import MapInfo

WriteMap = Callable[..., Path]


@pytest.mark.parametrize("window", [PixelWindow(0, 0, 1300, 600), PixelWindow(700, 13, 590, 520)])
def test_a_copy_has_values_georeference_and_classes(
    write_map: WriteMap, out: Path, schema: ClassSchema, window: PixelWindow
) -> None:
    values = np.random.default_rng(2).choice(np.array([0, 1, 4, 255], np.uint8), (600, 1300))
    export_geotiff(write_map(values), out / "a.tif", window=window)
    with open_dataset(out / "a.tif") as dataset:
        assert np.array_equal(dataset.read(1), values[window.slices()])
        assert dataset.transform == Affine(0.5, 0, 399_000 + window.x / 2, 0, -0.5, 5_131_000 - window.y / 2)
        assert dataset.crs.to_epsg() == 32632
        assert dataset.nodata == 255
        assert dataset.overviews(1)
    assert mask_schema(out / "a.tif") == schema


def test_a_map_of_numbers_keeps_its_title_and_has_no_colours(
    write_map: WriteMap, values: np.ndarray, out: Path
) -> None:
    export_geotiff(write_map(values, MapInfo("confidence (%)")), out / "a.tif")
    with open_dataset(out / "a.tif") as dataset:
        assert dataset.descriptions == ("confidence (%)",)
        assert dataset.colorinterp == (ColorInterp.gray,)


def test_colours_without_names_are_kept(values: np.ndarray, out: Path, tmp_path: Path) -> None:
    palette = {value: (value, 2, 3, 255) for value in range(256)}
    export_geotiff(write_raster(tmp_path / "in.png", values, palette=palette), out / "a.tif")
    with open_dataset(out / "a.tif") as dataset:
        assert dataset.colormap(1)[4] == (4, 2, 3, 255)


def test_nothing_is_overwritten_unasked_nor_the_map_itself(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    mask = write_map(values)
    export_geotiff(mask, out / "a.tif")
    with pytest.raises(OutputError, match=r"a\.tif exists already"):
        export_geotiff(mask, out / "a.tif")
    with pytest.raises(OutputError, match="is being read"):
        export_geotiff(mask, mask, overwrite=True)


def test_a_stop_leaves_nothing(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    control = JobControl()

    def stop(event: Event) -> None:
        assert isinstance(event, Progress)
        control.stop()

    with pytest.raises(JobStopped):
        export_geotiff(write_map(values), out / "a.tif", on_event=stop, control=control)
    assert list(out.iterdir()) == []

"""The classes of a mask that does not tell them."""

from __future__ import annotations

import numpy as np
import pytest

from landseg_core.errors import JobStopped, RasterError
from landseg_core.events import JobControl
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.source import RasterSource
from landseg_gui.session.files.guessed_classes import guessed_schema, value_counts


@pytest.fixture
def control() -> JobControl:
    return JobControl()


def guess(source: RasterSource, control: JobControl) -> ClassSchema:
    return guessed_schema(source, value_counts(source, control))


def test_a_palette_gives_the_colours(make_raster, control) -> None:
    values = np.zeros((1, 32, 32), np.uint8)
    values[0, :16] = 7
    path = make_raster("palette.tif", values, palette={0: (1, 2, 3, 255), 7: (250, 128, 0, 255)}, blockysize=16)
    schema = guess(RasterSource(path), control)
    assert [item.colour for item in schema.classes] == ["#010203", "#fa8000"]


def test_every_value_of_a_large_mask_is_found(make_raster, control) -> None:
    values = np.zeros((1, 1100, 1500), np.uint8)
    values[0, 1099, 1499] = 9
    assert guess(RasterSource(make_raster("rare.tif", values)), control).values == (0, 9)


def test_many_classes_have_different_colours(make_raster, control) -> None:
    values = (np.arange(256 * 256) % 255).astype(np.uint8).reshape(1, 256, 256)
    schema = guess(RasterSource(make_raster("many.tif", values)), control)
    assert len({item.colour for item in schema.classes}) > 200


def test_a_mask_of_nothing_is_refused(make_raster, control) -> None:
    path = make_raster("nothing.tif", np.full((1, 16, 16), 255, np.uint8), blockxsize=16, blockysize=16)
    with pytest.raises(RasterError, match=r"nothing\.tif holds no class"):
        guess(RasterSource(path), control)


def test_looking_through_a_mask_can_be_stopped(plain_mask, control) -> None:
    control.stop()
    with pytest.raises(JobStopped):
        guess(RasterSource(plain_mask), control)


@pytest.mark.imagery
def test_a_palette_png_opens_as_a_mask(imagery, control) -> None:
    source = RasterSource(imagery / "formats" / "palette_mask_example.png")
    schema = guess(source, control)
    assert len(schema) > 1

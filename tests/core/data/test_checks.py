from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core import limits
from landseg_core.data import checks
from landseg_core.data.areas import LabelledArea
from landseg_core.data.checks import check_areas, class_notices, count_labels
from landseg_core.errors import DatasetError, JobStopped, RasterError
from landseg_core.events import Event, JobControl, Progress, ignore_event
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.reader import MaskSource
from landseg_core.limits import LargeWorkError

WritePair = Callable[..., tuple[Path, Path]]
WHOLE = PixelWindow(0, 0, 40, 30)


def _check(schema: ClassSchema, *areas: LabelledArea, control: JobControl | None = None) -> checks.CheckedAreas:
    return check_areas(areas, schema, ignore_event, control or JobControl())


window_lists = st.lists(
    st.builds(PixelWindow, st.integers(0, 35), st.integers(0, 25), st.integers(1, 20), st.integers(1, 20)), max_size=5
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(windows=window_lists, strip=st.integers(1, 3000))
def test_each_window_gets_its_own_counts(
    tmp_path: Path, schema: ClassSchema, windows: Sequence[PixelWindow], strip: int
) -> None:
    values = np.random.default_rng(1).choice(np.array([0, 1, 4, 255], np.uint8), (30, 40))
    path = tmp_path / "mask.tif"
    mask = MaskSource(path if path.exists() else write_raster(path, values, blockysize=1), schema)
    seen: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "STRIP_PIXELS", strip)
        counts = count_labels(mask, windows, seen.append)
    expected = [[np.count_nonzero(values[w.slices()] == value) for value in schema.values] for w in windows]
    assert counts.tolist() == expected
    assert sum(seen) == 30 * 40


def test_an_unknown_value_is_counted_over_the_whole_mask(
    tmp_path: Path,
    write_pair: WritePair,
    schema: ClassSchema,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "STRIP_PIXELS", 40)
    values = np.ones((30, 40), np.uint8)
    values[::2, 7] = 9
    image, _ = write_pair("a")
    mask = write_raster(tmp_path / "m.tif", values, blockysize=1)
    with pytest.raises(DatasetError, match=r"m.tif holds the value 9 in 15 px, which no class has"):
        _check(schema, LabelledArea("a", image, mask, PixelWindow(20, 0, 5, 5)))


def test_sizes_must_agree(write_pair: WritePair, schema: ClassSchema) -> None:
    area = LabelledArea("a", *write_pair("a", mask=np.zeros((30, 41), np.uint8)), WHOLE)
    with pytest.raises(DatasetError, match=r"a.png is 41 x 30 px, but its image .*a.tif is 40 x 30 px"):
        _check(schema, area)


def test_georeferences_must_agree(tmp_path: Path, schema: ClassSchema, north_up: Affine) -> None:
    image = write_raster(tmp_path / "i.tif", np.ones((30, 40), np.uint8), crs="EPSG:32632", transform=north_up)
    values = np.ones((30, 40), np.uint8)
    shifted = write_raster(tmp_path / "m.tif", values, crs="EPSG:32632", transform=north_up @ Affine.translation(1, 0))
    with pytest.raises(DatasetError, match="have different georeferences"):
        _check(schema, LabelledArea("i", image, shifted, WHOLE))
    fitting = write_raster(tmp_path / "n.tif", values, crs="EPSG:32632", transform=north_up)
    (facts,) = _check(schema, LabelledArea("i", image, fitting, WHOLE)).facts
    assert facts.resolution_m == pytest.approx(0.5, rel=0.001)


def test_all_images_are_of_one_kind(write_pair: WritePair, schema: ClassSchema) -> None:
    first = LabelledArea("a", *write_pair("a"), WHOLE)
    second = LabelledArea("b", *write_pair("b", image=np.ones((1, 30, 40), np.uint16)), WHOLE)
    with pytest.raises(DatasetError, match=r"b.tif has one band of uint16, but .*a.tif has 3 bands of uint8"):
        _check(schema, first, second)


def test_a_mask_that_is_cut_short(write_pair: WritePair, schema: ClassSchema) -> None:
    image, mask = write_pair("a")
    mask.write_bytes(mask.read_bytes()[:-20])
    with pytest.raises(RasterError, match=r"a.png"):
        _check(schema, LabelledArea("a", image, mask, WHOLE))


def test_progress_ends_at_the_whole_and_a_stop_is_heard(write_pair: WritePair, schema: ClassSchema) -> None:
    areas = [LabelledArea(stem, *write_pair(stem), WHOLE) for stem in ("a", "b")]
    events: list[Event] = []
    check_areas(areas, schema, events.append, JobControl())
    assert [event.fraction for event in events if isinstance(event, Progress)] == [0.5, 1.0]
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        _check(schema, *areas, control=control)


@pytest.mark.parametrize(
    ("train", "val", "notices"),
    [
        ([5, 5, 5], [1, 1, 1], []),
        ([5, 0, 0], [1, 1, 1], ["only land is labelled in the training areas"]),
        ([5, 5, 0], [1, 1, 1], ["the model cannot learn road:"]),
        ([5, 5, 5], [1, 0, 0], ["the accuracy of water, road cannot"]),
        ([5, 5, 0], [1, 0, 0], ["the model cannot learn road:", "the accuracy of water cannot"]),
    ],
)
def test_notices(schema: ClassSchema, train: list[int], val: list[int], notices: list[str]) -> None:
    given_notices = class_notices(np.array(train), np.array(val), schema.names)
    assert len(given_notices) == len(notices)
    for notice, start in zip(given_notices, notices, strict=True):
        assert notice.startswith(start)


def test_more_than_there_is_time_for_is_not_even_read(
    write_pair: WritePair, schema: ClassSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Masks are read whole, however little of them is asked for."""
    image, mask = write_pair("a")
    area = LabelledArea("a", image, mask, PixelWindow(0, 0, 10, 10))
    monkeypatch.setattr(limits, "MOST_PIXELS", 30 * 40 - 1)
    with pytest.raises(LargeWorkError, match=r"the masks: .*px, more than .*; give large=True"):
        _check(schema, area)
    assert check_areas([area], schema, ignore_event, JobControl(), large=True).counts.sum() == 100
    monkeypatch.setattr(limits, "MOST_PIXELS", 30 * 40)
    assert _check(schema, area).counts.sum() == 100

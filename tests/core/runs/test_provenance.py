"""The training areas that a model records, and what they leave to evaluate on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rasters import write_raster

from landseg_core.data.areas import LabelledArea
from landseg_core.data.fingerprint import fingerprint
from landseg_core.data.training_data import TrainingData
from landseg_core.errors import DatasetError, JobStopped, ModelError
from landseg_core.events import JobControl
from landseg_core.geo.window import PixelWindow
from landseg_core.models.header import BundleHeader
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import RasterView
from landseg_core.runs import provenance as module
from landseg_core.runs.provenance import classes_known_to, held_out_areas, provenance, trained_classes

NOTHING = object()


def go_on() -> None:
    pass


def header(data: TrainingData, record: dict[str, Any]) -> BundleHeader:
    """Return the header of a model, its record as it comes back from a file."""
    recorded = json.loads(json.dumps(record))
    return BundleHeader("tiny", data.schema, (1, 2, 3), "uint8", data.normalisation(), None, recorded)


def parts(area: LabelledArea, *windows: tuple[int, int, int, int]) -> tuple[LabelledArea, ...]:
    return tuple(replace(area, window=PixelWindow(*window)) for window in windows)


def test_the_record_has_images_windows_and_classes(data: TrainingData) -> None:
    a, b = data.train
    some = replace(data, train=(a, *parts(b, (0, 0, 40, 30), (40, 0, 61, 30), (10, 50, 20, 20))))
    record = provenance(some, go_on)
    first, second = record["trained_on"]
    assert (first["stem"], first["width"], first["height"], first["windows"]) == ("a", 80, 96, None)
    assert (second["stem"], second["windows"]) == ("b", [[0, 0, 101, 30], [10, 50, 20, 20]])
    assert len(first["fingerprint"]) == 24
    assert record["trained_px"] == dict(zip(data.schema.names, a.class_px, strict=True)) | record["trained_px"]
    assert list(record["trained_px"]) == list(data.schema.names)


def test_what_was_not_trained_on_is_left_as_it_is(data: TrainingData) -> None:
    rest = held_out_areas(header(data, provenance(data, go_on)), data.val)
    assert (rest.areas, rest.left_out, rest.left_out_px, rest.notices) == (data.val, {}, 0, ())


def test_trained_images_are_left_out_whole_with_a_notice(data: TrainingData) -> None:
    rest = held_out_areas(header(data, provenance(data, go_on)), (*data.train, *data.val))
    assert rest.areas == data.val
    assert rest.left_out_px == 96 * 80 + 70 * 101
    (notice,) = rest.notices
    assert notice.startswith("14750 of 21500 pixels are left out, since the model was trained on them (a, b): the met")


def test_of_an_image_trained_in_part_the_rest_counts(data: TrainingData) -> None:
    a = data.train[0]
    record = provenance(replace(data, train=parts(a, (0, 0, 80, 40))), go_on)
    rest = held_out_areas(header(data, record), (a, *parts(a, (0, 0, 20, 40), (70, 30, 10, 20))))
    assert rest.areas == (a, *parts(a, (70, 30, 10, 20)))
    assert rest.left_out == {a.image: [PixelWindow(0, 0, 80, 40)]}
    assert rest.left_out_px == 80 * 40 + 20 * 40 + 10 * 10


def test_the_same_image_is_recognised_elsewhere_and_under_another_name(data: TrainingData, tmp_path: Path) -> None:
    copy = Path(shutil.copy(data.train[0].image, tmp_path / "other.tif"))
    moved = replace(data.train[0], stem="other", image=copy)
    known = header(data, provenance(data, go_on))
    assert held_out_areas(known, (moved, *data.val)).areas == data.val
    with pytest.raises(
        DatasetError, match="trained on all 7680 pixels of other: they cannot measure its accuracy; eval"
    ):
        held_out_areas(known, [moved])


def test_another_image_of_the_same_name_is_none(data: TrainingData, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (3, 96, 80), np.uint8)
    other = replace(data.train[0], image=write_raster(tmp_path / "a.tif", pixels))
    assert held_out_areas(header(data, provenance(data, go_on)), [other]).left_out_px == 0


def test_an_image_trained_under_two_names_counts_once(data: TrainingData, tmp_path: Path) -> None:
    a = data.train[0]
    copy = replace(parts(a, (0, 0, 50, 96))[0], stem="z", image=Path(shutil.copy(a.image, tmp_path / "z.tif")))
    record = provenance(replace(data, train=(*parts(a, (30, 0, 50, 50)), copy)), go_on)
    assert held_out_areas(header(data, record), [a]).left_out_px == 50 * 96 + 30 * 50


FLAT = {"stem": "a", "width": 96, "height": 96, "fingerprint": "f", "windows": [[0, 0, 9, 0]]}


@pytest.mark.parametrize("recorded", [NOTHING, [], "much", [{"stem": "a"}], [FLAT]])
def test_a_model_without_a_record_leaves_everything(data: TrainingData, recorded: object) -> None:
    record = {} if recorded is NOTHING else {"trained_on": recorded}
    assert held_out_areas(header(data, record), data.train).areas == data.train
    assert classes_known_to(header(data, record)) == [True, True, True]


def test_a_record_of_very_many_windows_names_the_whole_image(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WINDOWS", 3)
    a, b = data.train
    many = parts(a, *((20 * k, 10 * k, 10, 5) for k in range(4)))
    first, second = provenance(replace(data, train=(*many, *parts(b, (0, 0, 9, 9)))), go_on)["trained_on"]
    assert (first["windows"], second["windows"]) == (None, [[0, 0, 9, 9]])


def test_the_classes_that_were_trained(data: TrainingData) -> None:
    counted = tuple(replace(area, class_px=(5, 0, 2)) for area in data.train)
    some = replace(data, train=counted)
    assert trained_classes(some) == [True, False, True]
    assert classes_known_to(header(data, provenance(some, go_on))) == [True, False, True]
    assert trained_classes(replace(data, train=parts(replace(data.train[0], class_px=()), (0, 0, 9, 9)))) == [True] * 3


def test_it_can_be_stopped(data: TrainingData) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        provenance(data, control.checkpoint)


def seen(area: LabelledArea, size: tuple[int, int], bands: tuple[int, ...] = ()) -> LabelledArea:
    """Return a whole area, its image read at another size."""
    return area.with_view(RasterView(bands, size, (area.window.width, area.window.height)))


def test_the_record_is_in_px_of_the_file_however_it_is_read(data: TrainingData) -> None:
    coarse, whole = seen(data.train[0], (40, 48)), seen(data.train[1], (50, 35))
    some = parts(coarse, (0, 0, 20, 24), (20, 0, 20, 24), (4, 24, 9, 12))  # of 80 x 96 px in the file
    first, second = provenance(replace(data, train=(*some, whole)), go_on)["trained_on"]
    assert first["windows"] == [[0, 0, 80, 48], [8, 48, 18, 24]]
    assert (second["width"], second["height"], second["windows"]) == (101, 70, None)


def test_windows_of_the_record_lie_apart(data: TrainingData) -> None:
    """Neighbours of the view are made of the same px along their border."""
    area = seen(data.train[0], (37, 41))
    some = parts(area, (0, 0, 9, 7), (9, 0, 11, 8), (4, 8, 20, 9))
    (image,) = provenance(replace(data, train=some), go_on)["trained_on"]
    covered = np.zeros((96, 80), int)
    for window in image["windows"]:
        covered[PixelWindow(*window).slices()] += 1
    expected = np.zeros((96, 80), int)
    for part in some:
        expected[part.native_window.slices()] = 1
    assert sum(part.native_window.pixels for part in some) > expected.sum()
    np.testing.assert_array_equal(covered, expected)


def test_ground_is_known_again_in_areas_that_are_read_at_another_size(data: TrainingData) -> None:
    record = provenance(replace(data, train=parts(data.train[0], (0, 0, 80, 48))), go_on)
    area = seen(data.train[0], (40, 48))
    inside, outside = parts(area, (0, 0, 40, 20), (0, 24, 40, 24))
    rest = held_out_areas(header(data, record), (inside, area, outside))
    assert rest.areas == (area, outside)
    assert rest.left_out == {area.image: [PixelWindow(0, 0, 80, 48)]}
    assert rest.left_out_px == 80 * 40 + 80 * 48
    assert rest.notices[0].startswith("7040 of 14720 pixels are left out")


def test_images_are_known_by_the_bands_that_were_read(data: TrainingData) -> None:
    turned = seen(data.train[0], (40, 48), (3, 1, 2))
    record = provenance(replace(data, train=(turned,)), go_on)
    with RasterSource(turned.image) as source:
        assert record["trained_on"][0]["fingerprint"] == fingerprint(source, (3, 1, 2))
    assert held_out_areas(header(data, record), (turned, *data.val)).areas == data.val


def test_bands_named_in_another_order_hide_no_image_that_was_read_by_number(data: TrainingData, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (3, 96, 80), np.uint8)
    path = write_raster(tmp_path / "turned.tif", pixels, photometric="minisblack")
    with open_dataset(path, mode="r+") as dataset:
        dataset.descriptions = ("Blue", "Green", "Red")
    turned = replace(data.train[0], image=path)
    known = replace(
        header(data, provenance(replace(data, train=(turned,)), go_on)), band_names=("Red", "Green", "Blue")
    )
    assert held_out_areas(known, (turned, *data.val)).areas == data.val


def test_an_image_without_the_bands_is_refused(data: TrainingData, tmp_path: Path) -> None:
    grey = replace(data.train[0], image=write_raster(tmp_path / "grey.tif", np.zeros((1, 96, 80), np.uint8)))
    with pytest.raises(ModelError, match=r"needs the bands 1, 2, 3, but .*grey\.tif has only 1"):
        held_out_areas(header(data, provenance(data, go_on)), [grey])


def test_images_that_the_record_has_no_space_for_are_reported(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert provenance(data, go_on)["trained_on_untold"] == 0
    monkeypatch.setattr(module, "MOST_IMAGES", 1)
    record = provenance(data, go_on)
    assert ([image["stem"] for image in record["trained_on"]], record["trained_on_untold"]) == (["a"], 1)
    (notice,) = held_out_areas(header(data, record), data.val).notices
    assert notice == (
        "the model has no record of one of the images that it was trained on, for lack of space: if it is among these, "
        "the metrics are too optimistic"
    )

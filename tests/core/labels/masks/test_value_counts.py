"""What values of masks take away is said, with its count; a mask of 0 and 255 is never taken for one of 0 alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.data.loading.folders import evaluation_areas, folder_data
from landseg_core.errors import DatasetError, InterchangeError
from landseg_core.events import Event, Notice
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.coding import MaskCode, Reason
from landseg_core.labels.masks.reader import MaskPart
from landseg_core.labels.masks.value_counts import ValueTally

WritePair = Callable[..., tuple[Path, Path]]
SIZE = (640, 400)


def classes(count: int, first: int = 0) -> ClassSchema:
    items = [
        {"value": first + number, "name": f"c{number}", "colour": f"#0000{number + 1:02x}"} for number in range(count)
    ]
    return ClassSchema.model_validate({"classes": items})


def blobs(*values: int, seed: int = 0) -> np.ndarray:
    """Return (H, W) squares of 40 px that hold these values."""
    rng = np.random.default_rng(seed)
    rows, columns = SIZE[1] // 40, SIZE[0] // 40
    few = np.resize(np.array(values), rows * columns)
    return rng.permutation(few).reshape(rows, columns).repeat(40, 0).repeat(40, 1).astype(np.uint8)


Notices = Callable[..., list[str]]


@pytest.fixture
def notices(tmp_path: Path) -> Notices:
    """Return what gives the notices about masks, as an evaluation has them."""

    def told(schema: ClassSchema, **mapping: str) -> list[str]:
        events: list[Event] = []
        values = {key.removeprefix("v"): name for key, name in mapping.items()}
        evaluation_areas(tmp_path / "images", tmp_path / "masks", schema, mapping=values, on_event=events.append)
        return [event.message for event in events if isinstance(event, Notice)]

    return told


Use = Callable[..., object]
USES: list[Use] = [folder_data, evaluation_areas]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("first", [0, 1])
def test_masks_of_0_and_255_need_to_be_told_what_255_is(
    tmp_path: Path, write_pair: WritePair, use: Use, first: int
) -> None:
    """Also where 0 has no class: first 255 has to be settled."""
    folders = tmp_path / "images", tmp_path / "masks"
    for stem, value in (("a", 255), ("b", 0)):
        write_pair(stem, SIZE, mask=blobs(0, 0, 0, value))
    with pytest.raises(DatasetError) as raised:
        use(*folders, classes(2, first))
    sentence = str(raised.value)
    assert "--map 255=CLASS, or --map 255= to leave it out" in sentence
    assert "64000 px" in sentence
    assert "\n" not in sentence


def test_with_a_mapping_255_is_a_class(tmp_path: Path, write_pair: WritePair, notices: Notices) -> None:
    schema, folders = classes(2), (tmp_path / "images", tmp_path / "masks")
    for stem in "ab":
        write_pair(stem, SIZE, mask=blobs(0, 0, 0, 255))
    data = folder_data(*folders, schema, mapping={"255": "c1"})
    counted = np.sum([area.class_px for area in (*data.train, *data.val)], axis=0)
    assert (counted > 0).all()
    assert data.values == ((255, 1),)
    _, labels = data.reader().read(data.train[0])
    assert set(np.unique(labels)) == {0, 1}
    assert notices(schema, v255="c1") == notices(schema, v255="") == []


def test_masks_that_declare_255_are_fine(tmp_path: Path, write_pair: WritePair, notices: Notices) -> None:
    write_pair("a", SIZE)
    (tmp_path / "masks" / "a.png").unlink()
    write_raster(tmp_path / "masks" / "a.tif", blobs(0, 0, 0, 255), nodata=255)
    (notice,) = notices(classes(2))
    assert "counted as unlabelled: the declared nodata 255 in 64000 px (25.0 %)" in notice
    assert notice.endswith("to keep such pixels give --map 255=CLASS")


def test_one_mask_that_declares_it_does_not_speak_for_the_others(tmp_path: Path, write_pair: WritePair) -> None:
    for stem in "ab":
        write_pair(stem, SIZE, mask=blobs(0, 255))
    (tmp_path / "masks" / "a.png").unlink()
    write_raster(tmp_path / "masks" / "a.tif", blobs(0, 255), nodata=255)
    with pytest.raises(DatasetError, match="--map 255=CLASS"):
        evaluation_areas(tmp_path / "images", tmp_path / "masks", classes(2))


def test_a_palette_of_0_and_255_is_no_other(tmp_path: Path, write_pair: WritePair) -> None:
    write_pair("a", SIZE)
    palette = {0: (0, 0, 1), 255: (0, 0, 2)}
    write_raster(tmp_path / "masks" / "a.png", blobs(0, 255), palette=palette)
    folders = tmp_path / "images", tmp_path / "masks"
    with pytest.raises(DatasetError, match="--map 255=CLASS"):
        evaluation_areas(*folders, classes(2))
    assert evaluation_areas(*folders, classes(2), mapping={"255": "c1"})


def test_255_beside_other_values_is_said_with_its_count(
    write_pair: WritePair, notices: Notices, tmp_path: Path
) -> None:
    for stem in "ab":
        write_pair(stem, SIZE, mask=blobs(0, 1, 2, 255, seed=ord(stem)))
    (notice,) = notices(classes(3))
    assert notice == (
        f"the masks in {tmp_path / 'masks'}: counted as unlabelled: 255 in 128000 px (25.0 %); "
        "to keep such pixels give --map 255=CLASS"
    )


def test_of_a_few_pixels_it_is_not_said_how_to_keep_them(write_pair: WritePair, notices: Notices) -> None:
    mask = blobs(0, 1, 2)
    mask[0, :7] = 255
    write_pair("a", SIZE, mask=mask)
    (notice,) = notices(classes(3))
    assert notice.endswith("a.png: counted as unlabelled: 255 in 7 px (< 0.1 %)")


def test_a_class_that_is_declared_nodata_is_said_and_a_mapping_wins(
    tmp_path: Path, write_pair: WritePair, notices: Notices
) -> None:
    write_pair("a", SIZE)
    write_raster(tmp_path / "masks" / "a.png", blobs(0, 1, 2, 1), nodata=0)
    (notice,) = notices(classes(3))
    assert notice.endswith(
        "counted as unlabelled: the declared nodata 0 (c0) in 64000 px (25.0 %); to keep such pixels give --map 0=CLASS"
    )
    assert notices(classes(3), v0="c0") == []


def test_transparency_is_said(tmp_path: Path, write_pair: WritePair, notices: Notices) -> None:
    write_pair("a", SIZE)
    alpha = np.full(SIZE[::-1], 255, np.uint8)
    alpha[:40] = 0
    write_raster(tmp_path / "masks" / "a.png", np.stack([blobs(0, 1, 2), alpha]))
    (notice,) = notices(classes(3))
    assert notice.endswith("counted as unlabelled: no data in 25600 px (10.0 %)")


@pytest.mark.parametrize("values", [(1, 2, 3, 4), (1, 2, 4)])
def test_values_that_may_count_from_1_are_said(
    values: tuple[int, ...], write_pair: WritePair, notices: Notices
) -> None:
    write_pair("a", SIZE, mask=blobs(*values))
    (notice,) = notices(classes(5))
    assert (
        "a.png: no pixel has the value 0 (c0); the values may be shifted by one: if so, give --map 1=c0 --map 2=c1"
        in notice
    )
    assert notice.endswith("and so on to --map 5=c4")
    maps = {f"v{number + 1}": f"c{number}" for number in range(5)}
    assert notices(classes(5), **maps) == []


@pytest.mark.parametrize("values", [(0, 1, 2), (1,), (2, 3, 4), (4,)])
def test_other_values_are_not_taken_for_shifted_ones(
    values: tuple[int, ...], write_pair: WritePair, notices: Notices
) -> None:
    write_pair("a", SIZE, mask=blobs(*values))
    assert notices(classes(5)) == []


@pytest.mark.parametrize(("values", "first", "mapped"), [((1, 2, 5), 0, "--map 1=c0"), ((0, 1, 4), 1, "--map 0=c0")])
def test_an_unknown_value_beyond_the_row_may_be_a_shift(
    values: tuple[int, ...], first: int, mapped: str, tmp_path: Path, write_pair: WritePair
) -> None:
    write_pair("a", SIZE, mask=blobs(*values))
    with pytest.raises(DatasetError, match="which no class has; the values may be shifted by one.*" + mapped):
        evaluation_areas(tmp_path / "images", tmp_path / "masks", classes(5, first))


def test_an_unknown_value_is_no_shift_where_the_whole_row_is_there(tmp_path: Path, write_pair: WritePair) -> None:
    write_pair("a", SIZE, mask=blobs(0, 1, 5))
    with pytest.raises(DatasetError, match=r"no class has; choose its class \(--map '5=CLASSNAME'"):
        evaluation_areas(tmp_path / "images", tmp_path / "masks", classes(5))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"255": "house"}, "there is no class called house; the classes are c0, c1"),
        ({"roof": "c1"}, "'roof' is not a mask value"),
    ],
)
def test_a_mapping_of_nothing_is_one_sentence(
    mapping: dict[str, str], sentence: str, use: Use, tmp_path: Path, write_pair: WritePair
) -> None:
    write_pair("a", SIZE, mask=blobs(0, 255))
    with pytest.raises(InterchangeError, match=sentence):
        use(tmp_path / "images", tmp_path / "masks", classes(2), mapping=mapping)


@given(
    values=st.lists(st.sampled_from([0, 1, 7, 255]), min_size=1, max_size=40),
    hidden=st.integers(0, 2**40 - 1),
    dtype=st.sampled_from([np.uint8, np.int16, np.uint16]),
    nodata=st.sampled_from([None, 0, 7, 255]),
)
def test_a_tally_counts_every_pixel_once(values: list[int], hidden: int, dtype: type, nodata: int | None) -> None:
    special: dict[int, Reason] = {255: "reserved"} | ({nodata: "nodata"} if nodata is not None else {})  # type: ignore[dict-item]
    code = MaskCode({0: 0, 1: 1, 7: 2}, lambda pixels: pixels[0], str).with_special(special)
    codes = np.array([values], dtype)
    counted = np.array([[not hidden >> place & 1 for place in range(len(values))]])
    labels = np.where(counted, code.labels(codes), np.uint8(255))
    halves, whole = ValueTally(), ValueTally()
    whole.add(code, MaskPart(labels, codes, counted))
    for part in (slice(0, len(values) // 2), slice(len(values) // 2, None)):
        one = ValueTally()
        one.add(code, MaskPart(labels[:, part], codes[:, part], counted[:, part]))
        halves.join(one)
    seen = codes[counted].tolist()
    assert whole.pixels == len(values)
    assert whole.hidden == len(values) - len(seen)
    assert whole.special.total() == sum(value in special for value in seen)
    assert whole.is_binary == (nodata != 255 and 255 in seen and set(seen) <= {0, 255} | set(special))
    np.testing.assert_array_equal(whole.present, halves.present)
    assert (whole.special, whole.zeros, whole.is_binary) == (halves.special, halves.zeros, halves.is_binary)

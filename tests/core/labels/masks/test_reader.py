from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rasters import write_raster

from landseg_core.errors import DatasetError
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema, load_classes
from landseg_core.labels.masks.coding import UNKNOWN, MaskCode
from landseg_core.labels.masks.reader import MaskSource
from landseg_core.labels.masks.value_mapping import colour_code

VALUES = np.array([[1, 4, 0], [0, 255, 1]], np.uint8)
INDICES = [[0, 1, 2], [2, 255, 0]]
BLUE, GREY, YELLOW = (0x00, 0x72, 0xB2), (0xD9, 0xD4, 0xC7), (0xF0, 0xE4, 0x42)


def _labels(path: Path, schema: ClassSchema, mapping: dict[int, int] | None = None) -> list[list[int]]:
    return MaskSource(path, schema, mapping).read(PixelWindow(0, 0, 3, 2)).tolist()


def write_png(path: Path, pixels: npt.NDArray[np.uint8], transparent: bytes) -> Path:
    """Write (H, W, 3) colours, one of which is transparent."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0),
        b"tRNS": transparent,
        b"IDAT": zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels)),
        b"IEND": b"",
    }
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def _colours(*pixels: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    return np.moveaxis(np.array(pixels, np.uint8).reshape(2, 3, -1), -1, 0)


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_values_become_class_indices(tmp_path: Path, schema: ClassSchema, extension: str) -> None:
    assert _labels(write_raster(tmp_path / f"m{extension}", VALUES), schema) == INDICES


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.uint32])
def test_wider_whole_numbers_are_fine(tmp_path: Path, schema: ClassSchema, dtype: type) -> None:
    assert _labels(write_raster(tmp_path / "m.tif", VALUES.astype(dtype)), schema) == INDICES


def test_a_nodata_value_without_class_is_unlabelled(tmp_path: Path, schema: ClassSchema) -> None:
    values = np.where(VALUES == 255, np.int16(-9999), VALUES)
    assert _labels(write_raster(tmp_path / "m.tif", values, nodata=-9999), schema) == INDICES


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_declared_nodata_is_unlabelled_also_where_a_class_has_that_value(
    tmp_path: Path, schema: ClassSchema, extension: str
) -> None:
    path = write_raster(tmp_path / f"m{extension}", VALUES, nodata=0)
    assert _labels(path, schema) == [[0, 1, 255], [255, 255, 0]]
    assert _labels(path, schema, {0: 2}) == INDICES
    assert _labels(path, schema, {0: 1, 255: 2}) == [[0, 1, 1], [1, 2, 0]]


def test_a_declared_nodata_colour_is_unlabelled_also_where_a_class_has_it(tmp_path: Path, schema: ClassSchema) -> None:
    black = ClassSchema.model_validate(
        {"classes": [{"value": 0, "name": "shade", "colour": "#000000"}, *schema.model_dump()["classes"][:2]]}
    )
    path = write_raster(tmp_path / "m.tif", _colours(GREY, BLUE, (0, 0, 0), GREY, BLUE, (0, 0, 0)), nodata=0)
    assert _labels(path, black) == [[1, 2, 255], [1, 2, 255]]
    assert _labels(path, black, {colour_code(0, 0, 0): 0}) == [[1, 2, 0], [1, 2, 0]]


def test_the_transparent_colour_of_a_png_is_no_other_colour(tmp_path: Path, schema: ClassSchema) -> None:
    """It is declared by band: its red alone, 0, is not the colour black."""
    black = ClassSchema.model_validate(
        {"classes": [{"value": 0, "name": "shade", "colour": "#000000"}, *schema.model_dump()["classes"][:2]]}
    )
    pixels = np.array([GREY, BLUE, (0, 0, 0), (0, 0, 0), BLUE, GREY], np.uint8).reshape(2, 3, 3)
    path = write_png(tmp_path / "m.png", pixels, struct.pack(">HHH", *BLUE))
    assert _labels(path, black) == [[1, 255, 0], [0, 255, 1]]


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_a_palette_number_that_is_declared_nodata_is_unlabelled(
    tmp_path: Path, schema: ClassSchema, extension: str
) -> None:
    numbers = np.array([[2, 0, 1], [1, 255, 2]], np.uint8)
    palette = {0: BLUE, 1: YELLOW, 2: GREY}
    path = write_raster(tmp_path / f"m{extension}", numbers, palette=palette, nodata=1)
    assert _labels(path, schema) == [[0, 1, 255], [255, 255, 0]]
    assert _labels(path, schema, {1: 2, 255: 0}) == [[0, 1, 2], [2, 0, 0]]


def test_255_can_be_a_class(tmp_path: Path, schema: ClassSchema) -> None:
    path = write_raster(tmp_path / "m.png", VALUES)
    assert _labels(path, schema, {255: 1, 0: 255}) == [[0, 1, 255], [255, 1, 0]]


def test_transparent_grey_is_unlabelled(tmp_path: Path, schema: ClassSchema) -> None:
    alpha = np.where(VALUES == 255, 0, 255).astype(np.uint8)
    path = write_raster(tmp_path / "m.png", np.stack([np.where(VALUES == 255, 4, VALUES), alpha]))
    assert _labels(path, schema) == INDICES


def test_a_palette_is_read_by_its_colours(tmp_path: Path, schema: ClassSchema) -> None:
    numbers = np.array([[2, 0, 1], [1, 255, 2]], np.uint8)
    palette = {0: BLUE, 1: YELLOW, 2: GREY}
    assert _labels(write_raster(tmp_path / "m.tif", numbers, palette=palette), schema) == INDICES
    assert _labels(write_raster(tmp_path / "m.png", numbers, palette=palette), schema) == INDICES


def test_a_transparent_palette_entry_is_unlabelled(tmp_path: Path, schema: ClassSchema) -> None:
    numbers = np.array([[2, 0, 1], [1, 3, 2]], np.uint8)
    palette = {0: BLUE, 1: YELLOW, 2: GREY, 3: (0, 0, 0, 0)}
    assert _labels(write_raster(tmp_path / "m.png", numbers, palette=palette), schema) == INDICES


def test_a_grey_ramp_says_nothing(tmp_path: Path, schema: ClassSchema) -> None:
    ramp = {value: (value, value, value) for value in range(256)}
    assert _labels(write_raster(tmp_path / "m.png", VALUES, palette=ramp), schema) == INDICES


def test_palette_numbers_that_happen_to_be_values_are_not_believed(tmp_path: Path, schema: ClassSchema) -> None:
    path = write_raster(tmp_path / "m.png", VALUES, palette={0: (1, 2, 3), 1: GREY, 4: BLUE})
    with pytest.raises(DatasetError, match=r"palette colour #010203 \(number 0\) in 2 px.*without a palette"):
        _labels(path, schema)


@pytest.mark.imagery
def test_the_real_palette_mask_is_refused(imagery: Path) -> None:
    path = imagery / "formats" / "palette_mask_example.png"
    with pytest.raises(
        DatasetError, match=r"palette_mask_example.png holds the palette colour #8429f6 \(number 2\) in"
    ):
        MaskSource(path, load_classes("landcover-dubai")).read(PixelWindow(0, 0, 510, 544))


@pytest.mark.imagery
def test_the_real_palette_mask_is_read_with_its_own_colours(imagery: Path) -> None:
    colours = {4: "#3c1098", 3: "#6ec1e4", 2: "#8429f6", 0: "#9b9b9b"}
    own = ClassSchema.model_validate(
        {"classes": [{"value": value, "name": colour, "colour": colour} for value, colour in colours.items()]}
    )
    labels = MaskSource(imagery / "formats" / "palette_mask_example.png", own).read(PixelWindow(0, 0, 510, 544))
    assert np.bincount(labels.ravel()).tolist() == [76650, 50288, 148358, 2144]


def test_colours_become_class_indices(tmp_path: Path, schema: ClassSchema) -> None:
    pixels = _colours(GREY, BLUE, YELLOW, YELLOW, BLUE, GREY)
    expected = [[0, 1, 2], [2, 1, 0]]
    assert _labels(write_raster(tmp_path / "m.png", pixels), schema) == expected
    assert _labels(write_raster(tmp_path / "m.tif", pixels), schema) == expected


def test_transparent_colours_are_unlabelled(tmp_path: Path, schema: ClassSchema) -> None:
    opaque = [(*colour, 255) for colour in (GREY, BLUE, YELLOW, YELLOW)]
    assert _labels(write_raster(tmp_path / "m.png", _colours(*opaque, (9, 9, 9, 0), (*GREY, 255))), schema) == INDICES


def test_a_nodata_colour_without_class_is_unlabelled(tmp_path: Path, schema: ClassSchema) -> None:
    pixels = _colours(GREY, BLUE, YELLOW, YELLOW, (0, 0, 0), GREY)
    assert _labels(write_raster(tmp_path / "m.tif", pixels, nodata=0), schema) == INDICES


def test_a_colour_without_class_is_named(tmp_path: Path, schema: ClassSchema) -> None:
    path = write_raster(tmp_path / "m.png", _colours(GREY, BLUE, (1, 0, 255), YELLOW, (1, 0, 255), GREY))
    with pytest.raises(DatasetError, match=r"m.png holds the colour #0100ff in 2 px, which no class has"):
        _labels(path, schema)


def test_jpeg_masks_get_the_reason(tmp_path: Path, schema: ClassSchema) -> None:
    path = write_raster(tmp_path / "m.jpg", np.tile(_colours(GREY, BLUE, YELLOW, YELLOW, BLUE, GREY), 8))
    with pytest.raises(DatasetError, match="JPEG blurs masks"):
        _labels(path, schema)


def test_unknown_values_are_named_most_frequent_first(tmp_path: Path, schema: ClassSchema) -> None:
    values = np.array([[7, 7, 8], [9, 10, 10]], np.uint16) * 100
    with pytest.raises(DatasetError) as raised:
        _labels(write_raster(tmp_path / "m.tif", values), schema)
    assert str(raised.value).startswith(
        f"{tmp_path}/m.tif holds the value 700 in 2 px, the value 1000 in 2 px, the value 800 in 1 px and 1 more,"
    )


@pytest.mark.parametrize(
    ("pixels", "described"),
    [
        (np.zeros((1, 2, 3), np.float32), "1 band of float32"),
        (np.zeros((2, 2, 3), np.uint8), "2 bands of uint8"),
        (np.zeros((3, 2, 3), np.uint16), "3 bands of uint16"),
    ],
)
def test_other_rasters_are_no_masks(
    tmp_path: Path, schema: ClassSchema, pixels: npt.NDArray[np.uint8], described: str
) -> None:
    with pytest.raises(DatasetError) as raised:
        _labels(write_raster(tmp_path / "m.tif", pixels, photometric="minisblack", alpha="unspecified"), schema)
    assert described in str(raised.value)
    assert "save it as one band" in str(raised.value)


def test_classes_of_one_colour_cannot_be_told_apart(tmp_path: Path) -> None:
    twins = ClassSchema.model_validate(
        {"classes": [{"value": value, "name": f"c{value}", "colour": "#d9d4c7"} for value in (0, 1)]}
    )
    path = write_raster(tmp_path / "m.png", np.zeros((3, 2, 3), np.uint8))
    with pytest.raises(DatasetError, match="c0 and c1 share the colour #d9d4c7"):
        _labels(path, twins)


@given(
    st.dictionaries(st.integers(-300, 300), st.integers(0, 200), min_size=1),
    st.lists(st.integers(0, 255), min_size=1, max_size=30),
)
def test_a_code_means_the_same_in_any_type(known: dict[int, int], values: list[int]) -> None:
    code = MaskCode(known, lambda pixels: pixels[0], str)
    codes = np.array([values])
    expected = [known.get(value, UNKNOWN) for value in values]
    for dtype in (np.uint8, np.int16, np.uint16, np.int32):
        assert code.labels(codes.astype(dtype)).ravel().tolist() == expected

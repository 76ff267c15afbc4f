"""Maps as PNG: values, colours, and colours over the image."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from affine import Affine
from support.rasters import write_raster

from landseg_core.errors import ClassSchemaError, JobStopped, OutputError, RasterError
from landseg_core.events import Event, JobControl, Notice, Progress
from landseg_core.formats import png
from landseg_core.formats.png import export_png
from landseg_core.formats.png_styles import PngStyle
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.writer import MapInfo

WriteMap = Callable[..., Path]
ALL = PixelWindow(0, 0, 90, 70)
PART = PixelWindow(13, 9, 41, 33)


def rgba(path: Path) -> np.ndarray:
    pixels: np.ndarray = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]
    return pixels


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("window", [None, PART])
def test_index_keeps_values_colours_and_georeference(
    write_map: WriteMap, values: np.ndarray, out: Path, schema: ClassSchema, window: PixelWindow | None
) -> None:
    export_png(write_map(values), out / "a.png", "index", window=window)
    part = window or ALL
    with open_dataset(out / "a.png") as dataset:
        assert np.array_equal(dataset.read(1), values[part.slices()])
        assert dataset.crs.to_epsg() == 32632
        assert dataset.transform == Affine(0.5, 0, 399_000 + part.x / 2, 0, -0.5, 5_131_000 - part.y / 2)
        for item in schema.classes:
            assert dataset.colormap(1)[item.value] == (*item.rgb, 255)
        assert dataset.colormap(1)[255][3] == 0
    assert left(out) == ["a.pgw", "a.png", "a.png.aux.xml"]


@pytest.mark.parametrize("window", [None, PART])
def test_colour_shows_class_colours_and_nothing_where_unlabelled(
    write_map: WriteMap, values: np.ndarray, out: Path, schema: ClassSchema, window: PixelWindow | None
) -> None:
    export_png(write_map(values), out / "a.png", "colour", window=window)
    assert np.array_equal(rgba(out / "a.png"), schema.colour_table()[values[(window or ALL).slices()]])


def test_classes_given_replace_the_files_own(
    write_map: WriteMap, values: np.ndarray, out: Path, schema: ClassSchema
) -> None:
    mine = ClassSchema.model_validate(
        {"classes": [item.model_dump() | {"colour": "#123456"} for item in schema.classes]}
    )
    export_png(write_map(values), out / "a.png", "colour", schema=mine)
    assert {tuple(pixel) for pixel in rgba(out / "a.png").reshape(-1, 4)} == {(0x12, 0x34, 0x56, 255), (0, 0, 0, 0)}


@pytest.mark.parametrize("window", [None, PART])
@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_an_overlay_blends_image_and_colours(
    write_map: WriteMap,
    values: np.ndarray,
    out: Path,
    schema: ClassSchema,
    north_up: Affine,
    tmp_path: Path,
    window: PixelWindow | None,
    opacity: float,
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 70, 90), np.uint8)
    image = write_raster(tmp_path / "in" / "image.tif", picture, crs="EPSG:32632", transform=north_up)
    export_png(write_map(values), out / "a.png", "overlay", image=image, opacity=opacity, window=window)
    below = np.moveaxis(picture, 0, -1).astype(float)
    colours = schema.colour_table()[values]
    share = opacity * (colours[..., 3:] > 0)
    expected = (below * (1 - share) + colours[..., :3] * share)[(window or ALL).slices()]
    seen = rgba(out / "a.png")
    assert (seen[..., 3] == 255).all()
    assert np.abs(seen[..., :3] - expected).max() <= 0.5 + 1e-3


def test_where_the_image_has_no_data_only_the_colour_shows(
    write_map: WriteMap, out: Path, tmp_path: Path, north_up: Affine
) -> None:
    picture = np.full((3, 2, 2), 80, np.uint8)
    picture[:, :, 0] = 0
    image = write_raster(tmp_path / "in" / "image.tif", picture, nodata=0, crs="EPSG:32632", transform=north_up)
    export_png(write_map(np.array([[1, 1], [255, 255]], np.uint8)), out / "a.png", "overlay", image=image)
    assert rgba(out / "a.png")[:, :, 3].tolist() == [[128, 255], [0, 255]]


def test_an_image_on_another_grid_than_the_map_is_refused(
    write_map: WriteMap, values: np.ndarray, out: Path, tmp_path: Path, north_up: Affine
) -> None:
    path = tmp_path / "in" / "image.tif"
    mask = write_map(values)
    write_raster(path, np.zeros((3, 70, 91), np.uint8), crs="EPSG:32632", transform=north_up)
    with pytest.raises(RasterError, match=r"map\.tif is 90 x 70 px, but .* is 91 x 70 px"):
        export_png(mask, out / "a.png", "overlay", image=path)
    moved = north_up @ Affine.translation(3, 0)
    write_raster(path, np.zeros((3, 70, 90), np.uint8), crs="EPSG:32632", transform=moved)
    with pytest.raises(RasterError, match="have different georeferences"):
        export_png(mask, out / "a.png", "overlay", image=path)
    with pytest.raises(RasterError, match="needs the image below it; choose that image"):
        export_png(mask, out / "a.png", "overlay")
    assert left(out) == []


@pytest.fixture
def plain(values: np.ndarray, tmp_path: Path) -> Path:
    """Return a mask without classes and without a georeference."""
    return write_raster(tmp_path / "in" / "plain.png", values)


def test_a_plain_mask_needs_classes_for_colours_only(
    plain: Path, values: np.ndarray, out: Path, schema: ClassSchema
) -> None:
    with pytest.raises(
        ClassSchemaError, match=r"plain\.png names no classes and no colours; choose the classes \(--classes\)"
    ):
        export_png(plain, out / "colour.png", "colour")
    export_png(plain, out / "index.png", "index")
    export_png(plain, out / "given.png", "index", schema=schema)
    export_png(plain, out / "colour.png", "colour", schema=schema)
    assert left(out) == ["colour.png", "given.png", "index.png"]
    assert np.array_equal(rgba(out / "colour.png"), schema.colour_table()[values])
    for name in ("index.png", "given.png"):
        with open_dataset(out / name) as dataset:
            assert np.array_equal(dataset.read(1), values)
    with open_dataset(out / "index.png") as dataset:
        assert dataset.nodata == 255


@pytest.mark.parametrize("style", ["index", "colour"])
def test_255_that_nobody_declared_is_said_with_its_count(style: PngStyle, out: Path, tmp_path: Path) -> None:
    mask = np.zeros((40, 50), np.uint8)
    mask[:3] = 255
    schema = ClassSchema.model_validate({"classes": [{"value": 0, "name": "ground", "colour": "#888888"}]})
    for nodata, expected in ((None, ["255 in 150 px"]), (255, [])):
        path, events = write_raster(tmp_path / "in" / f"{nodata}.png", mask, nodata=nodata), []
        export_png(path, out / f"{nodata}.png", style, schema=schema, on_event=events.append)
        notices = [event.message for event in events if isinstance(event, Notice)]
        assert len(notices) == len(expected)
        assert all(words in notice for words, notice in zip(expected, notices, strict=True))


def test_the_colours_of_a_palette_serve_without_names(values: np.ndarray, out: Path, tmp_path: Path) -> None:
    palette = {value: (value, 2, 3, 255) for value in range(256)}
    path = write_raster(tmp_path / "in" / "palette.png", values, palette=palette)
    export_png(path, out / "a.png", "colour")
    seen = rgba(out / "a.png")
    assert np.array_equal(seen[..., 3] > 0, values != 255)
    assert np.array_equal(seen[..., 0], np.where(values == 255, 0, values))


def test_a_value_without_a_class_is_named(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    values[60, 80] = 7
    with pytest.raises(ClassSchemaError, match=r"map\.tif has the value 7, which no class has; choose the classes"):
        export_png(write_map(values), out / "a.png", "colour")
    assert left(out) == []


@pytest.mark.parametrize(("bands", "dtype", "kind"), [(3, "uint8", "3 bands"), (1, "uint16", "one band")])
def test_what_is_no_mask_is_refused(out: Path, tmp_path: Path, bands: int, dtype: str, kind: str) -> None:
    path = write_raster(tmp_path / "in" / "photo.tif", np.zeros((bands, 5, 5), dtype))
    with pytest.raises(RasterError, match=rf"photo\.tif is not a mask: it has {kind} of {dtype}"):
        export_png(path, out / "a.png", "index")


def test_nodata_of_another_value_becomes_unlabelled(out: Path, tmp_path: Path) -> None:
    path = write_raster(tmp_path / "in" / "mask.tif", np.array([[0, 1, 2]], np.uint8), nodata=2)
    export_png(path, out / "a.png", "index")
    with open_dataset(out / "a.png") as dataset:
        assert dataset.read(1).tolist() == [[0, 1, 255]]


def test_beyond_the_map_there_is_nothing_to_export(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    with pytest.raises(RasterError, match=r"reaches beyond .*map\.tif, which is 90 x 70 px"):
        export_png(write_map(values), out / "a.png", "index", window=PixelWindow(80, 0, 11, 5))
    assert left(out) == []


def test_nothing_is_overwritten_unasked_nor_the_map_itself(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    mask = write_map(values)
    (out / "a.pgw").write_text("of the user")
    with pytest.raises(OutputError, match=r"a\.pgw exists already"):
        export_png(mask, out / "a.png", "index")
    assert left(out) == ["a.pgw"]
    export_png(mask, out / "a.png", "index", overwrite=True)
    with pytest.raises(OutputError, match="is being read"):
        export_png(mask, mask, "index", overwrite=True)


def test_rows_written_in_many_strips_make_the_same_image(
    write_map: WriteMap, values: np.ndarray, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = write_map(values)
    export_png(mask, out / "whole.png", "colour")
    for number, (budget, width) in enumerate(itertools.product([1, 4 * 90 * 5], [7, 2048])):
        monkeypatch.setattr(png, "_STRIP_BYTES", budget)
        monkeypatch.setattr(png, "_PIECE_WIDTH", width)
        export_png(mask, out / f"{number}.png", "colour")
        assert np.array_equal(rgba(out / f"{number}.png"), rgba(out / "whole.png"))


def test_progress_counts_pixels_and_a_stop_leaves_nothing(
    write_map: WriteMap, values: np.ndarray, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png, "_STRIP_BYTES", 1)
    mask = write_map(values)
    control, events = JobControl(), []

    def stop(event: Event) -> None:
        events.append(event)
        control.stop()

    with pytest.raises(JobStopped):
        export_png(mask, out / "a.png", "index", on_event=stop, control=control)
    assert left(out) == []
    assert [event.done for event in events if isinstance(event, Progress)] == [90]
    export_png(mask, out / "a.png", "index", on_event=events.append)
    last: Any = events[-1]
    assert (last.done, last.total) == (90 * 70, 90 * 70)


def test_where_png_ends_a_window_is_offered(
    write_map: WriteMap, values: np.ndarray, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = write_map(values)
    events: list[Event] = []
    monkeypatch.setattr(png, "_COMMON_LIMIT", 80)
    export_png(mask, out / "a.png", "index", on_event=events.append)
    assert any(isinstance(event, Notice) and "--window" in event.message for event in events)
    monkeypatch.setattr(png, "LONGEST_SIDE", 80)
    with pytest.raises(
        OutputError, match=r"b\.png would be 90 x 70 px, but a PNG can have 80 px a side at most; .*--window"
    ):
        export_png(mask, out / "b.png", "index")
    export_png(mask, out / "b.png", "index", window=PixelWindow(0, 0, 80, 70))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(write_map: WriteMap, out: Path) -> None:
    mask = write_map(np.random.default_rng(0).choice(np.array([0, 1, 4], np.uint8), (200, 200)))
    program = f"""
import resource, signal
from pathlib import Path
from landseg_core.errors import OutputError
from landseg_core.formats.geotiff import export_geotiff
from landseg_core.formats.png import export_png

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
mask, out = Path({str(mask)!r}), Path({str(out)!r})
for export in (lambda: export_png(mask, out / "a.png", "colour"), lambda: export_geotiff(mask, out / "a.tif")):
    try:
        export()
    except OutputError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("could not be completed") == 2
    assert left(out) == []


@pytest.mark.imagery
def test_real_masks_and_images_fit_together(imagery: Path, out: Path) -> None:
    from landseg_core.labels.classes import load_classes

    folder = imagery / "landcover_dubai"
    mask = sorted((folder / "masks").iterdir())[0]
    image = folder / "images" / f"{mask.stem}.jpg"
    schema = load_classes("landcover-dubai")
    export_png(mask, out / "a.png", "overlay", schema=schema, image=image, opacity=0.4)
    assert (rgba(out / "a.png")[..., 3] == 255).all()


def test_maps_without_information_are_exported_too(write_map: WriteMap, values: np.ndarray, out: Path) -> None:
    export_png(write_map(values, MapInfo()), out / "a.png", "index")
    with open_dataset(out / "a.png") as dataset:
        assert np.array_equal(dataset.read(1), values)

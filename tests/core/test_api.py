"""The front door for Python: lazy, forgiving about paths, and with the results of the command line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

import landseg_core as landseg
from landseg_core import limits
from landseg_core.geo.window import PixelWindow

ROOT = Path(__file__).parents[2]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two images whose colour tells the class, and their masks."""
    folder = tmp_path_factory.mktemp("python")
    rng = np.random.default_rng(1)
    profile = {"driver": "GTiff", "dtype": "uint8", "width": 384, "height": 256, "crs": "EPSG:32632"}
    for number, stem in enumerate(("north", "south")):
        mask = rng.integers(0, 5, (16, 24), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
        transform = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000 - 500 * number)
        for name, pixels in (("images", np.stack([mask * 50, 250 - mask * 50, mask * 20])), ("masks", mask[None])):
            (folder / name).mkdir(exist_ok=True)
            path = folder / name / f"{stem}.tif"
            with rasterio.open(path, "w", count=len(pixels), transform=transform, **profile) as dataset:
                dataset.write(pixels)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> landseg.RunResult:
    settings = {"model": "unet16", "epochs": 1, "chip": 64, "batch": 4, "device": "cpu"}
    return landseg.train(
        str(folder / "images"), str(folder / "masks"), "landcover-dubai", str(folder / "run"), **settings
    )


def test_importing_loads_nothing_large() -> None:
    program = "import sys, landseg_core; dir(landseg_core); print({'torch', 'rasterio', 'numpy'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "set()"


def test_the_door_shows_what_it_offers() -> None:
    assert set(dir(landseg)) == {*landseg.__all__, "__version__"}
    assert all(getattr(landseg, name) is not None for name in landseg.__all__)
    with pytest.raises(AttributeError, match="no_such_thing"):
        landseg.no_such_thing  # noqa: B018


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_may_be_strings(kind: type, folder: Path, tmp_path: Path) -> None:
    with landseg.Project.create(kind(tmp_path / "p.landseg"), landseg.load_classes("landcover-ai")) as project:
        project.add_image(kind(folder / "images" / "north.tif"))
    with landseg.Project.open(kind(tmp_path / "p.landseg")) as project:
        assert [image.name for image in project.images] == ["north"]


def test_a_patch_knows_where_it_lies(folder: Path) -> None:
    patch = landseg.open_raster(folder / "images" / "north.tif").read_patch((-2, 0, 10, 4))
    assert patch.pixels.shape == (3, 4, 10)
    assert patch.valid.sum() == 32
    assert patch.grid.to_crs(0, 0) == (399_999, 5_000_000)


def test_a_run_tells_how_good_its_model_is(run: landseg.RunResult) -> None:
    assert run.model.name == "model.safetensors"
    assert run.evaluation is not None
    assert run.evaluation.confusion.shape == (5, 5)
    assert set(run.evaluation.intervals) == {"accuracy", "miou", *run.evaluation.iou}


def test_an_array_gets_the_map_of_its_file(folder: Path, run: landseg.RunResult, tmp_path: Path) -> None:
    image = landseg.open_raster(folder / "images" / "north.tif")
    window = PixelWindow(32, 16, 128, 96)
    result = landseg.predict(run.model, image.path, tmp_path / "map.tif", device="cpu")
    whole = landseg.predict_array(str(run.model), image.read(image.grid.window))
    part = landseg.predict(run.model, str(image.path), str(tmp_path / "part.tif"), window=window, confidence=True)
    classes = landseg.open_raster(result.path).read(image.grid.window)[0]
    assert (whole.classes == classes).mean() > 0.999
    assert whole.confidence.min() >= 0.2
    assert (landseg.open_raster(part.path).read(part.grid.window)[0] == classes[window.slices()]).mean() > 0.999
    assert part.confidence_path is not None
    assert part.confidence_path.exists()
    assert sum(result.class_pixels.values()) == classes.size


def test_large_work_is_refused_and_agreed_to_by_a_keyword(
    folder: Path, run: landseg.RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_PIXELS", 1000)
    images, masks, classes = folder / "images", folder / "masks", "landcover-dubai"
    works: list[Callable[..., object]] = [
        partial(landseg.predict, run.model, images / "north.tif", tmp_path / "map.tif", device="cpu"),
        partial(landseg.evaluate, run.model, images, masks, device="cpu"),
        partial(landseg.train, images, masks, classes, tmp_path / "run", model="unet16", epochs=1, device="cpu"),
    ]
    for work in works:
        with pytest.raises(limits.LargeWorkError, match="give large=True"):
            work()
    assert all(work(large=True) for work in works[:2])


def test_an_array_at_another_resolution_is_resampled(folder: Path, run: landseg.RunResult) -> None:
    pixels = landseg.open_raster(folder / "images" / "north.tif").read(PixelWindow(0, 0, 128, 96))
    fine = pixels.repeat(2, 1).repeat(2, 2)
    resampled = landseg.predict_array(run.model, fine, ground_resolution=0.25)
    assert resampled.classes.shape == (192, 256)
    assert (resampled.classes[::2, ::2] == landseg.predict_array(run.model, pixels).classes).mean() > 0.95


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((2, 64, 64), np.uint8), "have 2 bands"),
        (np.zeros((64, 64), np.uint8), "shape 64 x 64"),
        (np.zeros((3, 64, 64), np.uint16), "uint16"),
    ],
)
def test_pixels_unlike_those_learnt_from_are_refused(run: landseg.RunResult, pixels: np.ndarray, told: str) -> None:
    with pytest.raises(landseg.LandsegError, match=told):
        landseg.predict_array(run.model, pixels)


def test_representations_are_one_line(folder: Path, run: landseg.RunResult, tmp_path: Path) -> None:
    image, model = landseg.open_raster(folder / "images" / "north.tif"), landseg.load_model(run.model)
    prediction = landseg.predict_array(model, image.read(PixelWindow(0, 0, 64, 64)))
    with landseg.Project.create(tmp_path / "p.landseg", model.header.schema) as project:
        shown = (
            image,
            image.grid,
            image.read_patch((0, 0, 9, 9)),
            model,
            model.header.schema,
            project,
            prediction,
            run.evaluation,
        )
        assert all("\n" not in repr(item) and len(repr(item)) < 250 for item in shown)


def test_the_snippets_of_the_documentation_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(SNIPPETS) == 8
    monkeypatch.chdir(folder)
    program = "\n".join(SNIPPETS)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder)
    assert told.returncode == 0, told.stderr


def test_the_example_runs(folder: Path, tmp_path: Path) -> None:
    paths = ["--images", folder / "images", "--masks", folder / "masks", "--out", tmp_path]
    command = [sys.executable, ROOT / "examples" / "train_and_predict.py", *paths]
    subprocess.run([*command, "--classes", "landcover-dubai", "--minutes", "0.05"], check=True)

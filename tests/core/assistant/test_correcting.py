"""A model corrected with the labels of a project, and predictions and evaluations that use the correction."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.models import random_bundle
from support.projects import paint_rectangle
from support.rasters import write_raster

import landseg_core
from landseg_core.assistant import correction_rows
from landseg_core.assistant.correcting import correct_model, keep_correction, kept_correction
from landseg_core.assistant.corrections import CorrectionHead
from landseg_core.errors import DatasetError, JobStopped, LandsegError, ModelError, ProjectError
from landseg_core.events import JobControl, Notice
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.bundle import ModelBundle
from landseg_core.project.project import Project
from landseg_core.raster.model_reference import read_model_reference

SIZE = 160
WATER, ROAD = 4, 0
Landseg = Callable[..., tuple[str, str]]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return an image that is dark on the left and bright on the right."""
    dice = np.random.default_rng(0)
    pixels = np.where(np.arange(SIZE) < SIZE // 2, 60, 190) + dice.integers(-20, 20, (3, SIZE, SIZE))
    return write_raster(tmp_path / "images" / "a.tif", pixels.astype(np.uint8))


@pytest.fixture
def run(tmp_path: Path, schema: ClassSchema) -> Path:
    """Return a run whose model has learnt nothing, and is sure of nothing."""
    bundle = random_bundle("unet16", resolution=None)
    bundle.state["head.weight"] *= 0.1
    bundle.state["head.bias"] *= 0.1
    folder = tmp_path / "run-1"
    folder.mkdir()
    replace(bundle, header=replace(bundle.header, schema=schema)).save(folder / "model.safetensors")
    return folder


@pytest.fixture
def painted(tmp_path: Path, schema: ClassSchema, image: Path) -> Path:
    """Return a project in which a little water and road is labelled, as they look."""
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(image)
        paint_rectangle(project, ROAD, (20, 30, 40, 50))
        paint_rectangle(project, WATER, (110, 30, 130, 50))
        return project.path


def truth() -> np.ndarray:
    return np.tile(np.where(np.arange(SIZE) < SIZE // 2, ROAD, WATER), (SIZE, 1)).astype(np.uint8)


def share_right(path: Path) -> float:
    """Return the share of right pixels away from the middle, where filters see both sides."""
    with landseg_core.open_raster(path) as source:
        right = source.read(source.grid.window)[0] == truth()
    return float(right[:, np.abs(np.arange(SIZE) - SIZE // 2) > 24].mean())


def corrected_project(painted: Path, run: Path) -> CorrectionHead:
    bundle = ModelBundle.load(run)
    with Project.open(painted) as project:
        fitted = correct_model(project, bundle, "cpu")
        keep_correction(project, bundle, fitted.head)
    return fitted.head


def test_a_few_labels_make_the_map_right(
    painted: Path, run: Path, image: Path, tmp_path: Path, landseg: Landseg
) -> None:
    landseg("predict", run, image, "--out", tmp_path / "before")
    out, _ = landseg("project", "correct", painted, run, "--device", "cpu")
    assert out == f"{painted}: correction 1 of run-1, fitted to 800 px of 1 image\n"
    landseg("predict", run, image, "--out", tmp_path / "after", "--corrections", painted)
    before, after = (share_right(tmp_path / name / "a_mask.tif") for name in ("before", "after"))
    assert before < 0.6
    assert after > 0.95
    landseg("predict", run, image, "--out", tmp_path / "tta", "--corrections", painted, "--tta")
    assert share_right(tmp_path / "tta" / "a_mask.tif") > 0.95
    models = [read_model_reference(tmp_path / name / "a_mask.tif") for name in ("before", "after")]
    assert [bool(model and model.correction) for model in models] == [False, True]


def test_the_strokes_count_as_trained_on(
    painted: Path, run: Path, image: Path, tmp_path: Path, landseg: Landseg
) -> None:
    write_raster(tmp_path / "masks" / "a.png", truth())
    corrected_project(painted, run)
    options = ("--images", image.parent, "--masks", tmp_path / "masks", "--device", "cpu", "--json")
    landseg("evaluate", run, *options, tmp_path / "before.json")
    _, err = landseg("evaluate", run, *options, tmp_path / "after.json", "--corrections", painted)
    before, after = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("before", "after"))
    assert (before["left_out_px"], before["pixels"]) == (0, SIZE**2)
    assert after["left_out_px"] == 8 * 32 * 32  # all squares of 32 px that hold a label
    assert after["accuracy"] > before["accuracy"] + 0.2
    assert "the model was trained on them (a)" in err


def test_from_python(painted: Path, run: Path, image: Path, tmp_path: Path) -> None:
    corrected_project(painted, run)
    result = landseg_core.predict(run, image, tmp_path / "map.tif", corrections=painted, device="cpu")
    assert share_right(result.path) > 0.95
    bundle = landseg_core.load_model(run)
    again = landseg_core.predict(bundle, image, tmp_path / "again.tif", corrections=str(painted), device="cpu")
    assert again.class_pixels == result.class_pixels


def test_a_project_without_a_correction_of_the_model_is_one_sentence(
    painted: Path, run: Path, image: Path, tmp_path: Path, landseg: Landseg
) -> None:
    options = ("--out", tmp_path / "maps", "--corrections", painted)
    _, err = landseg("predict", run, image, *options, expect=1)
    assert f"{painted} holds no correction of the model run-1 as it is now; make one" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "maps").exists()
    _, err = landseg("predict", run, image, *options, "--backend", "openvino", expect=1)
    assert "a corrected model runs on PyTorch, not on OpenVINO; choose the backend torch" in err
    corrected_project(painted, run)
    bundle = ModelBundle.load(run)
    replace(bundle, state=bundle.state | {"head.bias": bundle.state["head.bias"] + 1}).save(run / "model.safetensors")
    _, err = landseg("predict", run, image, *options, expect=1)
    assert "holds no correction of the model run-1 as it is now" in err


def test_a_damaged_correction_is_one_sentence(painted: Path, run: Path, image: Path, tmp_path: Path) -> None:
    bundle = ModelBundle.load(run)
    assert bundle.reference is not None
    with Project.open(painted) as project:
        project.corrections.add(bundle.reference.hash, "run-1", b"no head")
    with pytest.raises(LandsegError, match=r"correction number 1 in .* is damaged; delete it"):
        landseg_core.predict(run, image, tmp_path / "map.tif", corrections=painted, device="cpu")
    assert not (tmp_path / "map.tif").exists()


def test_the_same_labels_give_the_same_head_and_heads_are_listed_and_deleted(
    painted: Path, run: Path, landseg: Landseg
) -> None:
    first, second = corrected_project(painted, run), corrected_project(painted, run)
    assert np.allclose(first.weights, second.weights, atol=1e-3)
    bundle = ModelBundle.load(run)
    assert bundle.reference is not None
    assert np.array_equal(kept_correction(painted, bundle.reference).weights, second.weights)
    out, _ = landseg("project", "corrections", painted)
    assert [line.split()[0] for line in out.splitlines()] == ["1", "2"]
    assert "run-1" in out
    out, _ = landseg("project", "corrections", painted, "--delete", 1)
    assert [line.split()[0] for line in out.splitlines()] == ["2"]
    _, err = landseg("project", "corrections", painted, "--delete", 1, expect=1)
    assert "has no correction number 1" in err


def test_without_labels_of_its_classes_a_model_cannot_be_corrected(
    tmp_path: Path, schema: ClassSchema, image: Path, run: Path
) -> None:
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(image)
        with pytest.raises(DatasetError, match="has no labels of the model's classes"):
            correct_model(project, ModelBundle.load(run), "cpu")
        paint_rectangle(project, WATER)
        with pytest.raises(ModelError, match="only a model that comes from a file"):
            correct_model(project, replace(ModelBundle.load(run), reference=None), "cpu")
        other = ModelBundle.load(run)
        names = {"water": "lake"}
        classes = [item.model_copy(update={"name": names.get(item.name, item.name)}) for item in schema.classes]
        renamed = replace(other, header=replace(other.header, schema=ClassSchema(classes=tuple(classes))))
        events = list[Any]()
        with pytest.raises(DatasetError, match="has no labels of the model's classes"):
            correct_model(project, renamed, "cpu", events.append)
        assert "do not count: water" in str(events[0].message)


def test_an_image_of_another_kind_is_left_out(painted: Path, run: Path, tmp_path: Path) -> None:
    other = write_raster(tmp_path / "gray.tif", np.full((1, 50, 60), 7, np.uint8))
    events = list[Any]()
    with Project.open(painted) as project:
        project.add_image(other)
        fitted = correct_model(project, ModelBundle.load(run), "cpu", events.append)
    assert fitted.images == 1
    assert [str(event.message).startswith("gray is left out: ") for event in events if isinstance(event, Notice)] == [
        True
    ]


def test_it_can_be_stopped(painted: Path, run: Path) -> None:
    control = JobControl()
    control.stop()
    with Project.open(painted) as project, pytest.raises(JobStopped):
        correct_model(project, ModelBundle.load(run), "cpu", control=control)


def test_labels_without_data_do_not_count(tmp_path: Path, schema: ClassSchema, run: Path) -> None:
    pixels = np.full((3, 80, 80), 120, np.uint8)
    pixels[:, :, 40:] = 0
    image = write_raster(tmp_path / "b.tif", pixels, nodata=0)
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(image)
        paint_rectangle(project, WATER, (50, 10, 70, 30))
        with pytest.raises(DatasetError, match="has no labels"):
            correct_model(project, ModelBundle.load(run), "cpu")
        paint_rectangle(project, ROAD, (30, 10, 50, 30))
        assert correct_model(project, ModelBundle.load(run), "cpu").images == 1


def test_many_labels_are_a_random_choice(painted: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correction_rows, "MOST_WINDOWS", 1)
    with Project.open(painted) as project:
        paint_rectangle(project, WATER, (0, 0, 80, 160))
        fitted = correct_model(project, ModelBundle.load(run), "cpu")
    assert fitted.pixels == 80 * 160 + 400


def test_an_image_of_another_resolution_is_read_as_the_model_reads_it(
    tmp_path: Path, schema: ClassSchema, run: Path, north_up: Any
) -> None:
    dice = np.random.default_rng(0)
    pixels = np.where(np.arange(SIZE) < SIZE // 2, 60, 190) + dice.integers(-20, 20, (3, SIZE, SIZE))
    image = write_raster(tmp_path / "c.tif", pixels.astype(np.uint8), transform=north_up, crs="EPSG:32633")
    bundle = ModelBundle.load(run)
    replace(bundle, header=replace(bundle.header, ground_resolution_m=1.0)).save(run / "model.safetensors")
    with Project.create(tmp_path / "p.landseg", schema) as project:
        project.add_image(image)
        paint_rectangle(project, ROAD, (10, 30, 60, 90))
        paint_rectangle(project, WATER, (100, 30, 150, 90))
    corrected_project(project.path, run)
    result = landseg_core.predict(run, image, tmp_path / "map.tif", corrections=project.path, device="cpu")
    assert share_right(result.path) > 0.9


def test_a_read_only_project_keeps_nothing(painted: Path, run: Path) -> None:
    bundle = ModelBundle.load(run)
    with Project.open(painted, read_only=True) as project:
        fitted = correct_model(project, bundle, "cpu")
        with pytest.raises(ProjectError, match="read-only"):
            keep_correction(project, bundle, fitted.head)

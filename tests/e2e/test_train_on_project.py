"""Training on a project at the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from support.command_line import run_landseg

from landseg_core.labels.classes import load_classes
from landseg_core.models.catalog import DEFAULT_MODEL
from landseg_core.project.project import Project

SIDE = 384
SETTINGS = ("--epochs", 1, "--chip", 64, "--batch", 8)

pytestmark = pytest.mark.slow


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    """Return a project of one image in squares of three colours, labelled but for its edges."""
    truth = np.random.default_rng(5).integers(0, 3, (12, 12)).astype(np.uint8).repeat(32, 0).repeat(32, 1)
    place = {"crs": "EPSG:32632", "transform": Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)}
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint8"} | place
    with rasterio.open(tmp_path / "field.tif", "w", **profile) as dataset:
        dataset.write(np.stack([40 + 90 * truth, 220 - 90 * truth, 30 + 10 * truth]))
    with Project.create(tmp_path / "farm.landseg", load_classes("landcover-dubai")) as project:
        image = project.add_image(tmp_path / "field.tif")
        where = np.zeros((SIDE, SIDE), bool)
        where[20:-20, 20:-20] = True
        edit = project.labels(image.id).begin()
        edit.put(image.grid.window, truth, where)
        project.record(image.id, edit.finish(), "Paint")
    return tmp_path / "farm.landseg"


def test_from_a_project_to_a_model(project_file: Path, tmp_path: Path) -> None:
    run = tmp_path / "farm-runs" / "run-001"
    done = run_landseg("train", "--project", project_file, "--out", run, *SETTINGS)
    assert f"{run / 'model.safetensors'}: mIoU" in done.stdout
    files = {path.relative_to(run).as_posix() for path in run.rglob("*")}
    assert {"model.safetensors", "metrics.jsonl", "labels/field.tif", "labels/labels.json"} <= files
    with Project.open(project_file) as project:
        (entry,) = project.runs
        assert (entry.folder, entry.model, entry.label_state) == (run, DEFAULT_MODEL, project.history.state)
        assert entry.metrics["epochs"] == 1
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "run_finished"


def test_a_project_that_somebody_works_on_is_learnt_from_and_left_alone(project_file: Path, tmp_path: Path) -> None:
    with Project.open(project_file) as project:
        assert not project.read_only
        done = run_landseg("train", "--project", project_file, "--out", tmp_path / "run", *SETTINGS)
        assert project.runs == ()
    assert "note: the run is not entered in farm.landseg:" in done.stderr
    assert (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.parametrize("arguments", [("--classes", "landcover-ai"), ("--images", "a", "--masks", "b")])
def test_a_project_is_the_only_source(project_file: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run_landseg("train", "--project", project_file, "--out", tmp_path / "run", *arguments, expect=2)
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_from_another_and_is_resumed_with_the_same_options(project_file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run_landseg("train", "--project", project_file, "--out", first, *SETTINGS)
    going_on = ("train", "--project", project_file, "--out", second, "--from", first, *SETTINGS)
    done = run_landseg(*going_on)
    assert f"note: nothing was labelled since {first} was trained" in done.stderr.replace("\n", " ")
    files = {path.relative_to(second).as_posix() for path in second.rglob("*")}
    assert {"labels/split.json", "labels/before/field.tif", "labels/before/split.json"} <= files
    settings = json.loads((second / "config.json").read_text())
    assert (settings["start_from"], settings["bands"]) == (str(first), ["Red", "Green", "Blue"])
    shutil.rmtree(first)
    run_landseg(*going_on, "--resume")


def test_a_model_to_go_on_from_that_is_not_there(project_file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = run_landseg("train", "--project", project_file, "--out", run, "--from", tmp_path / "none", expect=1)
    assert "does not exist" in done.stderr.replace("\n", " ")
    assert not run.exists()


def test_what_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "text.landseg").write_text("this is no project\n")
    done = run_landseg("train", "--project", tmp_path / "text.landseg", "--out", tmp_path / "run", expect=1)
    assert "text.landseg" in done.stderr
    assert not (tmp_path / "run").exists()


def test_whole_images_cannot_be_held_back_of_one(project_file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = run_landseg("train", "--project", project_file, "--out", run, *SETTINGS, "--split", "images", expect=1)
    assert "only one image is labelled, so none can be held back for validation" in done.stderr
    assert not run.exists()


def test_a_buffer_of_nothing_is_said_to_nobody(project_file: Path, tmp_path: Path) -> None:
    done = run_landseg("train", "--project", project_file, "--out", tmp_path / "run", *SETTINGS, "--buffer", 0)
    assert "the buffer between training and validation areas" not in done.stderr
    assert "1 warning" in done.stderr or "warnings" in done.stderr
    assert "warning: validation covers only" in done.stderr


def test_a_run_goes_on_with_the_buffer_that_it_began_with(project_file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_landseg("train", "--project", project_file, "--out", run, *SETTINGS, "--buffer", 9)
    assert json.loads((run / "config.json").read_text())["buffer"] == 9
    done = run_landseg("train", "--project", project_file, "--out", run, "--buffer", 64, "--resume", expect=1)
    assert "other settings (buffer was 9, now 64)" in done.stderr
    done = run_landseg("train", "--project", project_file, "--out", run, "--resume")
    assert "nothing to resume" in done.stderr

"""A project, a run, its model and its map, written by landseg 0.1.0, stay of use: see `make_files.py`."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window
from safetensors.numpy import load_file

from landseg_core.cli.main import run
from landseg_core.data.split.assignment import load_split
from landseg_core.models.bundle import ModelBundle
from landseg_core.project.project import Project
from landseg_core.runs.catalogue import summarise
from landseg_core.runs.deletion import delete_run
from landseg_core.runs.environment import read_environment
from landseg_core.runs.evaluation import read_evaluation
from landseg_core.runs.folder import RunFolder
from landseg_core.runs.report import report_page
from landseg_core.runs.report_content import report_content
from landseg_core.runs.sample_file import read_samples

RUN, MAPS, IMAGES, MASKS = (Path(name) for name in ("runs/first", "maps", "sample/images", "sample/masks"))
PROJECT = Path("land.landseg")
EXACTLY = ("--device", "cpu", "--backend", "torch", "--precision", "fp32")
SHORT = ("--epochs", 1, "--batch", 8, "--chip", 32, "--buffer", 16, "--device", "cpu", "--set", "precision=fp32")
PRESENT_NAMES = {"facts.json": "environment.json", "figures.json": "evaluation.json", "pictures.json": "samples.json"}
PARTLY_OTHER = 0.001
"""The share of pixels that another processor may round to another class."""

pytestmark = pytest.mark.usefixtures("folder")


def test_the_model_is_what_it_was(landseg, expected) -> None:
    told, known = json.loads(landseg("info", RUN, "--json")[0]), expected("model")
    for record in (told, known):
        del record["training"]["settings"]  # their names may change
    assert told == known
    network = ModelBundle.load(RUN).build().state_dict()
    weights = load_file(RUN / "model.safetensors")
    assert {name for name in network if not name.endswith("num_batches_tracked")} == weights.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(network[name].numpy(), values)


def test_the_model_makes_the_same_map(landseg) -> None:
    landseg("predict", RUN, IMAGES / "landscape_3.tif", "--out", "again", "--confidence", *EXACTLY)
    for name, tolerance in (("landscape_3_mask.tif", 0), ("landscape_3_confidence.tif", 1)):
        with rasterio.open(MAPS / name) as before, rasterio.open(Path("again", name)) as now:
            assert (now.profile, now.tags(), now.descriptions) == (before.profile, before.tags(), before.descriptions)
            assert now.colorinterp == before.colorinterp
            one, other = (file.read(1).astype(int) for file in (before, now))
            assert (np.abs(one - other) > tolerance).mean() <= PARTLY_OTHER
    with rasterio.open(MAPS / "landscape_3_mask.tif") as before, rasterio.open("again/landscape_3_mask.tif") as now:
        assert now.colormap(1) == before.colormap(1)
    names = "landscape_3_mask.tif.aux.xml"
    assert Path("again", names).read_text() == (MAPS / names).read_text()


def test_what_the_model_was_trained_on_is_left_out(landseg, expected) -> None:
    landseg("evaluate", RUN, "--images", IMAGES, "--masks", MASKS, "--device", "cpu", "--json", "figures.json")
    told, known = json.loads(Path("figures.json").read_text()), expected("evaluation")
    assert told["left_out_px"] == known["left_out_px"] > 0
    assert told.keys() == known.keys()
    assert [(item["stem"], item["pixels"]) for item in told["images"]] == [
        (item["stem"], item["pixels"]) for item in known["images"]
    ]
    confusion, before = (np.array(figures["confusion"]) for figures in (told, known))
    np.testing.assert_array_equal(confusion.sum(1), before.sum(1))
    assert np.abs(confusion - before).sum() <= 2 * PARTLY_OTHER * known["pixels"]


def test_the_project_holds_what_it_held(landseg, expected, folder: Path) -> None:
    assert landseg("project", "check", PROJECT) == ("land.landseg: fine\n", "")
    told = landseg("project", "info", folder / PROJECT, "--json")[0].replace(f"{folder}/", "")
    differing = {"version": 0, "bytes": 0}  # of a file that a newer landseg has migrated
    assert json.loads(told) | differing == expected("project") | differing
    with Project.open(PROJECT) as project:
        assert [step.name for step in project.history.steps] == [
            "Add 3 images",
            "Import landscape_1.tif",
            "Import landscape_2.tif",
            "Rectangle",
            "Working area",
            "Import landscape_3.tif",
            "Rectangle",
        ]
        assert project.areas(1) == (((10.0, 10.0), (180.0, 12.0), (90.5, 130.0)),)
        (entry,) = project.runs
        assert (entry.folder, entry.model, entry.metrics["miou"]) == (folder / RUN, "tiny", expected("model")["miou"])
        (prediction,) = project.predictions(3)
    assert (prediction.mask, prediction.model) == (
        folder / MAPS / "landscape_3_mask.tif",
        folder / RUN / "model.safetensors",
    )
    assert not prediction.missing


def test_steps_are_undone_and_done_again(landseg, expected) -> None:
    known, nothing = expected("labels"), hashlib.sha256(np.full((144, 192), 255, np.uint8)).hexdigest()
    assert label_hashes(landseg) == [known["landscape_1"], known["landscape_2"], nothing]
    with Project.open(PROJECT) as project:
        while project.redo():
            pass
        assert project.history.position == 7
    assert label_hashes(landseg) == [known["landscape_1"], known["landscape_2"], known["redone"]]
    with Project.open(PROJECT) as project:
        while project.undo():
            pass
        assert (project.history.position, project.images) == (0, ())
        while project.redo():
            pass
    assert label_hashes(landseg) == [known["landscape_1"], known["landscape_2"], known["redone"]]


def label_hashes(landseg) -> list[str]:
    """Return the SHA-256 of the labels of each image."""
    found = []
    for number in (1, 2, 3):
        to = ("--format", "tif", "--out", "labels.tif", "--overwrite")
        landseg("project", "export", PROJECT, "--image", f"landscape_{number}", *to)
        with rasterio.open("labels.tif") as file:
            found.append(hashlib.sha256(file.read(1).tobytes()).hexdigest())
    return found


def test_a_run_on_the_project_that_starts_from_the_old_one_keeps_its_split(landseg) -> None:
    label_anew(landseg)
    landseg("train", "--project", PROJECT, "--from", RUN, "--out", "runs/second", *SHORT, "--seed", 7)
    before, now = split_of(RUN), split_of(Path("runs/second"))
    assert [part for part in now if part["image_id"] != 3] == before
    assert {part["validates"] for part in before} == {True, False}
    assert_apart(landseg, [part for part in now if part["validates"]])
    (_, later) = sorted(json.loads(landseg("runs", "runs", "--json")[0]), key=lambda run: run["created"])
    assert (later["name"], later["status"]) == ("second", "finished")


def label_anew(landseg) -> None:
    """Label less of the first image, and the third one, too: a split of its own would be another one."""
    with Project.open(PROJECT) as project:
        while project.history.position > 1:  # to the step that added the images
            project.undo()
    with rasterio.open(MASKS / "landscape_1.tif", "r+") as file:
        file.write(np.full((60, 192), 255, np.uint8), 1, window=Window(0, 0, 192, 60))
    for name in ("landscape_1", "landscape_2", "landscape_3"):
        landseg("project", "import", PROJECT, MASKS / f"{name}.tif", "--image", name)


def split_of(run: Path) -> list[dict[str, Any]]:
    """Return the parts of images that a run trains and validates on, in whichever file it tells them."""
    records = [json.loads(path.read_text()) for path in (run / "labels").glob("*.json")]
    return next(record["parts"] for record in records if "parts" in record)


def assert_apart(landseg, parts: list[dict[str, Any]]) -> None:
    """Check that nothing validates of what the old model was trained on."""
    trained = json.loads(landseg("info", RUN, "--json")[0])["training"]["trained_on"]
    places = [(int(image["stem"][-1]), window) for image in trained for window in image["windows"]]
    assert places
    assert not any(part["image_id"] == image and meet(part["window"], at) for part in parts for image, at in places)


def meet(one: list[int], other: list[int]) -> bool:
    return all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (0, 1))


def test_a_run_on_folders_that_starts_from_the_old_model_validates_on_nothing_it_knew(landseg) -> None:
    data = ("--images", IMAGES, "--masks", MASKS, "--classes", "sample/classes.json")
    landseg("train", *data, "--from", RUN / "model.safetensors", "--out", "runs/third", *SHORT, "--seed", 7)
    before, now = (
        json.loads((place / "metrics.jsonl").read_text().partition("\n")[0]) for place in (RUN, Path("runs/third"))
    )
    assert now["val_pixels"] == before["val_pixels"]  # of two images; all of the third one is trained on
    assert now["train_pixels"] == before["train_pixels"] + 192 * 144


def test_the_old_run_is_listed_with_its_figures(landseg, expected) -> None:
    assert json.loads(landseg("runs", "runs", "--json")[0]) == expected("runs")


def test_the_old_run_is_read_like_one_with_the_present_file_names(folder: Path) -> None:
    renamed = with_present_names(folder / RUN, folder / "present" / RUN.name)
    old, new = RunFolder(RUN), RunFolder(renamed)
    assert (new.environment.name, new.evaluation.name, new.samples.name) == tuple(PRESENT_NAMES.values())
    assert report_page(report_content(old)) == report_page(report_content(new))
    assert read_environment(old.environment) == read_environment(new.environment) is not None
    assert read_evaluation(old.evaluation) == read_evaluation(new.evaluation) is not None
    assert read_samples(old.samples) == read_samples(new.samples) is not None
    assert load_split(RUN / "labels") == load_split(renamed / "labels")
    told, known = ({**summarise(run).as_dict(), "folder": ""} for run in (RUN, renamed))
    assert told == known
    delete_run(RUN)
    assert not RUN.exists()


def with_present_names(run: Path, copy: Path) -> Path:
    """Copy the folder of a run, with its files renamed."""
    shutil.copytree(run, copy)
    for former, present in PRESENT_NAMES.items():
        (copy / former).rename(copy / present)
    (copy / "labels" / "ground.json").rename(copy / "labels" / "split.json")
    return copy


def test_the_old_run_is_resumed_or_refused_in_one_sentence(
    landseg, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(sys, "argv", ["landseg", "train", "--project", str(PROJECT), "--out", str(RUN), "--resume"])
    code, error = run(), capsys.readouterr().err
    if code == 0:
        (told,) = json.loads(landseg("runs", "runs", "--json")[0])
        assert (told["status"], told["problem"]) == ("finished", "")
    else:
        (sentence,) = error.splitlines()
        assert sentence.startswith("landseg: ")
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files

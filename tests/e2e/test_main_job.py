"""From pictures to a map, at the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from support.command_line import run_landseg

from landseg_core.labels.classes import load_classes


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_info_tells_a_raster_as_json(landscape: Path) -> None:
    facts = json.loads(run_landseg("info", landscape / "images" / "landscape_1.tif", "--json").stdout)
    keys = "path driver width height bands dtype nodata crs transform ground_resolution_m overviews alpha gcps rpc"
    assert set(facts) == set(keys.split())
    assert (facts["driver"], facts["bands"], facts["dtype"]) == ("GTiff", 3, "uint8")
    assert len(facts["transform"]) == 6
    assert facts["ground_resolution_m"] == pytest.approx(0.25, rel=0.01)


@pytest.mark.imagery
def test_info_gives_true_ground_metres(imagery: Path) -> None:
    facts = json.loads(run_landseg("info", imagery / "ortho" / "swissimage_brig_8704x6656.tif", "--json").stdout)
    assert facts["ground_resolution_m"] == pytest.approx(0.206, abs=0.002)
    assert (facts["width"], facts["height"], facts["overviews"]) == (8704, 6656, [])


def test_run_folder_holds_model_checkpoint_metrics_and_settings(run_folder: Path) -> None:
    assert {"model.safetensors", "metrics.jsonl", "config.json"} <= {path.name for path in run_folder.iterdir()}
    assert list(run_folder.glob("last.*"))
    events = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    epoch = next(event for event in events if event["event"] == "epoch")
    assert {"epoch", "step", "train_loss", "val_loss", "accuracy", "miou", "iou", "seconds"} <= set(epoch)
    assert 0 <= epoch["miou"] <= epoch["accuracy"] <= 1


def test_evaluate_counts_every_labelled_pixel(landscape: Path, run_folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "figures.json"
    data = ("--images", landscape / "images", "--masks", landscape / "masks", "--list", landscape / "val.txt")
    run_landseg("evaluate", run_folder, *data, "--json", report)
    figures = json.loads(report.read_text())
    confusion = np.array(figures["confusion"])
    stems = (landscape / "val.txt").read_text().split()
    masks = [read(landscape / "masks" / f"{stem}.tif")[0] for stem in stems]
    schema = load_classes(landscape / "classes.json")
    assert figures["classes"] == list(schema.names)
    assert figures["pixels"] == confusion.sum() == sum(int((mask != 255).sum()) for mask in masks)
    assert confusion.sum(axis=1).tolist() == [sum(int((m == value).sum()) for m in masks) for value in schema.values]
    assert figures["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    known = [value for value in figures["iou"].values() if value is not None]
    assert figures["miou"] == pytest.approx(np.mean(known))
    before = report.read_bytes()
    done = run_landseg("evaluate", run_folder, *data, "--json", report, expect=1)
    assert str(report) in done.stderr
    assert report.read_bytes() == before


@pytest.mark.slow
def test_figures_never_come_from_ground_that_was_trained_on(landscape: Path, run_folder: Path, tmp_path: Path) -> None:
    folders = ("--images", landscape / "images", "--masks", landscape / "masks")
    done = run_landseg("evaluate", run_folder, *folders, "--list", landscape / "train.txt", expect=1)
    assert "the model was trained on all 6291456 pixels of landscape_1, landscape_2" in done.stderr
    whole, held_back = tmp_path / "all.json", tmp_path / "val.json"
    done = run_landseg("evaluate", run_folder, *folders, "--json", whole)
    assert "6291456 of 9437184 pixels are left out, since the model was trained on them" in done.stderr
    run_landseg("evaluate", run_folder, *folders, "--list", landscape / "val.txt", "--json", held_back)
    figures, expected = json.loads(whole.read_text()), json.loads(held_back.read_text())
    assert figures == expected | {"left_out_px": 6291456}


def test_the_run_keeps_the_figures_of_its_best_model(run_folder: Path) -> None:
    figures = json.loads((run_folder / "evaluation.json").read_text())
    events = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    best = [event for event in events if event["event"] == "epoch" and event["best"]][-1]
    assert (figures["epoch"], figures["miou"]) == (best["epoch"], pytest.approx(best["miou"]))
    assert [item["iou"] for item in figures["classes"]] == pytest.approx(list(best["iou"].values()))
    assert figures["warnings"] == best["warnings"]
    assert figures["accuracy_interval"][0] <= figures["accuracy"] <= figures["accuracy_interval"][1]


@pytest.fixture(scope="module")
def maps(landscape: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("maps")
    picture = landscape / "images" / "landscape_3.tif"
    run_landseg("predict", run_folder, picture, "--out", out, "--format", "tif,png", "--confidence", "--tile", 512)
    return out


def test_map_lies_on_its_picture(maps: Path, landscape: Path) -> None:
    with (
        rasterio.open(maps / "landscape_3_mask.tif") as mask,
        rasterio.open(landscape / "images" / "landscape_3.tif") as image,
    ):
        assert mask.shape == image.shape
        assert mask.transform.almost_equals(image.transform)
        assert mask.crs == image.crs
        assert mask.nodata == 255
        assert mask.dtypes == ("uint8",)
        assert mask.overviews(1)
        assert set(np.unique(mask.read(1))) <= {0, 1, 2, 3, 4}
    with rasterio.open(maps / "landscape_3_confidence.tif") as confidence:
        assert confidence.read(1).max() <= 100


def test_png_holds_the_same_map_with_a_world_file(maps: Path) -> None:
    index = read(maps / "landscape_3_mask.png")[0]
    assert np.array_equal(index, read(maps / "landscape_3_mask.tif")[0])
    with rasterio.open(maps / "landscape_3_mask.tif") as mask:
        transform = mask.transform
    numbers = [float(line) for line in (maps / "landscape_3_mask.pgw").read_text().split()]
    centre = transform @ (0.5, 0.5)
    assert numbers == pytest.approx([transform.a, transform.d, transform.b, transform.e, *centre])


def test_predict_refuses_to_overwrite(maps: Path, landscape: Path, run_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in maps.iterdir()}
    done = run_landseg("predict", run_folder, landscape / "images" / "landscape_3.tif", "--out", maps, expect=1)
    assert "overwrite" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in maps.iterdir()} == before


def test_window_is_the_crop_with_a_shifted_transform(maps, landscape, run_folder, tmp_path: Path) -> None:
    picture = landscape / "images" / "landscape_3.tif"
    run_landseg("predict", run_folder, picture, "--out", tmp_path, "--window", "100,50,300,200", "--tile", 512)
    with rasterio.open(picture) as image, rasterio.open(tmp_path / "landscape_3_mask.tif") as part:
        assert (part.width, part.height) == (300, 200)
        assert part.transform @ (0, 0) == pytest.approx(image.transform @ (100, 50))
        crop = read(maps / "landscape_3_mask.tif")[0, 50:250, 100:400]
        assert (part.read(1) == crop).mean() > 0.98  # tiles lie elsewhere, so pixels near a tie may differ


def test_tta_gives_another_map_but_hardly(maps, landscape, run_folder, tmp_path: Path) -> None:
    picture = landscape / "images" / "landscape_3.tif"
    run_landseg("predict", run_folder, picture, "--out", tmp_path, "--window", "0,0,256,256", "--tta")
    same = read(tmp_path / "landscape_3_mask.tif")[0] == read(maps / "landscape_3_mask.tif")[0, :256, :256]
    assert 0.6 < same.mean() < 1  # on a busy machine a run of 15 s learns little, and is sure of less


def test_window_beyond_the_raster_changes_nothing(landscape: Path, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    picture = landscape / "images" / "landscape_3.tif"
    done = run_landseg("predict", run_folder, picture, "--out", out, "--window", "100000,0,10,10", expect=1)
    assert "landscape_3.tif" in done.stderr
    assert not out.exists()


def test_two_rasters_of_one_stem_are_refused_before_any_work(landscape, run_folder, tmp_path: Path) -> None:
    picture = landscape / "images" / "landscape_3.tif"
    mask = landscape / "masks" / "landscape_3.tif"
    done = run_landseg("predict", run_folder, picture, mask, "--out", tmp_path / "out", expect=1)
    assert "landscape_3" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("style", ["index", "colour", "overlay"])
def test_export_png(maps: Path, landscape: Path, tmp_path: Path, style: str) -> None:
    out = tmp_path / "map.png"
    picture = ("--image", landscape / "images" / "landscape_3.tif") if style == "overlay" else ()
    mask = maps / "landscape_3_mask.tif"
    run_landseg("export", "png", mask, "--out", out, "--style", style, "--window", "10,20,200,100", *picture)
    crop = read(mask)[0, 20:120, 10:210]
    pixels = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert pixels.shape[:2] == (100, 200)
    colours = load_classes(landscape / "classes.json").colour_table()[crop][..., :3]
    if style == "index":
        assert np.array_equal(read(out)[0], crop)
    elif style == "colour":
        assert np.array_equal(pixels[..., 2::-1], colours)
    else:
        with rasterio.open(landscape / "images" / "landscape_3.tif") as image:
            picture_pixels = np.moveaxis(image.read(), 0, -1)[20:120, 10:210]
        expected = picture_pixels * 0.5 + colours * 0.5
        assert np.abs(pixels[..., 2::-1] - expected).max() <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.slow
def test_ctrl_c_ends_a_prediction_with_130_and_leaves_nothing(
    landscape: Path, run_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "landseg_core.cli",
        "predict",
        run_folder,
        landscape / "images" / "landscape_3.tif",
    ]
    process = subprocess.Popen([*map(str, command), "--out", str(out), "--tile", "64", "--overlap", "32"])
    deadline = time.monotonic() + 60
    while not (out.exists() and any(out.iterdir())) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert not list(out.rglob("*.tif*"))

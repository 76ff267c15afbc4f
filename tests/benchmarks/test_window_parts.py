"""What measures the window: it finds the platforms, tells them in its lines, and drives a small picture."""

from __future__ import annotations

import mmap
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from benchmarks import drawing, first_pictures, label_levels, many_layers, platforms, rasters, resident
from benchmarks.picture_window import PictureWindow, giga_map, giga_picture
from benchmarks.platforms import Platform, on_each_platform
from benchmarks.table import Line
from landseg_core.geo.window import PixelWindow

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    """Return a picture of 700 x 500 px."""
    path = tmp_path / "picture.tif"
    layout = {
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "crs": "EPSG:3857",
        "transform": Affine(0.5, 0, 500, 0, -0.5, 900),
    }
    with rasterio.open(path, "w", driver="GTiff", width=700, height=500, count=3, dtype="uint8", **layout) as target:
        target.write(np.random.default_rng(0).integers(0, 255, (3, 500, 700), np.uint8))
    return path


def test_a_command_runs_on_its_platform() -> None:
    told = [sys.executable, "-c", "import os; print(os.environ['QT_QPA_PLATFORM'])"]
    assert Platform("minimal").run(told, capture_output=True, text=True).stdout == "minimal\n"


def test_without_a_screen_that_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(platforms.shutil, "which", lambda _name: None)
    assert [platform.name for platform in platforms.platforms()] == ["offscreen"]
    assert "no display and no Xvfb" in capsys.readouterr().err


def test_lines_tell_their_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def leave_lines(_self: Platform, command: list[str], **_options: object) -> None:
        Path(command[-1]).write_bytes(pickle.dumps([Line("pan", [1.0])]))

    monkeypatch.setattr(platforms, "platforms", lambda: [Platform("offscreen"), Platform("xcb")])
    monkeypatch.setattr(Platform, "run", leave_lines)
    assert [line.name for line in on_each_platform("drawing", tmp_path)] == ["pan, offscreen", "pan, xcb"]


@on_linux
def test_a_peak_counts_what_has_gone_again() -> None:
    before = resident.resident_megabytes()
    resident.forget_peak()
    with mmap.mmap(-1, 2**26) as block:  # pages of its own: an array may take some that lie in RAM already
        np.frombuffer(block, np.uint8)[:] = 1
    assert resident.peak_megabytes() > before + 50


def test_discs_of_opencv_are_those_of_labels_but_for_votes() -> None:
    raster, levels = label_levels.LabelRaster(label_levels.SIDE, label_levels.SIDE), label_levels.empty_levels()
    label_levels.paint(raster, 100, 1)
    label_levels.draw(levels, 100, 1)

    def whole(level: int) -> PixelWindow:
        return PixelWindow(0, 0, *raster.pyramid.level_size(level))

    painted = [int((raster.read(whole(level), level) == 1).sum()) for level in range(3)]
    assert painted == pytest.approx([int((level == 1).sum()) for level in levels[:3]], rel=0.1)


@on_linux
def test_what_more_layers_take_is_told_from_the_first_on() -> None:
    class Window:
        def __init__(self) -> None:
            self.files: list[object] = []

        def predict(self, _number: int) -> None:
            self.files.append(Path("/dev/null").open())  # noqa: SIM115 - a layer's file stays open

    window = Window()
    memory, handles = many_layers.growth(window, 4)
    assert memory.unit == "MB"
    assert handles.landseg == [3]
    for file in window.files:
        file.close()


@pytest.mark.slow
def test_a_small_picture_is_driven(qapp, monkeypatch: pytest.MonkeyPatch, raster: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(drawing, "STEPS", 3)
    monkeypatch.setattr(drawing, "ROUNDS", 1)
    monkeypatch.setattr(drawing, "PANNING_SECONDS", 0.5)
    picture = giga_picture(raster, tmp_path / "laid_out.vrt")
    window = PictureWindow(tmp_path, [picture, giga_map(picture, tmp_path / "map.tif")])
    lines = [
        line for part in (drawing.panning, drawing.opacity, drawing.toggling, drawing.zooming) for line in part(window)
    ]
    lines.append(drawing.memory(window))
    window.close()
    assert len(lines) == 10
    assert all(min(line.landseg) > 0 for line in lines)


@on_linux
@pytest.mark.slow
def test_a_first_picture_is_seen(qapp, raster: Path, tmp_path: Path) -> None:
    found = first_pictures.first_picture(raster, tmp_path / "settings")
    assert 0 < found.seconds < 20


def test_pyramids_are_built_and_blocks_decoded(raster: Path, tmp_path: Path) -> None:
    wide = giga_picture(raster, tmp_path / "laid_out.vrt")
    rasters.build_in(wide, tmp_path / "cache")
    assert list((tmp_path / "cache").rglob("level_*.tif"))
    rasters.decode_blocks(raster)

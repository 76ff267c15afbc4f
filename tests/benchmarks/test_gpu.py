from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, plain_learning
from benchmarks.card_time import covered
from landseg_core.models.catalog import CATALOG, Architecture
from landseg_core.models.unet import UNet


@pytest.fixture
def data_folder(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder as LANDSEG_DATA names one, with a data set of small pictures; the variable is set."""
    folder = tmp_path / "shared"
    shutil.copytree(pictures, folder / "landcover_dubai")
    monkeypatch.setenv("LANDSEG_DATA", str(folder))
    return folder


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> gpu.Load:
    tiny = Architecture("for tests", lambda bands, classes: UNet(bands, classes, base=4, depth=2))
    monkeypatch.setitem(CATALOG, "tiny", tiny)
    monkeypatch.setattr(plain_learning, "CHIPS", 4)
    torch.set_num_threads(1)
    return gpu.Load(("tiny",), batch=2, chip=32, steps=2, rounds=1, tile=160, device="cpu")


def test_every_line_is_measured(load: gpu.Load, data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raster = data_folder / "landcover_dubai" / "images" / "tile1_a.png"
    lines = list(gpu.lines_under(load, raster))
    assert "_surely" not in (told := capsys.readouterr().err), told
    assert [line.unit for line in lines] == [*["images/s"] * 3, "%", *["Mpx/s"] * 6, "s"]
    assert all(line.middle > 0 for line in lines if line.unit != "%")


def test_a_line_that_fails_does_not_cost_the_others(
    load: gpu.Load, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = list(gpu.lines_under(load, data_folder / "missing.tif"))
    assert [line.unit for line in lines] == [*["images/s"] * 3, "%", "s"]
    assert capsys.readouterr().err.count("in _surely") == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_without_a_card_one_line_says_so() -> None:
    (line,) = gpu.lines(Path("no.tif"))
    assert "no graphics card" in line.name


def test_spans_that_overlap_count_once() -> None:
    assert covered([(5, 6), (0, 2), (1, 3), (1.5, 2)]) == 4
    assert covered([]) == 0

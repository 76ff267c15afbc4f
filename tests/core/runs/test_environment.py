from __future__ import annotations

from pathlib import Path

import pytest
import torch

from landseg_core import __version__
from landseg_core.errors import TrainingError
from landseg_core.runs.environment import read_environment, save_environment


def test_the_environment_of_a_run_is_saved(tmp_path: Path, data) -> None:
    path = tmp_path / "environment.json"
    save_environment(path, data, torch.device("cpu"))
    environment = read_environment(path)
    info = environment.data
    assert (info.train_images, info.val_images, info.shared_images) == (2, 1, 0)
    assert (info.train_pixels, info.val_pixels) == (96 * 80 + 70 * 101, 90 * 75)
    assert (info.bands, info.dtype) == ((1, 2, 3), "uint8")
    machine = environment.machine
    assert (machine.landseg, machine.graphics) == (__version__, None)
    assert machine.torch.split("+")[0] == torch.__version__.split("+")[0]
    assert machine.cores >= 1
    assert machine.processor


def test_no_file_and_a_damaged_one(tmp_path: Path) -> None:
    assert read_environment(tmp_path / "environment.json") is None
    (tmp_path / "environment.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"environment\.json cannot be used"):
        read_environment(tmp_path / "environment.json")

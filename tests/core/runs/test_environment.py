from __future__ import annotations

from pathlib import Path

import pytest
import torch

from landseg_core import __version__
from landseg_core.errors import TrainingError
from landseg_core.runs.environment import read_environment, save_environment


def test_the_facts_of_a_run_are_kept(tmp_path: Path, data) -> None:
    path = tmp_path / "environment.json"
    save_environment(path, data, torch.device("cpu"))
    facts = read_environment(path)
    told = facts.data
    assert (told.train_images, told.val_images, told.shared_images) == (2, 1, 0)
    assert (told.train_pixels, told.val_pixels) == (96 * 80 + 70 * 101, 90 * 75)
    assert (told.bands, told.dtype) == ((1, 2, 3), "uint8")
    machine = facts.machine
    assert (machine.landseg, machine.graphics) == (__version__, None)
    assert machine.torch.split("+")[0] == torch.__version__.split("+")[0]
    assert machine.cores >= 1
    assert machine.processor


def test_no_file_and_a_damaged_one(tmp_path: Path) -> None:
    assert read_environment(tmp_path / "environment.json") is None
    (tmp_path / "environment.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"environment\.json cannot be used"):
        read_environment(tmp_path / "environment.json")

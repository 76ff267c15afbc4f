from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from landseg_core.errors import TrainingError
from landseg_core.runs.config import DEFAULT_EPOCHS, TrainConfig, checked_config, field_problems, renamed_settings


def test_without_a_length_there_is_a_number_of_epochs() -> None:
    assert (TrainConfig().epochs, TrainConfig().minutes) == (DEFAULT_EPOCHS, None)
    assert (TrainConfig(minutes=0.25).epochs, TrainConfig(minutes=0.25).minutes) == (None, 0.25)
    assert (checked_config({"epochs": 3}).epochs, checked_config({"epochs": None, "minutes": 2}).epochs) == (3, None)


def test_what_is_written_is_read() -> None:
    for config in (TrainConfig(), TrainConfig(minutes=1.5, seed=7)):
        assert TrainConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", ["auto", "cpu", "mps", "cuda", "cuda:1"])
def test_devices(name: str) -> None:
    assert not field_problems({"device": name})


@pytest.mark.parametrize(
    ("settings", "field", "problem"),
    [
        ({"model": "resnet"}, "model", "no network 'resnet'; choose lite0, unet16, unet32, unet64"),
        ({"epochs": 0}, "epochs", "at least 1"),
        ({"epochs": 1.5}, "epochs", "whole number"),
        ({"minutes": 0}, "minutes", "greater than 0"),
        ({"minutes": float("nan")}, "minutes", "finite number|greater than 0"),
        ({"batch": 0}, "batch", "at least 1"),
        ({"chip": 16}, "chip", "at least 32"),
        ({"learning_rate": "fast"}, "learning_rate", "must be a number"),
        ({"device": "gpu"}, "device", "'gpu' is no device; choose auto, cpu, cuda, cuda:0 or mps"),
        ({"seed": -1}, "seed", "at least 0"),
        ({"split": "chips"}, "split", "'blocks' or 'images'"),
        ({"buffer": -1}, "buffer", "at least 0"),
        ({"buffer": 4097}, "buffer", "at most 4096"),
        ({"mask_values": ("255",)}, "mask_values", "'255' is not VALUE=CLASSNAME"),
        ({"mask_values": ("7=a", "7=b")}, "mask_values", "'7' is given two classes"),
        ({"surprise": 1}, "surprise", "is not known here"),
        ({"epochs": 1, "minutes": 1}, "", "not both"),
    ],
)
def test_each_problem_stands_beside_its_field(settings: dict[str, Any], field: str, problem: str) -> None:
    problems = field_problems(settings)
    assert list(problems) == [field]
    with pytest.raises(TrainingError, match=problem) as failure:
        checked_config(settings)
    assert str(failure.value) == (f"{field}: {problems[field]}" if field else problems[""])


def test_settings_that_an_older_version_stored_have_their_present_names() -> None:
    stored = {"mix": 0.1, "average": 0.2, "turns": False, "balance": 0.3, "corrected": 0.4, "colour": 0.6, "dice": 2.0}
    assert renamed_settings(stored) == {
        "cutmix": 0.1,
        "ema": 0.2,
        "rotations": False,
        "class_balanced": 0.3,
        "new_label_share": 0.4,
        "colour_jitter": 0.6,
        "dice": 2.0,
    }
    assert checked_config(renamed_settings(stored)).colour_jitter == 0.6


def test_mask_values_are_normalised() -> None:
    config = TrainConfig(mask_values=(" 7 = dirt road", "255="))
    assert config == TrainConfig(mask_values=("255=", "7=dirt road"))
    assert config.value_mapping == {"255": "", "7": "dirt road"}


def test_all_problems_are_found_at_once() -> None:
    assert field_problems({"batch": 0, "chip": "x", "device": "gpu"}).keys() == {"batch", "chip", "device"}


def test_checking_needs_no_torch() -> None:
    code = "import sys, landseg_core.runs.config; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"

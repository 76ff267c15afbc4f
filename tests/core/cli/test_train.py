from __future__ import annotations

from pathlib import Path

import pytest
import typer

from landseg_core.cli.train import Source, SplitWay, parse_choices, split_options
from landseg_core.data.split.buffers import BUFFER
from landseg_core.runs.config import TrainConfig, checked_config

FOLDER = Path("data")
NOTHING = Source(None, None, None, None, None, None, None)


def source(**options: object) -> Source:
    return Source(**(vars(NOTHING) | options))


@pytest.mark.parametrize(
    "options",
    [
        {"project": FOLDER},
        {"images": FOLDER, "masks": FOLDER, "classes": "landcover-ai"},
        {"images": FOLDER, "masks": FOLDER, "classes": "landcover-ai", "train_list": FOLDER, "val_list": FOLDER},
        {"landcover_ai": FOLDER, "classes": "landcover-ai"},
        {"project": FOLDER, "split": SplitWay.IMAGES, "buffer": 0},
        {"images": FOLDER, "masks": FOLDER, "classes": "landcover-ai", "split": SplitWay.BLOCKS, "buffer": 9},
    ],
)
def test_options_that_go_together(options: dict[str, object]) -> None:
    source(**options).check()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give either --project"),
        ({"classes": "landcover-ai"}, "give either --project"),
        ({"project": FOLDER, "classes": "landcover-ai"}, "not with --project"),
        ({"project": FOLDER, "images": FOLDER, "masks": FOLDER}, "give either --project"),
        ({"project": FOLDER, "landcover_ai": FOLDER}, "give either --project"),
        ({"project": FOLDER, "train_list": FOLDER}, "take lists"),
        ({"landcover_ai": FOLDER, "classes": "landcover-ai", "val_list": FOLDER}, "take lists"),
        ({"images": FOLDER, "classes": "landcover-ai"}, "together"),
        ({"images": FOLDER, "masks": FOLDER}, "give --classes"),
        ({"landcover_ai": FOLDER, "classes": "landcover-ai", "buffer": 0}, "data without lists"),
        (
            {"images": FOLDER, "masks": FOLDER, "classes": "x", "val_list": FOLDER, "split": SplitWay.BLOCKS},
            "data without lists",
        ),
    ],
)
def test_options_that_do_not(options: dict[str, object], words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words):
        source(**options).check()


def test_the_settings_of_a_run_say_how_labels_are_split() -> None:
    assert split_options(TrainConfig()) == {"split": "blocks", "buffer": BUFFER}
    assert split_options(TrainConfig(split="images", buffer=0)) == {"split": "images", "buffer": 0}


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("colour", "'colour' is not NAME=VALUE"),
        ("speed=3", "there is no setting 'speed'; model, epochs"),
    ],
)
def test_choices_that_make_no_sense_are_wrong_usage(choice: str, sentence: str) -> None:
    with pytest.raises(typer.BadParameter, match=sentence):
        parse_choices([choice])


def test_choices_are_settings() -> None:
    assert checked_config(parse_choices(["colour=0.5", "flips=no", "patience = 3"])) == TrainConfig(
        colour=0.5, flips=False, patience=3
    )

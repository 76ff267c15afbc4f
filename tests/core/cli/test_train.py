from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from support.sources import Archive
from typer.testing import CliRunner

from landseg_core.cli.app import app
from landseg_core.cli.train import chosen_source, given_settings, parse_choices
from landseg_core.data.sources.folders import Folders
from landseg_core.data.sources.landcover_ai import LandCoverAi
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.data.sources.registry import SOURCES
from landseg_core.data.sources.source import DataSource
from landseg_core.runs.config import TrainConfig, checked_config

FOLDER = Path("data")
PAIR = {"images": FOLDER, "masks": FOLDER}
CLASSES = {"classes": "landcover-ai"}


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"project": FOLDER}, ProjectLabels(project=FOLDER)),
        (PAIR | CLASSES, Folders(**PAIR)),
        (
            PAIR | CLASSES | {"train_list": FOLDER, "val_list": FOLDER},
            Folders(**PAIR, train_list=FOLDER, val_list=FOLDER),
        ),
        ({"landcover_ai": FOLDER} | CLASSES, LandCoverAi(landcover_ai=FOLDER)),
        ({"project": FOLDER, "split": "images", "buffer": 0}, ProjectLabels(project=FOLDER)),
        (PAIR | CLASSES | {"split": "blocks", "buffer": 9, "mask_values": ["1=x"]}, Folders(**PAIR)),
    ],
)
def test_options_that_go_together(options: dict[str, object], source: DataSource) -> None:
    assert chosen_source(options) == source


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "give either --project, or --images and --masks, or --landcover-ai"),
        (CLASSES, "give either --project, or --images and --masks, or --landcover-ai"),
        ({"project": FOLDER} | CLASSES, "give --classes, but not with --project, which has its own"),
        ({"project": FOLDER} | PAIR, "give either --project, or --images and --masks, or --landcover-ai"),
        ({"project": FOLDER, "landcover_ai": FOLDER}, "give either --project"),
        (
            {"project": FOLDER, "train_list": FOLDER},
            "only --images and --masks take lists: --landcover-ai and --project split by themselves",
        ),
        ({"landcover_ai": FOLDER, "val_list": FOLDER} | CLASSES, "take lists"),
        ({"images": FOLDER} | CLASSES, "give --images and --masks together"),
        (PAIR, "give --classes, but not with --project, which has its own"),
        (
            {"landcover_ai": FOLDER, "buffer": 0} | CLASSES,
            "--split and --buffer are for data without lists: these say what validates",
        ),
        (PAIR | CLASSES | {"val_list": FOLDER, "split": "blocks"}, "data without lists"),
        (
            {"project": FOLDER, "mask_values": ["1=x"]},
            "--map is for masks: the labels of a project have classes already",
        ),
    ],
)
def test_options_that_do_not(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(typer.BadParameter) as error:
        chosen_source(options)
    assert sentence in error.value.message


def test_a_source_that_is_added_has_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "archive", Archive)
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "160"}).output
    assert "--archive" in shown
    assert "Folder of an archive." in shown
    assert chosen_source({"archive": FOLDER} | CLASSES) == Archive(archive=FOLDER)
    with pytest.raises(typer.BadParameter, match="or --landcover-ai, or --archive"):
        chosen_source({})
    with pytest.raises(typer.BadParameter, match="--season goes with --archive only"):
        chosen_source(PAIR | CLASSES | {"season": FOLDER})


def test_settings_are_those_that_are_given() -> None:
    given = {
        "buffer": 0,
        "bands": (),
        "split": None,
        "mask_values": ["1=x"],
        "pretrained": False,
        "choices": ["dice=2"],
    }
    assert given_settings(given) == {"buffer": 0, "mask_values": ["1=x"], "pretrained": False, "dice": "2"}


@pytest.mark.parametrize(
    ("given", "sentence", "option"),
    [
        ({"epochs": 1, "minutes": 1.0}, "not both", None),
        ({"mask_values": ["x"]}, "VALUE=", "'--map'"),
        ({"alpha": " "}, "should be auto, none", "'--alpha'"),
    ],
)
def test_a_setting_that_is_not_written_as_its_option_wants_it_is_wrong_usage(
    given: dict[str, object], sentence: str, option: str | None
) -> None:
    with pytest.raises(typer.BadParameter) as error:
        given_settings(given)
    assert sentence in error.value.message
    assert error.value.param_hint == option


def test_a_switch_that_is_on_can_be_turned_off_and_a_default_is_shown() -> None:
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "160"}).output
    assert "--no-pretrained" in shown
    assert "[default: (64)]" in shown


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
    assert checked_config(parse_choices(["colour_jitter=0.5", "flips=no", "patience = 3"])) == TrainConfig(
        colour_jitter=0.5, flips=False, patience=3
    )


@pytest.mark.parametrize(("option", "value"), [("--model", "no"), ("--device", "no"), ("--resolution", "-1")])
def test_a_wrong_setting_ends_with_one_sentence(
    option: str, value: str, landseg: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    data = ["--images", tmp_path, "--masks", tmp_path, "--classes", "landcover-ai", "--out", tmp_path / "run"]
    _, sentence = landseg("train", *data, option, value, expect=1)
    assert len(sentence.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()

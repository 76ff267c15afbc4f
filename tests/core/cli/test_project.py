from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from landseg_core.cli.project import LabelForm, parse_mapping
from landseg_core.formats.exporters import EXPORTERS


def test_a_mapping_of_values_to_classes() -> None:
    texts = ["7=water", "8=water", " 9 = dirt road ", "255=", "#0072b2=unlabelled", "=land", "a=b=c"]
    assert parse_mapping(texts) == {
        "7": "water",
        "8": "water",
        "9": "dirt road",
        "255": "",
        "#0072b2": "unlabelled",
        "": "land",
        "a": "b=c",
    }


@pytest.mark.parametrize("texts", [["7"], ["7=water", "7=land"]])
def test_a_wrong_mapping_is_wrong_usage(texts: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="7"):
        parse_mapping(texts)


def test_all_forms_can_be_asked_for() -> None:
    assert set(LabelForm) == set(EXPORTERS)


def test_the_help_waits_for_no_library() -> None:
    code = (
        "import sys, landseg_core.cli.app;"
        "print([name for name in ('torch', 'pyogrio', 'shapely', 'cv2', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

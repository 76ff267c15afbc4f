from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

from landseg_gui.session.step_names import shown_step


class Brackets(QTranslator):
    """A language in which every text stands in brackets."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, _context: str, text: str, _comment: str | None = None, _n: int = -1) -> str:
        return f"[{text}]"


@pytest.fixture
def brackets(qapp: QApplication) -> Iterator[None]:
    translator = Brackets()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.mark.usefixtures("brackets")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Add north", "[Add north]"),
        ("Add 3 images", "[Add 3 images]"),
        ("Add class building", "[Add class building]"),
        ("Rename class house to building", "[Rename class house to building]"),
        ("Import a: b.tif", "[Import a: b.tif]"),
        ("Accept prediction in view", "[Accept prediction in view]"),
        ("Move the labels of north with its grid", "[Move the labels of north with its grid]"),
        ("Rest of the area: water", "[Rest of the area: water]"),
        ("Brush: building", "[[Brush]: building]"),
        ("Brush: erase", "[[Brush]: [erase]]"),
        ("Eraser", "[Eraser]"),
        ("Smooth: building", "Smooth: building"),
        ("Something of a later version", "Something of a later version"),
    ],
)
def test_steps_are_stored_in_english_and_shown_in_the_users_language(name: str, shown: str) -> None:
    assert shown_step(name) == shown


def test_steps_are_shown_as_they_are_in_english() -> None:
    assert shown_step("Add 3 images") == "Add 3 images"
    assert shown_step("Reassign: road to building") == "Reassign: road to building"

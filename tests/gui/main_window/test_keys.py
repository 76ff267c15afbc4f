"""All keys that mean something while an image is shown, by mode: none may mean two things."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

import landseg_gui
from landseg_gui.main_window.action_rows import ROWS, ActionRow
from landseg_gui.tools.manager import BEHIND_KEY, DIGITS, SAMPLING, SIZE_KEYS
from landseg_gui.tools.registry import TOOLS
from landseg_gui.viewer.pointer import HAND_KEY
from landseg_gui.viewer.viewport import ARROWS
from landseg_gui.workflows.label_queue import LabelQueueFlow


def name(key: int | str) -> str:
    """Return how a key is written, such as `Ctrl+Z`."""
    return QKeySequence(key).toString()


def window_keys() -> list[str]:
    """Return every key that works with any tool in hand."""
    actions = [shortcut for row in ROWS if isinstance(row, ActionRow) for shortcut in row.shortcuts]
    letters = [spec.shortcut for spec in TOOLS]
    held_and_pressed = [HAND_KEY, BEHIND_KEY, *ARROWS, *DIGITS, *SIZE_KEYS, Qt.Key.Key_Escape]
    return [name(key) for key in [*actions, *letters, *held_and_pressed]]


def test_no_key_of_the_window_means_two_things() -> None:
    counts = Counter(window_keys())
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.name)
def test_no_key_of_a_tool_is_one_of_the_window(spec) -> None:
    own = {name(key) for key in spec.make.keys}
    assert own & set(window_keys()) == set()
    assert all(hasattr(spec.make, act) for act in spec.make.keys.values())


@pytest.mark.parametrize("spec", [spec for spec in TOOLS if spec.samples], ids=lambda spec: spec.name)
def test_no_click_with_a_modifier_means_two_things(spec) -> None:
    assert not spec.make.modifiers & SAMPLING


def test_keys_of_the_mode_that_asks_for_classes_are_its_own_or_those_that_it_replaces() -> None:
    """Digits give a class to the cell instead of choosing it, and Esc leaves: a tool under way has its keys first."""
    own = {name(key) for key in LabelQueueFlow.keys}
    assert own & set(window_keys()) == {name(Qt.Key.Key_Escape)}
    assert not set(LabelQueueFlow.keys) & set(DIGITS)
    assert all(hasattr(LabelQueueFlow, act) for act in LabelQueueFlow.keys.values())


def test_every_key_that_the_window_handles_is_listed_here() -> None:
    """Dialogs have keys of their own, while they are open."""
    handled = set()
    root = Path(landseg_gui.__file__).parent
    for path in root.rglob("*.py"):
        if "dialogs" not in path.relative_to(root).parts:
            handled |= set(re.findall(r"\bQt\.Key\.(Key_\w+)", path.read_text(encoding="utf-8")))
    modes = [LabelQueueFlow, *(spec.make for spec in TOOLS)]
    listed = {*window_keys(), *(name(key) for mode in modes for key in mode.keys)}
    assert {key for key in handled if name(getattr(Qt.Key, key)) not in listed} == set()

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from landseg_core.resource_files import resource_path
from landseg_gui.main_window.action_rows import MENUS, ROWS, TOOLBAR, ActionRow
from landseg_gui.tools.registry import TOOLS
from landseg_gui.workflows.commands.general import Commands
from landseg_gui.workflows.commands.labels import LabelCommands

ACTIONS = [row for row in ROWS if isinstance(row, ActionRow)]


def test_names_and_shortcuts_are_used_once() -> None:
    names = Counter(row.name for row in ACTIONS)
    shortcuts = Counter(shortcut for row in ACTIONS for shortcut in row.shortcuts)
    assert max(names.values()) == 1
    assert max(shortcuts.values()) == 1


def test_no_tool_has_the_letter_of_an_action() -> None:
    letters = [row.shortcut for row in TOOLS]
    assert len(set(letters)) == len(letters)
    assert not set(letters) & {shortcut for row in ACTIONS for shortcut in row.shortcuts}


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.name)
def test_every_action_has_a_menu_a_handler_and_an_icon(row: ActionRow) -> None:
    assert row.menu in MENUS
    assert sum(hasattr(handlers, row.handler) for handlers in (Commands, LabelCommands)) == 1
    assert resource_path(f"icons/{row.icon}.svg").is_file()


def test_the_toolbar_shows_actions_with_a_short_text() -> None:
    by_name = {row.name: row for row in ACTIONS}
    assert all(by_name[name].short for group in TOOLBAR for name in group)


def test_the_stable_names_are_there() -> None:
    names = {row.name for row in ACTIONS}
    assert names >= {
        "action_open",
        "action_open_mask",
        "action_train",
        "action_predict",
        "action_export",
        "action_fit",
        "action_zoom_100",
        "action_quit",
        "action_about",
    }


def test_no_two_entries_of_a_menu_have_the_same_mnemonic(window) -> None:
    menus = [window.menuBar(), *window.findChildren(QMenu)]
    for menu in menus:
        letters = Counter(
            QKeySequence.mnemonic(action.text()).toString() for action in menu.actions() if "&" in action.text()
        )
        assert max(letters.values(), default=0) <= 1, (menu.objectName(), letters)

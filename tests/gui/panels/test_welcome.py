from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from landseg_gui.panels.welcome import WelcomePage


@pytest.fixture
def page(qtbot) -> WelcomePage:
    page = WelcomePage()
    qtbot.addWidget(page)
    return page


@pytest.mark.parametrize(
    ("button", "signal"),
    [
        ("welcome_open", "open_clicked"),
        ("welcome_new_project", "new_project_clicked"),
        ("welcome_train", "train_clicked"),
    ],
)
def test_every_button_asks_for_its_own(qtbot, page, button, signal) -> None:
    with qtbot.waitSignal(getattr(page, signal)):
        page.findChild(QPushButton, button).click()


def test_recent_projects_and_images_look_different(qtbot, page) -> None:
    paths = [Path("/maps/town.landseg"), Path("/maps/town.tif"), Path("/maps/other.tif")]
    page.show_recent(paths)
    buttons = page.findChildren(QPushButton, "welcome_recent")
    assert [button.text() for button in buttons] == ["town.landseg", "town.tif", "other.tif"]
    pictures = [button.icon().pixmap(16, 16).toImage() for button in buttons]
    assert pictures[0] != pictures[1]
    assert pictures[1] == pictures[2]
    with qtbot.waitSignal(page.recent_clicked) as heard:
        buttons[0].click()
    assert heard.args == [paths[0]]

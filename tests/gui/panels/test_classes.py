"""What the Classes panel says of the labels."""

from __future__ import annotations

import pytest
from support.open_project import paint_square

from landseg_gui.panels.classes import ClassesPanel
from landseg_gui.panels.elided_label import ElidedLabel


@pytest.fixture
def panel(qtbot, session, opened) -> ClassesPanel:
    panel = ClassesPanel(opened, session.layers)
    qtbot.addWidget(panel)
    return panel


def lacks(panel: ClassesPanel) -> ElidedLabel:
    return panel.findChild(ElidedLabel, "classes_lacks")


def test_it_says_what_labels_lack_and_follows_them(panel, opened) -> None:
    assert lacks(panel).text() == lacks(panel).toolTip() == ""
    paint_square(opened, 50, value=opened.schema.values[1])
    names = opened.schema.names
    assert lacks(panel).text().startswith(f"{names[0]}: no labels; ")
    lines = lacks(panel).toolTip().splitlines()
    assert len(lines) == 1 + len(names)
    assert lines[-1] == f"{names[1]}: only 1 area, in the north-west"
    opened.editing.undo()
    assert lacks(panel).text() == ""


def test_another_image_has_labels_of_its_own(qtbot, panel, opened) -> None:
    paint_square(opened, 50)
    first = opened.image
    opened.images.show_next()
    qtbot.waitUntil(lambda: opened.image not in (None, first))
    assert lacks(panel).text() == ""
    assert opened.lifecycle.close()
    assert lacks(panel).text() == ""

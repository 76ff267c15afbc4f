"""The name of a class never gives way before the number of its pixels does."""

import pytest
from PySide6.QtWidgets import QLabel

from landseg_core.labels.classes import LandClass
from landseg_gui.panels.label_class_row import LabelClassRow


@pytest.fixture
def row(qtbot) -> LabelClassRow:
    row = LabelClassRow(0, LandClass(value=3, name="greenhouses and sheds", colour="#00aa66"))
    qtbot.addWidget(row)
    row.show_pixels("12.3 Mpx", "12 345 678 px labelled")
    row.show()
    return row


def test_wide_enough_a_row_shows_both(row: LabelClassRow) -> None:
    row.resize(420, 30)
    assert not row.findChild(QLabel, "label_class_pixels_3").isHidden()


def test_in_a_narrow_row_the_pixels_go_and_the_name_stays(row: LabelClassRow) -> None:
    name, pixels = row.findChild(QLabel, "label_class_name_3"), row.findChild(QLabel, "label_class_pixels_3")
    needed = name.fontMetrics().horizontalAdvance(name.text())
    for width in range(420, 40, -5):
        row.resize(width, 30)
        row.layout().activate()
        assert pixels.isHidden() or name.width() >= needed, width
    assert pixels.isHidden()
    row.resize(420, 30)
    assert not pixels.isHidden()

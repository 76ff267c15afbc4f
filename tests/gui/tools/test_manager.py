from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from landseg_core.errors import ProjectError
from landseg_core.labels.regions import RectangleRegion
from landseg_core.resource_files import resource_path
from landseg_gui.tools.registry import TOOLS
from landseg_gui.tools.tool_settings import LADDER

BLOCK = RectangleRegion((600, 450), (800, 650))
NONE = Qt.KeyboardModifier.NoModifier


def test_names_and_shortcuts_are_used_once() -> None:
    for values in ([row.name for row in TOOLS], [row.shortcut for row in TOOLS], [row.title for row in TOOLS]):
        assert len(set(values)) == len(values)
    assert not {row.shortcut for row in TOOLS} & {"F", "C", "D"}  # the window's own letters


@pytest.mark.parametrize("row", TOOLS, ids=lambda row: row.name)
def test_every_tool_has_an_icon_and_a_hint(row) -> None:
    assert resource_path(f"icons/{row.icon}.svg").is_file()
    assert row.tip
    assert row.hint


def test_the_hand_leaves_the_mouse_to_the_viewport(sitting) -> None:
    assert sitting.tools.current.name == "pan"
    assert sitting.viewport.pointer is None
    corner = sitting.viewport.raster_position(sitting.mouse.point((700, 500)) * 0)
    sitting.mouse.drag((700, 500), (720, 500))
    assert sitting.viewport.raster_position(sitting.mouse.point((700, 500)) * 0) != corner
    assert (sitting.labels() == 255).all()
    sitting.tools.select("brush")
    assert sitting.viewport.pointer is sitting.tools
    sitting.tools.select("pan")
    assert sitting.viewport.pointer is None
    assert sitting.viewport.viewport().cursor().shape() == Qt.CursorShape.OpenHandCursor


def test_taking_a_tool_tells_its_name_and_hint(sitting) -> None:
    heard: list[str] = []
    sitting.tools.current_changed.connect(heard.append)
    sitting.tools.hint_changed.connect(heard.append)
    sitting.tools.select("wand")
    assert heard == ["wand", sitting.tools.hint]


@pytest.mark.parametrize(("key", "index"), [(Qt.Key.Key_1, 0), (Qt.Key.Key_3, 2), (Qt.Key.Key_5, 4)])
def test_digits_choose_classes_in_their_order(at_work, key, index: int) -> None:
    sitting = at_work("brush")
    sitting.context.active_value = 1
    sitting.key(key, "x")
    assert sitting.context.active_value == sitting.context.schema.values[index]


def test_zero_is_the_tenth_class_and_a_missing_one_changes_nothing(at_work) -> None:
    sitting = at_work("brush")
    sitting.context.active_value = 4
    sitting.key(Qt.Key.Key_0, "0")
    assert sitting.context.active_value == 4
    assert not sitting.tools.choose_class(9)
    classes = sitting.context.schema.classes
    more = tuple(classes[0].model_copy(update={"value": 100 + i, "name": f"class {i}"}) for i in range(8))
    sitting.context.schema = sitting.context.schema.model_copy(update={"classes": classes + more})
    sitting.key(Qt.Key.Key_0, "0")
    assert sitting.context.active_value == (classes + more)[9].value


def test_digits_with_control_are_for_the_window(at_work) -> None:
    sitting = at_work("brush")
    sitting.key(Qt.Key.Key_3, "3", Qt.KeyboardModifier.ControlModifier)
    assert sitting.context.active_value == sitting.context.schema.values[0]


def test_brackets_change_the_size(at_work) -> None:
    sitting = at_work("brush")
    settings = sitting.tools.settings
    settings.size = LADDER[12]
    sitting.key(Qt.Key.Key_BracketRight, "]")
    assert settings.diameter == LADDER[13]
    for _ in range(2):
        sitting.key(Qt.Key.Key_BracketLeft, "[")
    assert settings.diameter == LADDER[11]


def test_brackets_count_where_a_keyboard_has_them_on_a_third_level(at_work) -> None:
    sitting = at_work("brush")
    before = sitting.tools.settings.diameter
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    sitting.key(Qt.Key.Key_BracketRight, "]", both)
    assert sitting.tools.settings.diameter > before


def test_a_letter_without_a_key_of_its_own_does_nothing(at_work) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, 0x20AC, NONE, "\N{EURO SIGN}")
    for spec in TOOLS:
        assert not at_work(spec.name).tools.key_press(event)


@pytest.mark.parametrize("name", ["pick", "fill"])
def test_tools_with_a_cursor_of_their_own(at_work, name: str) -> None:
    sitting = at_work(name)
    assert sitting.viewport.viewport().cursor().shape() == Qt.CursorShape.BitmapCursor


def test_picking_takes_the_class_under_the_cursor(at_work) -> None:
    sitting = at_work("pick")
    sitting.paint(BLOCK, 4)
    sitting.mouse.click((700, 500))
    assert sitting.context.active_value == 4
    sitting.mouse.click((500, 400))
    assert (sitting.context.active_value, sitting.said) == (4, ["Nothing is labelled here."])


@pytest.mark.parametrize("name", ["polygon", "lasso", "rectangle", "fill", "wand"])
def test_control_click_picks_with_every_painting_tool(at_work, name: str) -> None:
    sitting = at_work(name)
    sitting.paint(BLOCK, 4)
    before = sitting.labels()
    sitting.mouse.holding(Qt.KeyboardModifier.ControlModifier).click((700, 500))
    assert sitting.context.active_value == 4
    assert (sitting.labels() == before).all()


def test_cancelling_tells_whether_there_was_anything(at_work) -> None:
    sitting = at_work("brush")
    assert not sitting.tools.cancel()
    sitting.mouse.press((700, 500))
    assert sitting.tools.cancel()
    assert not sitting.tools.cancel()
    assert (sitting.labels() == 255).all()


def test_taking_back_a_stroke_under_way_is_to_cancel_it(at_work) -> None:
    sitting = at_work("brush")
    sitting.mouse.press((700, 500))
    assert sitting.tools.undo_last()
    assert not sitting.tools.undo_last()
    assert (sitting.labels() == 255).all()


def test_tools_without_a_project_do_nothing(at_work) -> None:
    sitting = at_work("brush")
    context = sitting.context
    context.project = context.labels = context.schema = None
    for signal in (context.project_changed, context.image_changed, context.choices_changed):
        signal.emit()
    for spec in TOOLS:
        sitting.tools.select(spec.name)
        sitting.mouse.drag((700, 500), (760, 540), (720, 600))
        sitting.mouse.double_click((700, 700))
        for key in (Qt.Key.Key_1, Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Escape):
            sitting.key(key)
    assert sitting.problems == []
    assert context.refusals > 0


def test_the_state_comes_back(at_work) -> None:
    sitting = at_work("lasso")
    sitting.tools.settings.size = 77
    state = sitting.tools.state()
    sitting.tools.select("brush")
    sitting.tools.settings.size = 5
    sitting.tools.restore(state)
    assert (sitting.tools.current.name, sitting.tools.settings.size) == ("lasso", 77)
    sitting.tools.restore({"tool": "chainsaw"})
    assert sitting.tools.current.name == "lasso"


def test_a_key_that_fails_is_told_not_raised(at_work, monkeypatch) -> None:
    sitting = at_work("polygon")

    def no_disk(_key: Qt.Key) -> bool:
        raise ProjectError("the tile cannot be read")

    monkeypatch.setattr(sitting.tools.tool("polygon"), "key", no_disk)
    assert sitting.tools.key_press(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, NONE))
    assert sitting.problems == ["The tile cannot be read."]

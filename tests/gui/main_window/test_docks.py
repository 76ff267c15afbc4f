"""The window fits the screen, with any panels; made small and large again, it is as usable as before."""

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QToolBar, QToolButton

from landseg_gui.main_window import docks
from landseg_gui.main_window.docks import DOCKS

SMALL_SCREEN = QSize(1280, 800)
RIGHT = [row.key for row in DOCKS if not row.wide]


def dock(window, key: str) -> QDockWidget:
    return window.findChild(QDockWidget, f"dock_{key}")


def stack_all(window) -> None:
    """Take every tab out of its stack."""
    first = dock(window, RIGHT[0])
    for key in RIGHT[1:]:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock(window, key))
        window.splitDockWidget(first, dock(window, key), Qt.Orientation.Vertical)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("with_runs", [False, True])
def test_the_window_fits_a_small_screen_whatever_panels_it_shows(window, qtbot, stacked: bool, with_runs: bool) -> None:
    if stacked:
        stack_all(window)
    if with_runs:
        window.docks.bring_up("runs")
    qtbot.waitUntil(lambda: dock(window, "runs").isVisible() is with_runs)
    least = window.minimumSizeHint()
    assert least.width() <= SMALL_SCREEN.width()
    assert least.height() <= SMALL_SCREEN.height()


def test_the_first_size_leaves_room_for_the_frame(window) -> None:
    class Screen:
        def availableSize(self) -> QSize:
            return SMALL_SCREEN

    size = docks.first_size(Screen())
    assert size.width() < SMALL_SCREEN.width()
    assert size.height() < SMALL_SCREEN.height() - 30


def test_made_small_and_large_again_the_panels_have_their_sizes_back(window, qtbot) -> None:
    window.resize(1280, 800)
    in_front = [dock(window, key) for key in ("layers", "classes", "training")]
    sizes = window.docks._sizes
    qtbot.waitUntil(lambda: sizes._wanted_at == window.size())
    before = [item.size() for item in in_front]
    window.resize(window.minimumSizeHint())
    qtbot.waitUntil(lambda: in_front[1].height() < before[1].height())
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: in_front[0].width() == before[0].width())
    for item, size in zip(in_front, before, strict=True):
        assert abs(item.height() - size.height()) <= 20


def test_reset_layout_puts_the_panels_back(window, qtbot) -> None:
    dock(window, "classes").setFloating(True)
    dock(window, "layers").hide()
    stack_all(window)
    window.docks.bring_up("runs")
    window.actions_by_name["action_reset_layout"].trigger()
    assert all(not dock(window, row.key).isFloating() for row in DOCKS)
    assert [dock(window, row.key).isHidden() for row in DOCKS] == [row.wide for row in DOCKS]
    assert dock(window, "images") in window.tabifiedDockWidgets(dock(window, "layers"))
    assert dock(window, "history") in window.tabifiedDockWidgets(dock(window, "classes"))


def test_what_does_not_fit_the_toolbar_goes_behind_a_button_with_an_icon(window, qtbot) -> None:
    bar = window.findChild(QToolBar, "toolbar_main")
    button = bar.findChild(QToolButton, "qt_toolbar_ext_button")
    window.resize(1280, 700)
    qtbot.waitUntil(lambda: not button.isVisible())
    window.resize(window.minimumSizeHint())
    qtbot.waitUntil(button.isVisible)
    assert not button.icon().isNull()
    assert bar.rect().contains(button.geometry())

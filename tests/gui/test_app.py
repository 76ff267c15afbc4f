from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from landseg_core import __version__
from landseg_gui import app, crash, startup
from landseg_gui.main_window.window import MainWindow


@pytest.fixture
def _tidy_log() -> Iterator[None]:
    before = list(crash.log.handlers)
    yield
    for handler in set(crash.log.handlers) - set(before):
        crash.log.removeHandler(handler)
        handler.close()


def the_window() -> MainWindow | None:
    """Return the window on the screen; those of earlier tests may still be about."""
    windows = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    return next((window for window in windows if window.isVisible()), None)


def test_the_command_tells_its_version(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"landseg {__version__}"


def close_when(done: Callable[[MainWindow], bool]) -> QTimer:
    """Close the window as soon as `done`, or give up after half a minute."""

    def look() -> None:
        window = the_window()
        if window is not None and (done(window) or time.monotonic() > deadline):
            timer.stop()
            window.close()

    deadline = time.monotonic() + 30
    timer = QTimer(interval=20)
    timer.timeout.connect(look)
    timer.start()
    return timer


@pytest.mark.usefixtures("_tidy_log")
def test_it_opens_the_files_named_and_ends_with_the_window(qapp, picture, own_map) -> None:
    seen = []

    def is_open(window: MainWindow) -> bool:
        if not window.session.layers.masks or not window.viewport.canvas.is_sharp:
            return False
        seen.append((window.windowTitle(), window.session.rasters.current.path))
        return True

    timer = close_when(is_open)
    assert app.main([str(picture), str(own_map)]) == 0
    assert not timer.isActive()
    assert seen == [("picture.tif - landseg", picture)]
    assert (crash.log_folder() / "landseg.log").is_file()


@pytest.mark.usefixtures("_tidy_log")
def test_a_fault_leaves_the_window_standing(qapp, monkeypatch, caplog) -> None:
    reports = []
    monkeypatch.setattr(startup.CrashDialog, "show_error", lambda _dialog, details: reports.append(details))
    QTimer.singleShot(0, lambda: 1 / 0)
    timer = close_when(lambda _window: bool(reports))
    assert app.main([]) == 0
    assert not timer.isActive()
    assert len(reports) == 1
    assert "ZeroDivisionError" in reports[0]
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()  # this complaint was wanted

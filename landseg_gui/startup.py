"""Puts the application together: theme, settings, crash reports, session and window."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from landseg_core import __version__
from landseg_core.cli.ending import ENDING
from landseg_gui.crash import CrashDialog, CrashReporter, log, log_folder, start_log
from landseg_gui.icons import application_icon
from landseg_gui.jobs.garbage import GarbageCollector
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.window import MainWindow
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager


def application() -> QApplication:
    """Return the application, made where there is none yet."""
    present = QApplication.instance()
    app = present if isinstance(present, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("landseg")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("landseg")
    app.setWindowIcon(application_icon())
    return app


def main_window(app: QApplication, settings: Settings, runner: JobRunner | None = None) -> MainWindow:
    """Return a new, empty window, not yet shown."""
    runner = runner or JobRunner(app)
    themes = ThemeManager(app, settings.theme)
    window = MainWindow(runner, settings, themes)
    GarbageCollector(runner, window)
    return window


class EndRequest(QObject):
    """Passes a request to end the process to the window, in its own thread."""

    _asked = Signal()

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self._asked.connect(end, Qt.ConnectionType.QueuedConnection)

    def ask(self) -> None:
        """Ask it to end, from any thread."""
        self._asked.emit()


def run(files: Sequence[Path]) -> int:
    """Show the window, open `files` and return the exit code when the window is closed."""
    app = application()
    start_log(log_folder())
    log.info("landseg %s starts", __version__)
    window: MainWindow | None = None
    dialogs: list[CrashDialog] = []

    def show_crash(details: str) -> None:
        if not dialogs:
            dialogs.append(CrashDialog(window))
        dialogs[0].show_error(details)

    reporter = CrashReporter(show_crash)
    reporter.install()
    try:
        window = main_window(app, Settings())
        window.show()
        window.commands.open_paths(files)
        request = EndRequest(window.end)
        with ENDING.orderly(request.ask):
            return app.exec()
    finally:
        reporter.uninstall()
        if window is not None:
            shiboken6.delete(window)  # now: Python would do so in any order

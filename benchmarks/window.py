"""landseg's window without its docks, driven from outside."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QDockWidget

from benchmarks.mouse import Mouse, wait_until
from landseg_gui.jobs.runner import JobRunner
from landseg_gui.main_window.window import MainWindow
from landseg_gui.settings import Settings
from landseg_gui.theme import ThemeManager

VIEW = (1600, 900)
"""px of the viewport."""


class BareWindow:
    """A main window without docks, whose viewport has 1600 x 900 px."""

    def __init__(self, folder: Path) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.runner = JobRunner()
        settings = Settings(folder / "settings.ini")
        self.window = MainWindow(self.runner, settings, ThemeManager(self.app, "light"))
        self.session = self.window.session
        for dock in self.window.findChildren(QDockWidget):
            dock.hide()
        self.view = self.window.viewport
        self.view.setFixedSize(*VIEW)
        self.window.show()
        self.mouse = Mouse(self.view.viewport())
        for _ in range(20):
            QApplication.processEvents()

    def wait_sharp(self) -> None:
        """Wait until all that is in sight has come, and is painted."""
        wait_until(lambda: self.view.canvas.is_sharp)
        QApplication.processEvents()

    def wait_idle(self) -> None:
        """Wait until no job runs."""
        wait_until(lambda: not self.runner.running)

    def close(self) -> None:
        """Close the window."""
        self.window.close()
        self.runner.shut_down(20)

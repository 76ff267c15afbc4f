"""Python's garbage collector, in the thread of the window and by time."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

from landseg_core.allocator import give_back_memory
from landseg_gui.jobs.runner import JobRunner

_INTERVAL_MS = 5000


class GarbageCollector(QObject):
    """Frees every few seconds, and after jobs, what refers only to itself, in the thread of this object.

    Python itself would collect in any thread at any moment, while Qt's objects must be freed in the thread of the
    window. And it counts objects, not bytes: a trained network, or a project that is closed, would hold hundreds of
    megabytes until some 70,000 further objects are made.
    """

    def __init__(self, runner: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.collect()  # or garbage would be frozen, too
        gc.freeze()  # what the window is made of lives as long as the program: no need to look at it each time
        self.destroyed.connect(_as_before)
        timer = QTimer(self, interval=_INTERVAL_MS)
        timer.timeout.connect(self.collect)
        timer.start()
        runner.idle.connect(self._collect_after_jobs)

    def collect(self) -> None:
        """Free what refers only to itself, now."""
        gc.collect()

    def _collect_after_jobs(self) -> None:
        self.collect()
        give_back_memory()


def _as_before() -> None:
    """Leave the garbage to Python again."""
    gc.unfreeze()
    gc.enable()

"""Notices that files which are shown have been replaced, rewritten or removed by somebody else."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from shiboken6 import isValid

from landseg_core.raster.files.as_opened import FilesAsOpened

INTERVAL_MS = 2000
_PATIENCE_MS = 20

Watched = Mapping[Any, FilesAsOpened]


class FileWatch(QObject):
    """Looks every few seconds, and when the program comes to the front, whether files are as they were opened.

    `looked` brings, after every look, those keys of what `watched` returned whose files are not. Files are looked at in
    a thread of their own: a drive that does not answer must not stop the window.
    """

    looked = Signal(object)

    def __init__(
        self, watched: Callable[[], Watched], parent: QObject | None = None, interval_ms: int = INTERVAL_MS
    ) -> None:
        super().__init__(parent)
        self._watched = watched
        self._asked: list[Any] = []
        self._answer: list[list[int]] | None = None
        _look_regularly(weakref.ref(self), interval_ms)

    @property
    def looking(self) -> bool:
        """Tell whether a look has not ended yet."""
        return self._answer is not None

    def look(self) -> None:
        """Look now, unless an earlier look has not ended."""
        watched = None if self.looking else self._watched()
        if not watched:
            return
        self._asked, self._answer = list(watched), []
        answer, files = self._answer, list(watched.values())  # the thread holds nothing of Qt's
        threading.Thread(target=lambda: answer.append(_changed(files)), name="file-watch", daemon=True).start()
        QTimer.singleShot(_PATIENCE_MS, self, self._take_answer)

    def _take_answer(self) -> None:
        if not self._answer:
            QTimer.singleShot(_PATIENCE_MS, self, self._take_answer)
            return
        (places,), asked = self._answer, self._asked
        self._answer, self._asked = None, []
        self.looked.emit([asked[place] for place in places])


def _changed(files: list[FilesAsOpened]) -> list[int]:
    return [place for place, one in enumerate(files) if one.changed() is not None]


def _look_regularly(watch: weakref.ref[FileWatch], interval_ms: int) -> None:
    """Have a clock of the program look, not one of the watch: garbage may be collected in a thread without clocks."""
    application = QCoreApplication.instance()
    if application is None:
        return
    clock = QTimer(application, interval=interval_ms)

    def look() -> None:
        there = watch()
        if there is None or not isValid(there):
            clock.stop()
            clock.deleteLater()
        else:
            there.look()

    clock.timeout.connect(look)
    clock.start()
    if isinstance(application, QGuiApplication):

        def follow(state: Qt.ApplicationState) -> None:
            there = watch()
            if there is not None and isValid(there) and state == Qt.ApplicationState.ApplicationActive:
                there.look()

        application.applicationStateChanged.connect(follow)

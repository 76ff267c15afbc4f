"""Notices that files which are shown have been replaced, rewritten or removed by another program."""

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
    """Checks every few seconds, and when the program comes to the front, whether files are as they were opened.

    `looked` brings, after every check, those keys of what `watched` returned whose files are not. Files are checked in
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
        """Return whether a check has not ended yet."""
        return self._answer is not None

    def look(self) -> None:
        """Check now, unless an earlier check has not ended."""
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
        (changed,), asked = self._answer, self._asked
        self._answer, self._asked = None, []
        self.looked.emit([asked[index] for index in changed])


def _changed(files: list[FilesAsOpened]) -> list[int]:
    return [index for index, one in enumerate(files) if one.changed() is not None]


def _look_regularly(watch: weakref.ref[FileWatch], interval_ms: int) -> None:
    """Let a timer of the program check, not one of the watch: garbage may be collected in a thread without timers."""
    application = QCoreApplication.instance()
    if application is None:
        return
    clock = QTimer(application, interval=interval_ms)

    def look() -> None:
        present = watch()
        if present is None or not isValid(present):
            clock.stop()
            clock.deleteLater()
        else:
            present.look()

    clock.timeout.connect(look)
    clock.start()
    if isinstance(application, QGuiApplication):

        def follow(state: Qt.ApplicationState) -> None:
            present = watch()
            if present is not None and isValid(present) and state == Qt.ApplicationState.ApplicationActive:
                present.look()

        application.applicationStateChanged.connect(follow)

"""An unexpected error ends in a dialog and in a log file: never in silence, never in a lost window."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import platformdirs
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QThread, QtMsgType, QUrl, Signal, qInstallMessageHandler
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from landseg_core import __version__
from landseg_core.plain_text import plain_text
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

log = logging.getLogger("landseg")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_LOG_BYTES = 1_000_000


def log_folder() -> Path:
    """Return the folder of the log files."""
    return Path(platformdirs.user_log_dir("landseg", appauthor=False))


class _EntryFormatter(logging.Formatter):
    """Writes an entry so that nothing in it passes for another: only its first line begins at the margin."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n    ".join(map(plain_text, super().format(record).split("\n")))


def start_log(folder: Path) -> logging.Handler:
    """Begin to log into `folder`, in files that rotate; where it cannot be written, to stderr."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / "landseg.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(_EntryFormatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return handler


ShowReport = Callable[[str], None]
"""Shows the details of an unexpected error to the user; called on the GUI thread."""


class CrashReporter(QObject):
    """Takes what nobody caught, in any thread, and Qt's own messages; belongs to the GUI thread."""

    _caught = Signal(str)

    def __init__(self, show: ShowReport, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show = show
        self._reporting = threading.local()
        self._caught.connect(self._show_report, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Hook into Python and Qt."""
        self._former_hooks = sys.excepthook, threading.excepthook
        sys.excepthook = self.handle
        threading.excepthook = self._handle_in_thread
        self._former_handler = qInstallMessageHandler(self._log_qt_message)

    def uninstall(self) -> None:
        """Restore the former hooks."""
        sys.excepthook, threading.excepthook = self._former_hooks
        qInstallMessageHandler(self._former_handler)

    def handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log an uncaught exception and show it; an error on the way there goes to stderr and no further."""
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        if getattr(self._reporting, "active", False):
            print(details, file=sys.__stderr__)  # the last resort: reporting itself has failed
            return
        self._reporting.active = True
        try:
            log.critical("unexpected error\n%s", details)
            self._deliver(details)
        finally:
            self._reporting.active = False

    def _handle_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value or arguments.exc_type()
        self.handle(arguments.exc_type, error, arguments.exc_traceback)

    def _deliver(self, details: str) -> None:
        """Show now where no event loop runs (yet or any more), else from the loop."""
        here = QThread.currentThread()
        if here is self.thread() and here.loopLevel() == 0:
            self._show(details)
        else:
            self._caught.emit(details)

    def _show_report(self, details: str) -> None:
        self._show(details)

    def _log_qt_message(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        log.log(_LEVELS[kind], "Qt (%s): %s", context.category or "default", message)


class CrashDialog(QDialog):
    """Says that something went wrong, with details to copy. Later errors join the one already shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="dialog_crash")
        self.setWindowTitle(tr("Unexpected Error"))
        self.setModal(True)
        self.resize(680, 420)
        title = PlainLabel(tr("An unexpected error occurred in landseg"), objectName="crash_title")
        text = PlainLabel(
            tr(
                "This is a fault of the program, not of your data, and your files are unchanged. You can continue "
                "working. To report the error, copy the details below."
            )
        )
        text.setWordWrap(True)
        self._details = QPlainTextEdit(readOnly=True, objectName="crash_details")
        self._details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        layout = QVBoxLayout(self)
        for widget in (title, text, self._details, self._buttons()):
            layout.addWidget(widget)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        copy = buttons.addButton(tr("Copy Details"), role)
        copy.setObjectName("crash_copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._details.toPlainText()))
        buttons.addButton(tr("Open Log Folder"), role).clicked.connect(open_log_folder)
        buttons.rejected.connect(self.reject)
        return buttons

    def add(self, details: str) -> None:
        """Append the details of an error."""
        if not self._details.toPlainText():
            system = f"landseg {__version__}, Python {platform.python_version()}, {platform.platform()}"
            self._details.setPlainText(system)
        self._details.appendPlainText("\n" + details)

    def show_error(self, details: str) -> None:
        """Show the dialog with this error; if it is open already, add the error to it."""
        if not self.isVisible():
            self._details.clear()
        self.add(details)
        if QThread.currentThread().loopLevel() == 0:
            self.exec()
        else:
            self.show()
            self.raise_()


def open_log_folder() -> None:
    """Show the folder of the log files in the file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QPushButton

from landseg_gui import crash
from landseg_gui.crash import CrashDialog, CrashReporter, log_folder, start_log
from landseg_gui.jobs.runner import JobRunner


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Complaints are what these tests are about."""


@pytest.fixture
def log_text(tmp_path) -> Iterator[object]:
    """Return what gives the text of the log file."""
    handler = start_log(tmp_path / "logs")
    yield lambda: (tmp_path / "logs" / "landseg.log").read_text(encoding="utf-8")
    crash.log.removeHandler(handler)
    handler.close()


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def reporter(qapp, shown) -> Iterator[CrashReporter]:
    reporter = CrashReporter(shown.append)
    reporter.install()
    yield reporter
    reporter.uninstall()


def fail() -> None:
    raise ZeroDivisionError("the sky has fallen")


def test_an_error_in_a_slot_is_shown_and_logged(qtbot, reporter, shown, log_text) -> None:
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: bool(shown))
    assert "ZeroDivisionError: the sky has fallen" in shown[0]
    assert "in fail" in shown[0]
    assert "the sky has fallen" in log_text()


def test_an_error_in_a_thread_is_shown_on_the_gui_thread(qtbot, qapp, log_text) -> None:
    threads = []
    reporter = CrashReporter(lambda details: threads.append(threading.current_thread()))
    reporter.install()
    try:
        threading.Thread(target=fail).start()
        qtbot.waitUntil(lambda: bool(threads))
    finally:
        reporter.uninstall()
    assert threads == [threading.main_thread()]
    assert "the sky has fallen" in log_text()


def test_an_error_in_a_job_is_shown_and_ends_the_job(qtbot, qapp, reporter, shown) -> None:
    runner = JobRunner()
    job = runner.start("Fail", lambda on_event, control: fail())
    with qtbot.waitSignal(job.ended):
        pass
    qtbot.waitUntil(lambda: bool(shown))
    assert "the sky has fallen" in shown[0]
    assert runner.running == []


def test_an_error_while_reporting_goes_no_further(qapp, capfd, monkeypatch) -> None:
    def show(details: str) -> None:
        try:
            fail()
        except ZeroDivisionError:
            reporter.handle(*sys.exc_info())

    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    reporter = CrashReporter(show)
    reporter.handle(ValueError, ValueError("first"), None)
    assert "the sky has fallen" in capfd.readouterr().err


def test_without_event_loop_the_report_is_shown_at_once(reporter, shown) -> None:
    reporter.handle(ValueError, ValueError("at the start"), None)
    assert "at the start" in shown[0]


def test_ctrl_c_is_no_error(qapp, reporter, shown) -> None:
    reporter.handle(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == []


def test_qt_messages_go_to_the_log(reporter, log_text) -> None:
    qWarning("the painter is tired")
    assert "WARNING Qt (default): the painter is tired" in log_text()


def test_the_hooks_are_given_back(qapp, shown) -> None:
    before = sys.excepthook, threading.excepthook
    reporter = CrashReporter(shown.append)
    reporter.install()
    assert (sys.excepthook, threading.excepthook) != before
    reporter.uninstall()
    assert (sys.excepthook, threading.excepthook) == before


def test_a_log_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path) -> None:
    (tmp_path / "file").touch()
    handler = start_log(tmp_path / "file" / "logs")
    crash.log.removeHandler(handler)
    assert type(handler) is logging.StreamHandler


def test_the_log_is_in_the_users_folder() -> None:
    assert "landseg" in log_folder().parts


def test_the_dialog_gathers_errors_and_copies_them(qtbot, qapp) -> None:
    dialog = CrashDialog()
    qtbot.addWidget(dialog)
    QTimer.singleShot(0, lambda: dialog.show_error("first trouble"))
    qtbot.waitUntil(dialog.isVisible)
    QTimer.singleShot(0, lambda: dialog.show_error("second trouble"))
    text = dialog.findChild(QPlainTextEdit, "crash_details")
    qtbot.waitUntil(lambda: "second trouble" in text.toPlainText())
    assert "first trouble" in text.toPlainText()
    dialog.findChild(QPushButton, "crash_copy").click()
    assert QGuiApplication.clipboard().text() == text.toPlainText()
    dialog.close()
    QTimer.singleShot(0, lambda: dialog.show_error("third trouble"))
    qtbot.waitUntil(lambda: "third trouble" in text.toPlainText())
    assert "first trouble" not in text.toPlainText()

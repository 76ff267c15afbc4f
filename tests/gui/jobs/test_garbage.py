from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from landseg_gui.jobs.garbage import GarbageCollector
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.jobs.runner import JobRunner


class Knot:
    """Refers to itself, and notes the thread in which it goes."""

    gone_in: threading.Thread | None = None

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Knot.gone_in = threading.current_thread()


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[JobRunner]:
    """Return a runner whose garbage the window's thread collects."""
    runner = JobRunner(qapp)
    GarbageCollector(runner, runner)
    yield runner
    assert runner.shut_down(10)
    shiboken6.delete(runner)
    assert gc.isenabled()


def test_what_a_job_leaves_is_freed_after_it_and_in_the_thread_of_the_window(qtbot: QtBot, runner: JobRunner) -> None:
    left: list[weakref.ref[Knot]] = []

    def work(_on_event: object, _control: object) -> None:
        left.append(weakref.ref(Knot()))
        _many = [[] for _ in range(5000)]  # Python itself would collect here

    with qtbot.waitSignal(runner.idle):
        runner.start("Work", work)
    qtbot.waitUntil(lambda: left[0]() is None)
    assert Knot.gone_in is threading.main_thread()


@pytest.mark.usefixtures("runner")
def test_an_import_does_not_have_python_collect_again(tmp_path, monkeypatch) -> None:
    (tmp_path / "another_library.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    import_undisturbed("another_library")
    assert not gc.isenabled()

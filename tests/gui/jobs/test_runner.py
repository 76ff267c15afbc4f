from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
import threading
import traceback
import weakref

import pytest
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from pytestqt.qtbot import QtBot
from shiboken6 import delete

import landseg_gui
from landseg_core.errors import DatasetError, JobStopped
from landseg_core.events import EpochFinished, JobControl, Notice, OnEvent, Progress
from landseg_gui.jobs.runner import Job, JobRunner, while_alive

GUI_THREAD = threading.get_ident()


def log_of(job: Job) -> list[tuple[str, object]]:
    """Collect the signals of a job, by plain functions: a queued signal must bring them to the GUI thread too."""
    log: list[tuple[str, object]] = []

    def taker(name: str):
        def take(*values: object) -> None:
            assert threading.get_ident() == GUI_THREAD
            log.append((name, *values))

        return take

    for name in ("reported", "finished", "failed", "stopped", "ended"):
        getattr(job, name).connect(taker(name))
    return log


def epoch(number: int) -> EpochFinished:
    return EpochFinished(number, number, 0.5, 0.5, 0.5, 0.5, {}, 0.001, 1.0, best=True)


def wait_for_stop(_on_event: OnEvent, control: JobControl) -> None:
    wake = threading.Event()
    while not wake.wait(0.002):
        control.checkpoint()


def test_the_work_runs_in_another_thread_and_its_result_comes_back(runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start("count", lambda _on_event, _control: threading.get_ident())
    log = log_of(job)
    assert runner.running == [job]
    qtbot.waitSignal(runner.idle).wait()
    (_, thread), end = log
    assert thread != GUI_THREAD
    assert end == ("ended",)
    assert runner.running == []


def test_events_come_in_order_before_the_result(runner: JobRunner, qtbot: QtBot) -> None:
    events = [Progress("read", 1, 3, 0.1), Notice("careful"), epoch(1), epoch(2)]

    def work(on_event: OnEvent, _control: JobControl) -> str:
        for event in events:
            on_event(event)
        return "done"

    log = log_of(runner.start("events", work))
    qtbot.waitSignal(runner.idle).wait()
    assert log == [*(("reported", event) for event in events), ("finished", "done"), ("ended",)]


def test_a_flood_of_progress_is_thinned_and_no_epoch_is_lost(runner: JobRunner, qtbot: QtBot) -> None:
    def work(on_event: OnEvent, _control: JobControl) -> None:
        for step in range(20_000):
            on_event(Progress("flood", step, 20_000, 1.0))
            if step % 200 == 0:
                on_event(epoch(step))

    log = log_of(runner.start("flood", work))
    qtbot.waitSignal(runner.idle).wait()
    events = [entry[1] for entry in log if entry[0] == "reported"]
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.epoch for event in events if isinstance(event, EpochFinished)] == list(range(0, 20_000, 200))
    assert progress[-1].done == 19_999
    assert len(progress) < 200


def test_the_window_stays_alive_under_a_flood(runner: JobRunner, qtbot: QtBot) -> None:
    ticks: list[int] = []
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start()

    def work(on_event: OnEvent, control: JobControl) -> None:
        while not control.stop_requested:
            on_event(Progress("flood", 1, 2, 1.0))

    job = runner.start("flood", work)
    qtbot.waitUntil(lambda: len(ticks) >= 5)
    job.stop()


def test_an_expected_failure_is_a_sentence(runner: JobRunner, qtbot: QtBot) -> None:
    def work(_on_event: OnEvent, _control: JobControl) -> None:
        raise DatasetError("no image has a mask")

    log = log_of(runner.start("fail", work))
    qtbot.waitSignal(runner.idle).wait()
    assert log == [("failed", "No image has a mask."), ("ended",)]


def test_stopping_ends_the_job(runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start("wait", wait_for_stop)
    log = log_of(job)
    assert job.running
    job.stop()
    qtbot.waitSignal(runner.idle).wait()
    assert log == [("stopped",), ("ended",)]


def test_a_paused_job_stops_too(runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start("wait", wait_for_stop)
    job.control.pause()
    assert runner.shut_down(5)
    assert not runner.running


def test_a_crash_goes_to_the_excepthook_with_its_traceback(
    runner: JobRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes: list[tuple[object, ...]] = []
    monkeypatch.setattr(sys, "excepthook", lambda *crash: crashes.append((*crash, threading.get_ident())))

    def work(_on_event: OnEvent, _control: JobControl) -> None:
        broken_piece: dict[str, int] = {}
        broken_piece["absent"]

    log = log_of(runner.start("crash", work))
    qtbot.waitUntil(lambda: bool(crashes))
    kind, error, trace, thread = crashes[0]
    assert kind is KeyError
    assert "broken_piece" in "".join(traceback.format_exception(kind, error, trace))
    assert thread == GUI_THREAD
    assert log == [("ended",)]
    assert not runner.running


def test_jobs_run_side_by_side(runner: JobRunner, qtbot: QtBot) -> None:
    meeting = threading.Barrier(2, timeout=5)
    jobs = [runner.start(name, lambda _on_event, _control: meeting.wait()) for name in "ab"]
    logs = [log_of(job) for job in jobs]
    qtbot.waitSignal(runner.idle).wait()
    assert [log[0][0] for log in logs] == ["finished", "finished"]


def test_shutting_down_gives_up_after_its_time(runner: JobRunner, qtbot: QtBot) -> None:
    release = threading.Event()
    runner.start("deaf", lambda _on_event, _control: release.wait(10))
    assert not runner.shut_down(0.05)
    release.set()


def test_shutting_down_stops_what_starts_meanwhile(runner: JobRunner, qtbot: QtBot) -> None:
    first = runner.start("first", wait_for_stop)
    runner.idle.connect(
        lambda: runner.start("late", wait_for_stop), Qt.ConnectionType.SingleShotConnection
    )  # as a timer may, before the loop has ended
    late: list[Job] = []
    runner.started.connect(late.append)
    assert runner.shut_down(5)
    assert not first.running
    assert [job.title for job in late] == ["late"]
    assert not runner.running


def test_shutting_down_without_jobs_returns_at_once(runner: JobRunner) -> None:
    assert runner.shut_down(60)


def test_started_brings_the_job(runner: JobRunner, qtbot: QtBot) -> None:
    jobs: list[Job] = []
    runner.started.connect(jobs.append)
    job = runner.start("short", lambda _on_event, _control: None)
    assert jobs == [job]
    qtbot.waitSignal(runner.idle).wait()


def test_inline_runs_in_the_calling_thread_and_tells_later(qtbot: QtBot) -> None:
    runner = JobRunner(inline=True)

    def work(on_event: OnEvent, _control: JobControl) -> int:
        on_event(epoch(1))
        return threading.get_ident()

    log = log_of(runner.start("inline", work))
    assert log == []
    qtbot.waitSignal(runner.idle).wait()
    assert log == [("reported", epoch(1)), ("finished", GUI_THREAD), ("ended",)]


def test_a_job_that_stops_itself(runner: JobRunner, qtbot: QtBot) -> None:
    def work(_on_event: OnEvent, _control: JobControl) -> None:
        raise JobStopped

    log = log_of(runner.start("stop", work))
    qtbot.waitSignal(runner.idle).wait()
    assert log[0] == ("stopped",)


def test_news_for_what_is_deleted_meanwhile(runner: JobRunner, qtbot: QtBot) -> None:
    received: list[str] = []
    gone, here = QObject(), QObject()
    wait = threading.Event()

    def work(_on_event: OnEvent, _control: JobControl) -> None:
        wait.wait()

    job = runner.start("long", work)
    for receiver, name in ((gone, "gone"), (here, "here")):
        job.finished.connect(while_alive(receiver, lambda _result, name=name: received.append(name)))
    delete(gone)
    wait.set()
    qtbot.waitSignal(runner.idle).wait()
    assert received == ["here"]


def test_a_job_that_has_ended_leaves_nothing_behind(runner: JobRunner, qtbot: QtBot) -> None:
    class Result:
        """What a job brings, such as an open raster."""

    job = runner.start("open", lambda _on_event, _control: Result())
    results: list[weakref.ref] = []
    job.finished.connect(lambda result: results.append(weakref.ref(result)))
    qtbot.waitSignal(runner.idle).wait()
    gone = weakref.ref(job)
    del job

    def nothing_is_left() -> bool:
        gc.collect()
        return gone() is None and results[0]() is None

    qtbot.waitUntil(nothing_is_left)


def qt_classes() -> set[type[QObject]]:
    """Return all classes of the window that derive from Qt's."""
    found = pkgutil.walk_packages(landseg_gui.__path__, "landseg_gui.")
    modules = [importlib.import_module(one.name) for one in found if not one.name.endswith("__main__")]
    things = {thing for module in modules for thing in vars(module).values() if isinstance(thing, type)}
    return {thing for thing in things if issubclass(thing, QObject) and thing.__module__.startswith("landseg_gui")}


def test_no_signal_hides_a_method_of_qt() -> None:
    """Qt calls its methods by name, also those that it has of Python: a signal instead of one is never freed."""
    classes = qt_classes()
    assert Job in classes
    hidden = [
        f"{one.__qualname__}.{name}"
        for one in classes
        for name, value in vars(one).items()
        if isinstance(value, Signal) and any(hasattr(base, name) for base in one.__mro__[1:])
    ]
    assert hidden == []

"""A thread that does what was asked for last."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from landseg_core.events import JobControl
from landseg_gui.session.assistant.latest_work import LatestWork

LONG_S = 20.0


@pytest.fixture
def work() -> Iterator[LatestWork]:
    work = LatestWork("test")
    yield work
    work.close()


class Held:
    """Work that waits until it is stopped, or let go."""

    def __init__(self) -> None:
        self.begun, self.go, self.stopped = threading.Event(), threading.Event(), False

    def __call__(self, control: JobControl) -> None:
        self.begun.set()
        while not self.go.wait(0.005):
            self.stopped = control.stop_requested
            control.checkpoint()


def test_new_work_stops_the_one_under_way(work: LatestWork) -> None:
    first, second = Held(), Held()
    work.begin(first)
    assert first.begun.wait(LONG_S)
    work.begin(second)
    assert second.begun.wait(LONG_S)
    assert first.stopped
    second.go.set()


def test_what_has_not_begun_is_replaced(work: LatestWork) -> None:
    first, done = Held(), threading.Event()
    first.go.clear()
    order: list[str] = []

    def stubborn(_: JobControl) -> None:
        first.begun.set()
        assert first.go.wait(LONG_S)

    work.begin(stubborn)
    assert first.begun.wait(LONG_S)
    work.begin(lambda _: order.append("replaced"))
    work.begin(lambda _: (order.append("last"), done.set()))  # type: ignore[func-returns-value]
    first.go.set()
    assert done.wait(LONG_S)
    assert order == ["last"]


def test_closing_waits_for_the_work(work: LatestWork) -> None:
    held = Held()
    work.begin(held)
    assert held.begun.wait(LONG_S)
    work.close()
    assert held.stopped
    work.begin(lambda _: pytest.fail("closed"))


def test_a_bug_is_reported_and_the_thread_lives_on(work: LatestWork, monkeypatch: pytest.MonkeyPatch) -> None:
    reported, done = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: (reported.append(args.exc_value), done.set()))
    work.begin(lambda _: 1 / 0)  # type: ignore[arg-type,return-value]
    assert done.wait(LONG_S)
    assert isinstance(reported[0], ZeroDivisionError)
    done.clear()
    work.begin(lambda _: done.set())
    assert done.wait(LONG_S)


def test_what_fails_after_a_stop_is_not_reported(work: LatestWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: pytest.fail(str(args.exc_value)))
    begun, done = threading.Event(), threading.Event()

    def broken(control: JobControl) -> None:
        begun.set()
        while not control.stop_requested:
            pass
        raise ValueError("the file is closed")

    work.begin(broken)
    assert begun.wait(LONG_S)
    work.begin(lambda _: done.set())
    assert done.wait(LONG_S)

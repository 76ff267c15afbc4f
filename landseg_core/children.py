"""Child processes that landseg starts for its work, and that never outlive it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_running: dict[int, subprocess.Popen[str]] = {}
_listener: Callable[[str, int], None] | None = None


def listen(listener: Callable[[str, int], None] | None) -> None:
    """Have `listener` called with `child` and `ended`, each with the number of a process."""
    global _listener
    _listener = listener


@contextmanager
def child_process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start `command`, with text pipes to its input and output; at the end of the `with` block it is gone.

    It runs in a session of its own: what Ctrl+C means is decided in this process, which ends the other one.
    """
    process = subprocess.Popen(
        command, text=True, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        _report("child", process.pid)
        _running[process.pid] = process
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            _running.pop(process.pid, None)
            _report("ended", process.pid)


def kill_all() -> None:
    """Kill all of them now: this process is about to end."""
    for process in list(_running.values()):
        process.kill()


def _report(what: str, pid: int) -> None:
    if _listener is not None:
        _listener(what, pid)

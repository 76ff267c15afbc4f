"""Tries landseg on files in child processes, and takes what comes of each: a hang, a crash or a lack of memory, too."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import psutil

from landseg_core.allocator import give_back_memory
from landseg_core.plain_text import plain_text

CHILDREN = 2
MOST_MEMORY = 2**30
PATIENCE = 6
"""How many times longer than on a processor of its own a child may take by the clock: others may work beside it."""
FAILURE = "**failure**"

Try = Callable[[Any], tuple[str, str]]
"""Tries landseg on what an item says, and returns what came of it and a sentence; any exception is a failure."""

MakeTry = Callable[[], AbstractContextManager[Try]]
"""Prepares a child; it is called there."""


@dataclass(frozen=True)
class Outcome:
    """What came of an item; `sentence` is the first thing that landseg said, or what failed.

    `seconds` are those of the processor, `memory` is the peak in bytes.
    """

    result: str
    sentence: str = ""
    seconds: float = 0.0
    memory: int = 0


def require_sentence(said: str) -> None:
    """Check that what landseg says is one sentence, in one line of characters that can be written."""
    assert said.strip(), "it is refused without a word"
    assert len(said.splitlines()) == 1, f"not one line: {said!a:.300}"
    plain_text(said).encode()


def place_of(error: BaseException | None) -> str:
    """Return an exception in one line, with the last place in landseg or here that it came through."""
    if error is None:
        return "an unknown exception"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "landseg" in frame.filename or "scripts" in frame.filename] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else "nowhere"
    return f"{type(error).__name__} at {where}: {str(error)[:300]}".encode(errors="replace").decode()


def attempt(trial: Try, item: Any) -> Outcome:
    """Try one item in this process."""
    accidents: list[str] = []
    threading.excepthook = lambda hook: accidents.append(place_of(hook.exc_value))
    give_back_memory()
    _reset_peak()
    begun = time.process_time()
    try:
        result, sentence = trial(item)
    except Exception as error:  # noqa: BLE001 - whatever comes out of landseg is what is looked for
        result, sentence = FAILURE, place_of(error)
    seconds, peak = time.process_time() - begun, _peak_bytes()
    if accidents:
        result, sentence = FAILURE, f"in a thread: {accidents[0]}"
    elif peak > MOST_MEMORY:
        result, sentence = FAILURE, f"{peak / 1e9:.1f} GB of memory; {sentence}"
    return Outcome(result, sentence, seconds, peak)


def _reset_peak() -> None:
    """Begin to measure the peak of memory anew, where the system lets us."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next((int(line.split()[1]) for line in lines if "VmHWM" in line), 0)


def _serve(make: MakeTry, pipe: Connection, stack: str) -> None:
    """Be a child: take items, send outcomes, until there are no more; SIGUSR1 writes where it is into `stack`."""
    faulthandler.register(signal.SIGUSR1, os.open(stack, os.O_WRONLY), all_threads=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)  # GDAL tells of every damaged byte
    with make() as trial:
        limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 3 * MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        pipe.send(None)
        while (item := pipe.recv()) is not None:
            pipe.send(attempt(trial, item))


class Child:
    """A process that tries items; another takes its place when it dies, or takes longer than it may.

    `most_seconds` are those of the processor, see `PATIENCE`.
    """

    def __init__(self, make: MakeTry, most_seconds: float) -> None:
        self._make, self._most_seconds = make, most_seconds
        self._process: SpawnProcess | None = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._stack = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it is there as long as the child
        self._process = context.Process(target=_serve, args=(self._make, other, self._stack.name), daemon=True)
        self._process.start()
        other.close()
        self._pipe.recv()

    def run(self, item: Any) -> Outcome:
        """Try an item; a crash or a hang is its outcome."""
        if self._process is None:
            self._start()
        self._pipe.send(item)
        try:
            if self._answers():
                outcome: Outcome = self._pipe.recv()
                return outcome
            return self._failed(f"no end after {self._most_seconds:.0f} s of the processor: {self._where()}")
        except EOFError:
            return self._failed("the process has died")

    def _answers(self) -> bool:
        """Wait for the answer, and return whether there is one in time."""
        assert self._process is not None
        begun, process = time.monotonic(), psutil.Process(self._process.pid)
        used = sum(process.cpu_times()[:2])
        while not self._pipe.poll(0.1):
            busy = sum(process.cpu_times()[:2]) - used
            if busy > self._most_seconds or time.monotonic() - begun > PATIENCE * self._most_seconds:
                return False
        return True

    def _where(self) -> str:
        """Return where the process is just now."""
        assert self._process is not None
        os.kill(self._process.pid or 0, signal.SIGUSR1)
        time.sleep(0.5)
        return " < ".join(line.strip() for line in self._stack.read().decode().splitlines() if "landseg" in line)[:500]

    def _failed(self, reason: str) -> Outcome:
        assert self._process is not None
        self._process.kill()
        self._process.join()
        code, self._process = self._process.exitcode, None
        return Outcome(FAILURE, f"{reason} (exit code {code})")

    def end(self) -> None:
        """Let the process end."""
        if self._process is not None:
            self._pipe.send(None)
            self._process.join()
            self._pipe.close()


def try_all(make: MakeTry, items: Sequence[Any], most_seconds: float) -> Iterator[tuple[Any, Outcome]]:
    """Try all items in children; yield each with its outcome, in their order."""
    children = [Child(make, most_seconds) for _ in range(CHILDREN)]
    free = list(children)

    def work(item: Any) -> tuple[Any, Outcome]:
        child = free.pop()
        try:
            return item, child.run(item)
        finally:
            free.append(child)

    with ThreadPoolExecutor(CHILDREN) as pool:
        yield from pool.map(work, items)
    for child in children:
        child.end()


def table(rows: Iterable[tuple[str, str]], title: str, results: Sequence[str]) -> list[str]:
    """Return how often each row came to each result, as Markdown; `rows` are names with results, one for each item."""
    counted = list(rows)
    shown = [name for name in results if name == FAILURE or any(result == name for _, result in counted)]
    lines = [f"| {title} | cases | {' | '.join(shown)} |", "|---|" + "---:|" * (1 + len(shown))]
    for row in [*sorted({row for row, _ in counted}), None]:
        found = [result for name, result in counted if row in (name, None)]
        numbers = [str(found.count(result)) for result in shown]
        lines.append(f"| {'all' if row is None else row} | {len(found)} | {' | '.join(numbers)} |")
    return lines

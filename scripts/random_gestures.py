"""Goes at the window with random gestures, keys, menus and dialogs, and watches its memory, handles and threads.

    scripts/on_screen python scripts/random_gestures.py --minutes 60 --seed 1 --append build/gestures.jsonl

A run adds its samples to the file of `--append`; `--report docs/reliability.md` makes the table and the curve of all
that is in the file, without a run. A gesture that the window calls stored must be there when its project is opened
again; a traceback, an event loop that stands still for ten seconds, or a lost label ends the run with exit code 1.
Like a person, it answers a dialog before it does anything else, and starts no more while many jobs run.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from batches import add_record, batch_parser
from gesture_player import FailureError, Player
from gesture_report import write_report
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from landseg_core.allocator import tune_allocator

SAMPLE_SECONDS = 10
HANG_SECONDS = 10
TICK_SECONDS = 0.25


@dataclass(frozen=True)
class Sample:
    """What the process holds after so many gestures; `run` is the seed of the run."""

    run: int
    seconds: float
    gestures: int
    megabytes: float
    handles: int
    threads: int
    widgets: int


class Watchdog(threading.Thread):
    """Ends the process, with the stacks of all threads, where the event loop stands still for too long.

    It counts its own ticks, not the clock: they stop as well while other programs keep the machine from this one.
    """

    def __init__(self, end: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self._end = end
        self._missed = 0

    def beat(self) -> None:
        """Take note that the event loop runs."""
        self._missed = 0

    def run(self) -> None:
        while self._missed < HANG_SECONDS / TICK_SECONDS:
            time.sleep(TICK_SECONDS)
            self._missed += 1
        faulthandler.dump_traceback(all_threads=True)
        self._end(f"the event loop stands still for {HANG_SECONDS} s")


class Run:
    """One process that plays, and what it came to; `out` takes its samples and its end."""

    def __init__(self, seed: int, out: Path | None) -> None:
        self._seed, self._out = seed, out
        self._start, self._gestures, self._next_sample = time.monotonic(), 0, 0.0

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._start, 1)

    def play(self, minutes: float, count: int | None, folder: Path) -> None:
        """Play for so long, or so many gestures, and end the process."""
        tune_allocator()  # as the window does at its start
        self.player = Player(folder, self._seed)
        sys.excepthook = lambda *error: self.player.errors.append("".join(traceback.format_exception(*error)))
        watchdog, beat = Watchdog(self.end), QTimer(interval=200)
        beat.timeout.connect(watchdog.beat)
        beat.start()
        watchdog.start()
        try:
            self.player.start()
            while self.seconds < 60 * minutes and (count is None or self._gestures < count):
                self.player.play()
                self._gestures += 1
                self._take_sample()
            self.player.finish()
        except FailureError as error:
            self.end(str(error))
        except Exception:  # noqa: BLE001 - whatever it is, it counts as a traceback
            self.end(traceback.format_exc())
        self.end("")

    def _take_sample(self) -> None:
        if self.seconds >= self._next_sample:
            self._next_sample = self.seconds + SAMPLE_SECONDS
            add_record(self._out, asdict(self.sample()))

    def sample(self) -> Sample:
        process = psutil.Process()
        return Sample(
            self._seed,
            self.seconds,
            self._gestures,
            round(process.memory_info().rss / 1e6, 1),
            process.num_fds() if os.name == "posix" else process.num_handles(),
            process.num_threads(),
            len(QApplication.allWidgets()),
        )

    def end(self, problem: str) -> None:
        """Note how it ended and end at once: what a broken window leaves behind would only hang."""
        kinds = dict(self.player.done.most_common())
        told = {"end": self._seed, "gestures": self._gestures, "seconds": self.seconds}
        add_record(self._out, told | {"problem": problem, "kinds": kinds})
        print(
            f"seed {self._seed}: {self._gestures} gestures in {self.seconds:.0f} s; {problem or 'nothing went wrong'}"
        )
        print(self.sample(), kinds, flush=True)
        os._exit(bool(problem))


def run(minutes: float, count: int | None, seed: int, out: Path | None) -> None:
    """Play in a new folder, with caches and settings of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for kind in ("CACHE", "DATA", "CONFIG", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(name) / kind.lower())
        (Path(name) / "work").mkdir()
        Run(seed, out).play(minutes, count, Path(name) / "work")


def main() -> None:
    parser = batch_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--count", type=int, help="stop after so many gestures")
    options = parser.parse_args()
    faulthandler.enable()
    if options.report is not None:
        write_report(options.append, options.report)
    else:
        run(options.minutes, options.count, options.seed, options.append)


if __name__ == "__main__":
    main()

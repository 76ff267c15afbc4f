"""A command that is asked to end does so within three seconds, in one line, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from landseg_core.cli import ending, guardian

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")

BEGIN = """
import sys, time
from pathlib import Path
from landseg_core.cli import ending, guardian
from landseg_core.cli.ending import ENDING
if sys.argv[2:]:
    ending.GRACE_SECONDS = guardian.HARD_SECONDS = 600
ENDING.install()
from landseg_core import children
from landseg_core.leftovers import note_made, scratch_folder, unfinished_path
from landseg_core.output_files import OutputFiles, made_folder
ENDING.tell_of_leftovers()
place = Path(sys.argv[1])

def ready():
    print("ready", flush=True)

"""
WAITS = {
    "python": "for _ in range(10**12): pass",
    "free": "time.sleep(60)",
    "locked": "sum(range(10**12))",  # like some calls into GDAL it keeps Python's lock
}
OUTPUT = """
with ENDING.orderly(), made_folder(place / "maps"), OutputFiles() as outputs, scratch_folder(place / "maps") as scratch:
    outputs.add(place / "maps" / "map.tif").write_text("half")
    (scratch / "x").write_text("half")
    ready()
    {wait}
"""


def started(program: str, place: Path, *, patient: bool = False) -> subprocess.Popen[str]:
    """Start a program and wait until it is ready; a `patient` one gives long work ten minutes to end in order."""
    command = [sys.executable, "-c", BEGIN + program, str(place), *(["patient"] if patient else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str], *signals: int) -> tuple[int, str]:
    """Send signals; return the exit code and what was said on stderr. Ten seconds are many even on a busy machine."""
    family = psutil.Process(process.pid).children(recursive=True)
    for number in signals:
        process.send_signal(number)
    _, said = process.communicate(timeout=10)
    _, alive = psutil.wait_procs(family, timeout=5)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    return process.returncode, said


def test_the_longest_end_takes_three_seconds() -> None:
    assert ending.GRACE_SECONDS + ending.COMMIT_SECONDS + ending.DISMISSAL_SECONDS <= 3
    assert guardian.HARD_SECONDS + guardian.BY_SIGNAL_SECONDS <= 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_between_pieces_of_work_it_ends_at_once(number: int, code: int, tmp_path: Path) -> None:
    process = started(f"ready()\n{WAITS['python']}", tmp_path, patient=True)
    assert ended(process, number) == (code, "landseg: stopped\n")


@pytest.mark.parametrize(("wait", "codes"), [("free", {143}), ("locked", {143, -signal.SIGTERM})])
def test_nothing_unfinished_stays_of_work_that_does_not_listen(wait: str, codes: set[int], tmp_path: Path) -> None:
    """A call with Python's lock can only be ended by the system, which shells report as 143 just the same."""
    code, said = ended(started(OUTPUT.format(wait=WAITS[wait]), tmp_path), signal.SIGTERM)
    assert code in codes
    assert said == "landseg: stopped\n"
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_ends_it_at_once_and_clears_away_as_well(tmp_path: Path) -> None:
    process = started(OUTPUT.format(wait="time.sleep(60)"), tmp_path, patient=True)
    code, said = ended(process, signal.SIGINT, signal.SIGTERM, signal.SIGINT)
    assert code in {130, 143, -signal.SIGINT, -signal.SIGTERM}
    assert said == "landseg: stopped\n"
    assert list(tmp_path.iterdir()) == []


def test_work_that_listens_ends_in_order(tmp_path: Path) -> None:
    program = """
from landseg_core.cli import app, main
from landseg_core.cli.jobs import run_job

def work(on_event, control):
    ready()
    try:
        while True:
            control.checkpoint()
            time.sleep(0.01)
    finally:
        (place / "in order").touch()

app.app = lambda: run_job(work)
ENDING.finish(main.run())
"""
    process = started(program, tmp_path, patient=True)
    assert ended(process, signal.SIGINT) == (130, "landseg: stopped\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in order"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_it(number: int, tmp_path: Path) -> None:
    program = """
with children.child_process([sys.executable, "-c", "import time; time.sleep(60)"]), ENDING.orderly():
    ready()
    sum(range(10**12))
"""
    assert ended(started(program, tmp_path), number)[1] == "landseg: stopped\n"


def test_an_error_of_landseg_shows_its_traceback_alone(tmp_path: Path) -> None:
    process = started("ready()\nraise RuntimeError('a bug')", tmp_path)
    _, said = process.communicate(timeout=10)
    assert said.endswith("RuntimeError: a bug\n")


def test_what_fails_because_it_was_stopped_shows_no_traceback(tmp_path: Path) -> None:
    program = """
with ENDING.orderly():
    ready()
    while ENDING.code is None:
        time.sleep(0.001)
    raise RuntimeError("a thread has lost its file")
"""
    assert ended(started(program, tmp_path), signal.SIGTERM) == (143, "landseg: stopped\n")


def test_results_that_are_finished_get_to_their_places_together(tmp_path: Path) -> None:
    program = """
from landseg_core import output_files

def slow(self, path, unfinished, new, rename_one=OutputFiles._rename):
    rename_one(self, path, unfinished, new)
    ready()
    time.sleep(0.1)

OutputFiles._rename = slow
with OutputFiles() as outputs:
    for name in "ab":
        outputs.add(place / name).write_text("whole")
time.sleep(60)
"""
    process = started(program, tmp_path)
    assert ended(process, signal.SIGTERM)[0] == 143
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_command_that_is_not_asked_ends_as_it_would(tmp_path: Path) -> None:
    process = started("ready()\nENDING.finish(7)", tmp_path)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 7

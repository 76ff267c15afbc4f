from __future__ import annotations

import signal
import subprocess
import sys

import pytest

HELD_UP = """
import os, signal, time
from landseg_core.cli import guardian

guardian.HARD_SECONDS = 0.0
command = os.getpid()
signals, notes, echo = os.pipe(), os.pipe(), os.pipe()
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
if os.fork() == 0:
    os.write(signals[1], bytes([signal.SIGINT]))
    guardian.Guardian(signals[0], notes[0], echo[1], command).watch()
    os._exit(0)
time.sleep(0.2)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
time.sleep(10)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the guardian is for systems that can fork")
def test_a_command_that_a_busy_computer_does_not_let_run_still_dies_of_its_signal() -> None:
    assert subprocess.run([sys.executable, "-c", HELD_UP], check=False).returncode == -signal.SIGINT

"""The command `landseg`: from its start to its exit code.

0 done, 1 expected failure (one sentence on stderr), 2 wrong usage, 130 ended by Ctrl+C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

# All else is imported inside the functions: until `ENDING` is installed, a signal meets no more than these lines.

_LONGEST_SHOWN = 4096


def main() -> None:
    """Run `landseg` and end the process with its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_at_once)  # nothing has begun yet
    from landseg_core.cli.ending import ENDING

    ENDING.install()  # before anything that takes time to import
    from landseg_core.raster.files.offline import keep_program_offline

    keep_program_offline()
    try:
        code = run()
    except SystemExit as end:  # wrong usage
        code = end.code if isinstance(end.code, int) else 2
    ENDING.finish(code)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    os.write(2, b"landseg: stopped\n")
    os._exit(128 + number)


def run() -> int:
    """Run the command in `sys.argv` and return its exit code; wrong usage leaves by `SystemExit` 2."""
    from landseg_core.cli.app import app
    from landseg_core.cli.ending import ENDING
    from landseg_core.cli.output import sentence_of
    from landseg_core.errors import JobStopped, LandsegError

    ENDING.tell_of_leftovers()
    try:
        app()
    except LandsegError as error:
        return _fail(sentence_of(error))
    except JobStopped:
        ENDING.say()
        return ENDING.code or 130
    except OSError as error:
        # An unforeseen OSError still names its file and its reason; a traceback would help nobody.
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}; check the path, permissions and space")
    except UnicodeEncodeError as error:
        return _fail(_unwritable_text(error))
    except MemoryError:
        return _fail("this computer has not enough memory; close other programs, or choose a smaller tile")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _unwritable_text(error: UnicodeEncodeError) -> str:
    """Return the sentence for a name that is not UTF-8, where it was given to what takes no other.

    Raises:
        UnicodeEncodeError: it was about something else, an error of landseg.
    """
    from landseg_core.leftovers import UNFINISHED

    if not any("\udc80" <= letter <= "\udcff" for letter in error.object):
        raise error
    name = error.object.partition(UNFINISHED)[0]
    shown = name if len(name) < _LONGEST_SHOWN else "a file"
    return f"{shown} has a name that is not UTF-8, which cannot be used here; rename the file or its folder"


def _fail(sentence: str) -> int:
    from landseg_core.cli.ending import ENDING
    from landseg_core.plain_text import plain_text

    if ENDING.code is None:  # what fails because it was stopped says so
        sys.stderr.write(f"landseg: {plain_text(sentence)}\n")
    return 1

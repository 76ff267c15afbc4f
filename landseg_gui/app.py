"""`landseg-gui`: starts the window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from landseg_core.allocator import tune_allocator
from landseg_core.cli.ending import ENDING
from landseg_core.raster.files.offline import keep_program_offline
from landseg_gui.torch_libraries import load_before_qt


def main(argv: Sequence[str] | None = None) -> int:
    """Show the window, open the files named on the command line, and return the exit code when it is closed.

    Started as a program, without `argv`, it closes in order on Ctrl+C and SIGTERM, and ends the process.
    """
    if argv is None:
        ENDING.install()  # before anything that takes time to import
        ENDING.tell_of_leftovers()
    code = _run(argv)
    if argv is None:
        ENDING.finish(code)
    return code


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    keep_program_offline()
    tune_allocator()  # before the first thread: jobs run their networks in threads
    load_before_qt()
    from landseg_gui import startup  # brings Qt, which has to come after torch's libraries

    return startup.run([Path(name) for name in arguments.files])


def _parser() -> argparse.ArgumentParser:
    from landseg_core import __version__

    parser = argparse.ArgumentParser(prog="landseg-gui", description="From image to land-cover map.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="an image and its masks, or a project")
    parser.add_argument("--version", action="version", version=f"landseg {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())

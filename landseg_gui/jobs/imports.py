"""Imports large libraries in a job's thread without blocking the window."""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType


def import_undisturbed(name: str) -> ModuleType:
    """Import `name` while Python's garbage collector is off.

    Importing torch makes a million objects. The collector would go through all of them several times meanwhile, each
    time for 100 ms and more in which no other thread runs. Modules live as long as the program, so later collections
    need not look at what exists now either. That is so at the first import only: what the window releases later must
    not be kept with each further one.
    """
    if name in sys.modules:
        return importlib.import_module(name)  # it may still be under way in another thread
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()

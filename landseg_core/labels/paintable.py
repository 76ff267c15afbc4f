"""Which labels may be painted over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from landseg_core.labels.classes import UNLABELLED

Paintable = npt.NDArray[np.bool_]
"""(256,) bool by present class value: False where that value may not be replaced."""


def paintable(locked: Iterable[int] = (), only_unlabelled: bool = False) -> Paintable:
    """Return which present values may be painted over: not those of `locked` classes, or only unlabelled pixels."""
    table = np.full(256, not only_unlabelled)
    table[UNLABELLED] = True
    table[list(locked)] = False
    return table


def _everything() -> Paintable:
    table = paintable()
    table.flags.writeable = False
    return table


EVERYTHING = _everything()

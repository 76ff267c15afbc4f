"""The same work on several items: a failure with one need not end the work on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from landseg_core.errors import LandsegError
from landseg_core.events import ItemFailed, OnEvent

Item = TypeVar("Item")


class Batch:
    """Reports items that fail and continues; with `single`, the first error is raised."""

    def __init__(self, on_event: OnEvent, *, single: bool) -> None:
        self._single, self._on_event = single, on_event
        self.failed = 0

    def done(self, items: Iterable[Item], work: Callable[[Item], object]) -> list[Item]:
        """Do `work` on each of the items, and return those for which it succeeded."""
        return [item for item in items if self._succeeds(partial(work, item))]

    def _succeeds(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except LandsegError as error:
            if self._single:
                raise
            self.failed += 1
            self._on_event(ItemFailed(error))
            return False
        return True

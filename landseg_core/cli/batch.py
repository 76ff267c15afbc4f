"""The same work for several things: what fails for one does not end the work on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import typer

from landseg_core.errors import LandsegError
from landseg_core.events import ItemFailed, OnEvent

Item = TypeVar("Item")


class Batch:
    """Says what fails, and goes on; where there is one thing only, its failure is that of the command."""

    def __init__(self, size: int, on_event: OnEvent) -> None:
        self._single, self._on_event = size == 1, on_event
        self.failed = 0

    def done(self, items: Iterable[Item], work: Callable[[Item], object]) -> list[Item]:
        """Do `work` on each of the items, and return those with which it went well."""
        return [item for item in items if self._went_well(partial(work, item))]

    def _went_well(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except LandsegError as error:
            if self._single:
                raise
            self.failed += 1
            self._on_event(ItemFailed(str(error)))
            return False
        return True

    def end(self) -> None:
        """End the command with exit code 1 where something failed.

        Raises:
            typer.Exit: so it is.
        """
        if self.failed:
            raise typer.Exit(1)

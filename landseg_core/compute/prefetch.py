"""Prefetches the input of the network in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetcher(Generic[Item]):
    """Iterates over `items`, of which a thread makes up to `ahead` in advance; what it raises is raised here.

    A context manager: leaving it drops what was made in advance and waits for the item in progress, so no thread is
    left. A thread and not a process: readers spend their time in GDAL, which releases Python's lock, and a process
    forked from one that runs Qt does not live long.
    """

    def __init__(self, items: Iterable[Item], ahead: int) -> None:
        self._items = iter(items)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landseg-prefetch")
        self._coming: deque[Future[list[Item]]] = deque()
        for _ in range(ahead):
            self._order()

    def __enter__(self) -> Prefetcher[Item]:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Item]:
        while made := self._coming.popleft().result():
            self._order()
            yield made.pop()  # so that nothing here holds an item that is done with

    def _order(self) -> None:
        self._coming.append(self._thread.submit(self._make))

    def _make(self) -> list[Item]:
        """Return the next item in a list, which is empty at the end."""
        for item in self._items:
            return [item]
        return []

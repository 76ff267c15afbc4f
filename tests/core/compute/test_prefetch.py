from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from landseg_core.compute.prefetch import Prefetcher


def test_gives_the_items_in_order() -> None:
    with Prefetcher(range(100), ahead=3) as items:
        assert list(items) == list(range(100))


def test_works_ahead_but_only_so_far() -> None:
    made: list[int] = []
    reached = threading.Event()

    def count() -> Iterator[int]:
        for number in itertools.count():
            made.append(number)
            if number == 3:
                reached.set()
            yield number

    with Prefetcher(count(), ahead=3) as items:
        assert next(iter(items)) == 0
        assert reached.wait(10)
    assert made == [0, 1, 2, 3]


def test_an_error_of_the_thread_surfaces_where_its_item_would() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with Prefetcher(broken(), ahead=2) as items:
        iterator = iter(items)
        assert next(iterator) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(iterator)


def test_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())  # threads of other tests may still be ending
    with Prefetcher(itertools.count(), ahead=2) as items:
        assert next(iter(items)) == 0
        assert len(set(threading.enumerate()) - before) == 1
    assert not set(threading.enumerate()) - before

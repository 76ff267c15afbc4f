"""Dataset handles: leased to one thread at a time, limited in number, and never on an outdated file."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WAIT_SECONDS = 5.0


class IdleHandles:
    """The handles that nobody reads through just now, at most `limit` (None: any number); those idle longest close.

    Many rasters may share it, so that the number of open files does not grow with the number of rasters.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[HandlePool, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._idle)

    def put(self, pool: HandlePool, handle: Any) -> None:
        """Keep a handle of `pool` for its next reader; the handle that has been idle longest may be closed instead."""
        with self._lock:
            self._idle[id(handle)] = pool, handle
            surplus = self._surplus()
        for other in surplus:
            other.close()

    def _surplus(self) -> list[Any]:
        over = 0 if self._limit is None else max(0, len(self._idle) - self._limit)
        return [self._idle.popitem(last=False)[1][1] for _ in range(over)]

    def take(self, pool: HandlePool) -> Any | None:
        """Return the handle of `pool` that was used last, or None."""
        with self._lock:
            key = next((key for key, (owner, _) in reversed(self._idle.items()) if owner is pool), None)
            return None if key is None else self._idle.pop(key)[1]

    def close_those_of(self, pool: HandlePool) -> None:
        """Close all idle handles of `pool`."""
        while (handle := self.take(pool)) is not None:
            handle.close()


_POOLS: weakref.WeakSet[HandlePool] = weakref.WeakSet()
_POOLS_LOCK = threading.Lock()


class HandlePool:
    """Dataset handles of one raster: never more than there are threads that read at once.

    `files` are those that a handle holds open; `is_outdated` returns whether one of them has been replaced since.
    """

    def __init__(
        self,
        open_handle: Callable[[], Any],
        idle: IdleHandles | None = None,
        files: Iterable[Path] = (),
        is_outdated: Callable[[], bool] = lambda: False,
    ) -> None:
        self._open = open_handle
        self._idle = IdleHandles() if idle is None else idle
        self.files = frozenset(files)
        self.is_outdated = is_outdated
        self._changed = threading.Condition()
        self._leased = 0
        self._closed = self._retired = False
        with _POOLS_LOCK:
            _POOLS.add(self)

    @property
    def closed(self) -> bool:
        """Return whether no more handles are leased."""
        return self._closed

    @contextmanager
    def lease(self) -> Iterator[Any]:
        """Lease a handle for the duration of a `with` block."""
        with self._changed:
            self._leased += 1
        handle = None
        try:
            handle = self._idle.take(self)
            if handle is None:
                handle = self._open()
            yield handle
        finally:
            self._return(handle)

    def _return(self, handle: Any | None) -> None:
        if handle is not None:
            self._idle.put(self, handle)
        if self._closed or self._retired:
            self.release()
        with self._changed:
            self._leased -= 1
            self._changed.notify_all()

    def release(self) -> None:
        """Close the idle handles; the next reader opens another."""
        self._idle.close_those_of(self)

    def close(self) -> None:
        """Close all handles: idle ones now, leased ones when they are returned."""
        self._closed = True
        self.release()

    def retire(self) -> None:
        """Close the handles for good, since their files are outdated, and wait for those that are leased."""
        self._retired = True
        self.release()
        with self._changed:
            self._changed.wait_for(lambda: not self._leased, _WAIT_SECONDS)


def retire_outdated(files: Iterable[Path]) -> None:
    """Close every handle in this process that holds a replaced version of one of `files` open.

    Behind a VRT, GDAL shares open files by name: as long as one handle holds a file that has been replaced, a new one
    would read the old pixels.
    """
    wanted = frozenset(files)
    with _POOLS_LOCK:
        pools = [pool for pool in _POOLS if not pool.closed and wanted & pool.files]
    for pool in pools:
        if pool.is_outdated():
            pool.retire()

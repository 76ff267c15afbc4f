"""JSON records that are nearly right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

_ODD_NUMBERS = 0, -1, 1e-9, 1e300, float("nan"), float("inf"), 2**70, 10**400
_ODD_TEXTS = (
    "",
    "x",
    "\ud800",
    "\x1b[31m",
    "a\nb",
    "\0",
    "9" * 400,
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
)
_ODD = None, True, [], {}, [1] * 3, [[0, 0]], {"a": "b"}, *_ODD_NUMBERS, *_ODD_TEXTS


def damaged(record: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of what JSON holds in place of `record`: one part of it, however deep, is odd or gone."""
    paths = list(_paths(record))
    return st.builds(lambda path, odd: _with(record, path, odd), st.sampled_from(paths), st.sampled_from((..., *_ODD)))


def _paths(record: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    keys = record if isinstance(record, dict) else range(min(2, len(record))) if isinstance(record, list) else ()
    for key in keys:
        yield from _paths(record[key], (*path, key))


def _with(record: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """Return `record` with `odd` at `path`; an ellipsis stands for removing it."""
    if not path:
        return None if odd is ... else odd
    copy = record.copy()
    if odd is ... and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _with(record[path[0]], path[1:], odd)
    return copy

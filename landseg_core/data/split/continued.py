"""Splits labels for a run that is fine-tuned from another: what was trained on must never validate it.

Areas that an earlier run has assigned to training or validation keep that, whatever is labelled there now. Only new
areas are split, by blocks on the same grid, so that about a fifth of all labels validates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from landseg_core.data.split.buffers import BUFFER, apply_buffer
from landseg_core.data.split.label_grid import LabelGrid, LabelTile, count_cells
from landseg_core.data.split.label_regions import LabelRegion, Size, blocks, counts_of
from landseg_core.data.split.spatial import CELL, FINE_CELL, AssignedParts, choose_blocks, split_of
from landseg_core.data.split.splits import EmptySetError, Split, SplitAssignment
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_

SPLIT_IGNORED = N_(
    "the split by whole images is ignored: areas of the earlier run keep their use for training or validation, and new "
    "areas are split by blocks"
)


def continued_split(
    read_tiles: Callable[[], Iterable[LabelTile]],
    sizes: Sequence[Size],
    schema: ClassSchema,
    seed: int,
    chip: int,
    known: SplitAssignment,
    *,
    buffer: int = BUFFER,
) -> Split:
    """Split labels as `label_split` does, except for `known` areas, which keep their assignment.

    The assignment of the split then holds all that is known, also parts that hold no labels any more. Nothing
    validates within the buffer of what an earlier run was trained on.

    Raises:
        EmptySetError: there are no labels to train on, or none to validate on.
    """
    cells = count_cells(read_tiles(), schema, _cell_side(known))
    assigned = [part for own in cells.by_image() for part in _parts(own, sizes, known)]
    trains = [(number, window) for number, window, validates in known.parts if not validates]
    how: dict[str, Any] = {"read_tiles": read_tiles, "buffer": buffer, "schema": schema, "trains": trains}
    split = split_of(_chosen(assigned, seed), sizes, chip, known.block, **how)
    split = replace(split, val=tuple(apply_buffer(split.val, known.trained, split.buffer)))
    _require_both(split)
    return replace(split, assignment=_joined(known, split.assignment))


def _joined(known: SplitAssignment, own: SplitAssignment) -> SplitAssignment:
    parts, trained = ((*before, *now) for before, now in ((known.parts, own.parts), (known.trained, own.trained)))
    return SplitAssignment(known.block, tuple(dict.fromkeys(parts)), tuple(dict.fromkeys(trained)))


def _cell_side(known: SplitAssignment) -> int:
    """Return a side of cells that no edge of a known part divides; for blocks it is the coarse one."""
    corners = (corner for _, window, _ in known.parts for corner in (window.x, window.y))
    return FINE_CELL if any(corner % CELL for corner in corners) else CELL


def _parts(cells: LabelGrid, sizes: Sequence[Size], known: SplitAssignment) -> list[tuple[LabelRegion, bool | None]]:
    """Return the parts of an image that hold labels, and whether they validate: None where that is to be chosen."""
    image = int(cells.image[0])
    found: list[tuple[LabelRegion, bool | None]] = []
    beyond = np.ones(len(cells.image), np.bool_)
    for window, validates in [(window, at) for number, window, at in known.parts if number == image]:
        inside = _inside(cells, window)
        beyond &= ~inside
        if inside.any():
            found.append((LabelRegion(window, cells.where(inside)), validates))
    if beyond.any():
        rest = LabelRegion(PixelWindow(0, 0, *sizes[image]), cells.where(beyond))
        return [*found, *((block, None) for block in blocks(rest, sizes[image], known.block))]
    return found


def _inside(cells: LabelGrid, window: PixelWindow) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    x, y = cells.column * cells.side, cells.row * cells.side
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        (window.x <= x) & (x < window.right) & (window.y <= y) & (y < window.bottom)
    )
    return inside


def _chosen(assigned: Sequence[tuple[LabelRegion, bool | None]], seed: int) -> AssignedParts:
    """Return the parts and whether they validate, chosen for new blocks so that about a fifth of all labels does."""
    parts = [part for part, _ in assigned]
    if not parts:
        return []
    kept = np.array([validates is True for _, validates in assigned])
    fixed = np.array([validates is not None for _, validates in assigned])
    rng = np.random.Generator(np.random.Philox(seed))
    return list(zip(parts, choose_blocks(counts_of(parts), rng, kept, fixed).tolist(), strict=True))


def _require_both(split: Split) -> None:
    """Check that there is something to train on and to validate on.

    Raises:
        EmptySetError: there is not.
    """
    if not split.train:
        raise EmptySetError(
            N_(
                "no labels are left to train on: all are in validation areas of the earlier run, which are kept so "
                "that the accuracy stays reliable; label some new areas a few hundred pixels apart, or start a new run"
            )
        )
    if not split.val:
        raise EmptySetError(
            N_(
                "no labels are left to validate on: all are in training areas of the earlier run, which are kept so "
                "that the accuracy stays reliable; label some new areas a few hundred pixels apart, or start a new run"
            )
        )

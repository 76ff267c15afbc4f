"""What stands beside an accuracy so that it deceives nobody: one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.data.checks import never_validated
from landseg_core.data.lists import shortened
from landseg_core.data.split.splits import ENOUGH_PIXELS
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.rates import class_divisors, rates

DEAD_IOU = 0.01
"""A class below this IoU is as good as not mapped."""
FEW_BLOCKS = 30
"""Under this many blocks, percentile intervals cover the truth noticeably less often than they say."""
FEW_PIXELS = 20_000
"""Under this many labelled px (a square of 140 px), the figures tell of one spot, however small the blocks."""


def figure_warnings(blocks: BlockCounts, names: Sequence[str], trained: Sequence[bool]) -> tuple[str, ...]:
    """Return what the user should know beside the figures of `blocks`; `trained` tells which classes were learnt."""
    counts = blocks.matrix.counts
    told = (_dead(counts, names), _never_validated(counts, names, trained), _scarce(counts, names), _small(blocks))
    return tuple(sentence for sentences in told for sentence in sentences)


def _dead(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[str]:
    divisors, iou = class_divisors(counts), rates(counts).iou
    present = divisors["producers"] > 0
    never = _named(names, present & (divisors["users"] == 0))
    hardly = _named(names, present & (divisors["users"] > 0) & (np.nan_to_num(iou, nan=1.0) < DEAD_IOU))
    if never:
        yield f"{shortened(never)}: labelled, but never predicted; the accuracy hides it"
    if hardly:
        yield f"{shortened(hardly)}: labelled, but hardly ever found (IoU under {DEAD_IOU}); the accuracy hides it"


def _never_validated(counts: npt.NDArray[np.int64], names: Sequence[str], trained: Sequence[bool]) -> Iterator[str]:
    unseen = _named(names, np.asarray(trained, np.bool_) & (counts.sum(axis=1) == 0))
    if unseen:
        yield never_validated(unseen)


def _scarce(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[str]:
    truth = counts.sum(axis=1)
    scarce = _named(names, (truth > 0) & (truth < ENOUGH_PIXELS))
    if scarce:
        each, whose = (" each", "their") if len(scarce) > 1 else ("", "its")
        yield f"fewer than {ENOUGH_PIXELS} validation pixels{each}: {shortened(scarce)}; {whose} figures mean little"


def _small(blocks: BlockCounts) -> Iterator[str]:
    number, pixels = len(blocks.counts), int(blocks.counts.sum())
    if number < FEW_BLOCKS or pixels < FEW_PIXELS:
        yield (
            f"the figures come from {pixels:,} labelled pixels in {number} block{'s' * (number != 1)} of "
            f"{blocks.side} px: too little ground to rely on; label more of it to validate on"
        )


def _named(names: Iterable[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [name for name, one in zip(names, chosen.tolist(), strict=True) if one]

"""Warnings that are shown with an accuracy where it would be misleading: one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from landseg_core.data.checks import never_validated
from landseg_core.data.lists import shortened
from landseg_core.data.split.splits import ENOUGH_PIXELS
from landseg_core.messages import N_
from landseg_core.metrics.blocks import BlockCounts
from landseg_core.metrics.rates import class_divisors, rates

DEAD_IOU = 0.01
"""A class below this IoU is practically not mapped."""
FEW_BLOCKS = 30
"""With fewer blocks, percentile intervals contain the true value noticeably less often than they claim."""
FEW_PIXELS = 20_000
"""With fewer labelled px (a square of 140 px), the metrics describe one spot, however small the blocks."""


LARGE_SHARE, UNEVEN = 0.1, 3.0
"""A class with at least this share of the map is named where the labels have less than a third of that share."""


def evaluation_warnings(blocks: BlockCounts, names: Sequence[str], trained: Sequence[bool]) -> tuple[str, ...]:
    """Return what the user should know about the metrics of `blocks`; `trained`: which classes the model knows."""
    counts = blocks.matrix.counts
    found = (_dead(counts, names), _never_validated(counts, names, trained), _scarce(counts, names), _small(blocks))
    return tuple(sentence for sentences in found for sentence in sentences)


def _dead(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[str]:
    divisors, iou = class_divisors(counts), rates(counts).iou
    present = divisors["producers"] > 0
    never = _named(names, present & (divisors["users"] == 0))
    hardly = _named(names, present & (divisors["users"] > 0) & (np.nan_to_num(iou, nan=1.0) < DEAD_IOU))
    if never:
        yield N_("{classes}: labelled, but never predicted; the overall accuracy hides this", classes=shortened(never))
    if hardly:
        yield N_(
            "{classes}: labelled, but hardly ever found (IoU below {iou}); the overall accuracy hides this",
            classes=shortened(hardly),
            iou=DEAD_IOU,
        )


def _never_validated(counts: npt.NDArray[np.int64], names: Sequence[str], trained: Sequence[bool]) -> Iterator[str]:
    unseen = _named(names, np.asarray(trained, np.bool_) & (counts.sum(axis=1) == 0))
    if unseen:
        yield never_validated(unseen)


def _scarce(counts: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[str]:
    truth = counts.sum(axis=1)
    scarce = _named(names, (truth > 0) & (truth < ENOUGH_PIXELS))
    if scarce:
        yield N_(
            "too few validation pixels for reliable metrics (fewer than {enough}): {classes}",
            enough=ENOUGH_PIXELS,
            classes=shortened(scarce),
        )


def _small(blocks: BlockCounts) -> Iterator[str]:
    number, pixels = len(blocks.counts), int(blocks.counts.sum())
    if number < FEW_BLOCKS or pixels < FEW_PIXELS:
        yield N_(
            "validation covers only {pixels:,} labelled pixels (%n blocks of {side} px), too few for reliable metrics; "
            "label more areas",
            n=number,
            one="validation covers only {pixels:,} labelled pixels (1 block of {side} px), too few for reliable "
            "metrics; label more areas",
            pixels=pixels,
            side=blocks.side,
        )


def share_warnings(map_shares: Sequence[float], label_px: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Return a warning for each class with much of the map and few of the labels; shares of the map are 0-1."""
    total = max(1, sum(label_px))
    return tuple(
        N_(
            "{name} has about {map_share:.0%} of the map, but {label_share:.0%} of the labels; label more of it",
            name=name,
            map_share=round(map_share, 1),
            label_share=pixels / total,
        )
        for name, map_share, pixels in zip(names, map_shares, label_px, strict=True)
        if map_share >= LARGE_SHARE and pixels / total < map_share / UNEVEN
    )


def _named(names: Iterable[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [name for name, one in zip(names, chosen.tolist(), strict=True) if one]

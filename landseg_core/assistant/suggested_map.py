"""A suggestion as a map that can be accepted: at full resolution, with its confidence in percent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.image_assistant import SuggestedView
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.edit import paintable
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.project.acceptance import Predicted
from landseg_core.project.map_on_image import EnlargedMap


def as_prediction(found: SuggestedView, image: PixelWindow, classes: ClassSchema) -> Predicted:
    """Return a suggestion for an image of this window as a prediction of the `classes`: no pixel is shifted.

    Raises:
        ValueError: it lies beyond the image.
    """
    scale, part = 1 << found.level, found.window
    window = PixelWindow(part.x * scale, part.y * scale, part.width * scale, part.height * scale).intersection(image)
    if window is None:
        raise ValueError("a suggestion lies on its image")
    percent = np.rint(found.confidence / 255 * 100).astype(np.uint8)
    values, confidence = (EnlargedMap(each, scale, window) for each in (found.values, percent))
    return Predicted(values, classes, confidence)


@dataclass(frozen=True, eq=False)
class AcceptableCounts:
    """How many px of a part of an image accepting a suggestion would label, by its confidence.

    Attributes:
        unlabelled: (101,) px without a label, by confidence in %.
        labelled: (101,) px whose label would change.
        total: px of the part.
    """

    unlabelled: npt.NDArray[np.int64]
    labelled: npt.NDArray[np.int64]
    total: int

    def above(self, percent: int, *, only_unlabelled: bool) -> int:
        """Return how many px have at least this confidence and may be labelled."""
        counts = self.unlabelled if only_unlabelled else self.unlabelled + self.labelled
        return int(counts[percent:].sum())


def acceptable_counts(
    found: SuggestedView, labels: LabelRaster, view: PixelWindow, locked: Iterable[int] = ()
) -> AcceptableCounts:
    """Count what a suggestion would label in a `view` (px of the image); at a coarse level, by its pixels."""
    part = _at_level(view, found.level).intersection(found.window)
    nothing = np.zeros(101, np.int64)
    if part is None:
        return AcceptableCounts(nothing, nothing, view.pixels)
    inside = part.shifted(-found.window.x, -found.window.y).slices()
    values, percent = found.values[inside], np.rint(found.confidence[inside] / 255 * 100).astype(np.int64)
    present = labels.read(part, found.level)
    free = (values != UNLABELLED) & (present == UNLABELLED)
    other = (values != UNLABELLED) & (present != UNLABELLED) & (present != values) & paintable(locked)[present]
    each = 1 << 2 * found.level
    unlabelled, labelled = (np.bincount(percent[where], minlength=101) * each for where in (free, other))
    return AcceptableCounts(unlabelled, labelled, view.pixels)


def _at_level(window: PixelWindow, level: int) -> PixelWindow:
    """Return the pixels of a level that hold a window of the image."""
    x, y = window.x >> level, window.y >> level
    return PixelWindow(x, y, -(-window.right >> level) - x, -(-window.bottom >> level) - y)

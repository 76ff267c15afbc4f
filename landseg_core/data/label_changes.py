"""Label changes since an earlier run: pixels that it did not know, or knew as another class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from landseg_core.data.areas import LabelledArea
from landseg_core.data.reader import AreaReader, Labels
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema

if TYPE_CHECKING:
    from landseg_core.data.training_data import TrainingData


@dataclass(frozen=True)
class PreviousLabels:
    """The labels that an earlier run saw: their classes, and the mask of each image that had some, by its image."""

    schema: ClassSchema
    masks: Mapping[Path, Path]


class LabelChanges:
    """Reads labels, but only those that are new or differ from the previous ones; the rest counts as unlabelled.

    Labels are the same where their class has the same value, so a class under a new name is no change.
    """

    def __init__(self, data: TrainingData, reader: AreaReader, previous: PreviousLabels) -> None:
        self._reader, self._masks = reader, previous.masks
        self._before = replace(data, schema=previous.schema, values=()).reader()
        self._index_now = data.schema.index_table()[previous.schema.value_table()]

    def read_labels(self, area: LabelledArea, window: PixelWindow) -> Labels:
        """Return the (H, W) class indices of label changes in a `window` inside the area, else 255.

        Raises:
            RasterError: a mask cannot be read.
            DatasetError: a mask holds a value that no class has.
        """
        now = self._reader.read_labels(area, window)
        mask = self._masks.get(area.image)
        if mask is None:
            return now
        before = self._index_now[self._before.read_labels(replace(area, mask=mask), window)]
        return np.where(now == before, np.uint8(UNLABELLED), now)

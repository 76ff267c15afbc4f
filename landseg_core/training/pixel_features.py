"""What single pixels of chips look like to a teacher: filters, and the first levels of a pretrained encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from landseg_core.assistant.encoder import EncoderFeatures
from landseg_core.assistant.filters import filter_count
from landseg_core.assistant.last_layer import filters_at, interpolated

Floats = npt.NDArray[np.float32]
Coordinates = npt.NDArray[np.floating]


class PixelFeatures:
    """Computes features on the CPU; safe from any thread. Without an `encoder` they are filters alone.

    Attributes:
        filters: how many of the features are filters; these come first.
    """

    def __init__(self, bands: int, encoder: EncoderFeatures | None) -> None:
        self.filters = filter_count(bands)
        self._encoder = encoder

    def at(self, chip: Floats, columns: Coordinates, rows: Coordinates) -> Floats:
        """Return the (N, F) features of a normalised (C, H, W) chip at positions, whose pixels have centres at 0.5."""
        return np.concatenate([*filters_at(chip, columns, rows), *self._levels(chip, columns, rows)], axis=1)

    def _levels(self, chip: Floats, columns: Coordinates, rows: Coordinates) -> Iterator[Floats]:
        if self._encoder is not None:
            for found in self._encoder.maps(chip, np.ones(chip.shape[1:], np.bool_)):
                yield interpolated(torch.from_numpy(found.values)[None], columns / found.stride, rows / found.stride)

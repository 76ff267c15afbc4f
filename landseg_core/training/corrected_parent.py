"""A parent model whose scores are changed so that they agree with the labels of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from landseg_core.assistant.corrections import LastLayerRows, fit_correction
from landseg_core.assistant.last_layer import interpolated
from landseg_core.assistant.linear import softmax
from landseg_core.training.network import Network
from landseg_core.training.pixel_features import Coordinates, Floats

NEVER = -10.0
"""The score of a class that is nowhere predicted."""


@dataclass(frozen=True, eq=False)
class ParentMaps:
    """What goes into the last layer of the parent for a chip, (F, h, w), and the (K, h, w) scores that come out.

    `size` is the height and width of the chip in px.
    """

    inputs: torch.Tensor
    scores: torch.Tensor
    size: tuple[int, int]

    def at(self, columns: Coordinates, rows: Coordinates) -> LastLayerRows:
        """Return both at positions in px of the chip."""
        return LastLayerRows(
            *(
                interpolated(
                    values[None], columns * values.shape[2] / self.size[1], rows * values.shape[1] / self.size[0]
                )
                for values in (self.inputs, self.scores)
            )
        )


class CorrectedParent:
    """A frozen copy of a model to fine-tune, and what is added to its scores; at first nothing is.

    The change is that of a correction head, see `corrections`: linear in what goes into the last layer and in filters.
    """

    def __init__(self, network: Network, new: Sequence[int]) -> None:
        """Copy `network`; the classes with the indices `new`, which it does not know, are predicted nowhere."""
        self._network = network.frozen()
        head = self._network.model.get_submodule("head")
        assert isinstance(head, nn.Conv2d)
        assert head.bias is not None
        with torch.no_grad():
            head.weight[list(new)], head.bias[list(new)] = 0.0, NEVER
        self._inputs = torch.empty(0)
        head.register_forward_pre_hook(self._see)
        channels, classes = head.in_channels, head.out_channels
        self._of_inputs, self._of_filters = np.zeros((channels, classes)), np.zeros((0, classes))
        self._bias = np.zeros(classes)

    def _see(self, _layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        self._inputs = inputs[0]

    @torch.no_grad()
    def maps(self, images: torch.Tensor) -> list[ParentMaps]:
        """Return what each of the normalised (N, C, H, W) chips is to the model itself."""
        scores = self._network.classify(images).float().contiguous()
        height, width = images.shape[-2:]
        inputs = self._inputs.float().contiguous()
        return [ParentMaps(*pair, (height, width)) for pair in zip(inputs, scores, strict=True)]

    def correct(
        self, labelled: LastLayerRows, classes: npt.NDArray[np.int64], replay: LastLayerRows, filters: int
    ) -> None:
        """Change the scores for pixels with class indices and for others; the last `filters` features are filters."""
        change = fit_correction(labelled, classes, replay)
        last = len(change.weights) - filters
        self._of_inputs, self._of_filters, self._bias = change.weights[:last], change.weights[last:], change.bias

    def shares(self, rows: LastLayerRows, filters: Floats) -> Floats:
        """Return the (N, K) probabilities of pixels whose last layer is `rows`, and whose filters are (N, F)."""
        added = rows.features @ self._of_inputs + self._bias
        if len(self._of_filters):
            added = added + filters @ self._of_filters
        return softmax((rows.scores + added).astype(np.float32))

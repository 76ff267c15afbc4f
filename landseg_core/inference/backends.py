"""Runs a network on windows of native pixels."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from landseg_core.errors import ModelError
from landseg_core.inference.layout import Field
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.folding import fold_batch_norms
from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.turn_average import TurnAverage
from landseg_core.training.devices import choose_device, precision_for
from landseg_core.training.memory import NotEnoughMemoryError, keeper, memory_errors


class Backend(Protocol):
    """Something that tells classes apart: `classes` of them, seeing as far as `field` says."""

    @property
    def classes(self) -> int:
        """Return the number of classes."""

    @property
    def field(self) -> Field:
        """Return how far the network sees."""

    def probabilities(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels, as an array of the caller's own."""


class TorchBackend:
    """A model bundle on a device, prepared for speed: its batch norms are folded into the convolutions.

    The weights themselves take the device's fast number format, which is up to twice as fast as autocast; `precision`
    "fp32" keeps to plain float32. With `quarter_turns` the probabilities are those of `TurnAverage`.

    Raises:
        TrainingError: this computer has no such device.
    """

    def __init__(
        self, bundle: ModelBundle, device: str = "auto", precision: str = "auto", *, quarter_turns: bool = False
    ) -> None:
        self._device = choose_device(device)
        arithmetic = precision_for(self._device, precision)
        self._format = arithmetic.memory_format
        self._dtype = arithmetic.dtype or torch.float32
        model = bundle.build()
        self.classes = len(bundle.schema)
        self.field = Field(model.multiple, model.reach)
        fold_batch_norms(model)
        self._inputs = InputNormaliser(bundle.normalisation).to(self._device)
        seen = TurnAverage(model) if quarter_turns else model
        self._model: nn.Module = seen.to(self._device, self._dtype).to(memory_format=self._format)  # type: ignore[call-overload]

    def probabilities(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels.

        Raises:
            ModelError: the window does not fit the memory.
        """
        try:
            with memory_errors():
                return self._run(pixels)
        except NotEnoughMemoryError:
            size = f"{pixels.shape[-1]} x {pixels.shape[-2]} px"
            raise ModelError(
                f"{keeper(self._device)} has no memory for windows of {size}; choose a smaller tile"
            ) from None

    @torch.inference_mode()
    def _run(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        raw = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        inputs = self._inputs(raw[None]).to(self._dtype, memory_format=self._format)
        logits = self._model(inputs).to(torch.float32, memory_format=torch.contiguous_format)
        probabilities: npt.NDArray[np.float32] = logits.softmax(dim=1)[0].cpu().numpy()
        return probabilities

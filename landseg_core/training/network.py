"""A model on its device."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from landseg_core.compute.devices import Precision
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.normalisation import Normalisation

if TYPE_CHECKING:
    from landseg_core.models.catalog import SegmentationModel


class Network:
    """A model with its normalisation, device and arithmetic: native pixels in, logits out."""

    def __init__(
        self, model: SegmentationModel, normalisation: Normalisation, device: torch.device, precision: Precision
    ) -> None:
        self.model = model.to(device=device, memory_format=precision.memory_format)  # type: ignore[call-overload]
        self.device, self.precision = device, precision
        self._frozen = False
        self._normalisation = normalisation
        self._inputs = InputNormaliser(normalisation).to(device)

    def with_model(self, model: SegmentationModel) -> Network:
        """Return another model with the same normalisation, device and arithmetic."""
        return Network(model, self._normalisation, self.device, self.precision)

    def frozen(self) -> Network:
        """Return a copy as maps are made with: batch norms folded, the weights in the device's fast number format."""
        copied = copy.copy(self)
        copied.model = copy.deepcopy(self.model).eval()
        fold_batch_norms(copied.model)
        copied.model.to(dtype=self.precision.dtype or torch.float32)
        copied._frozen = True
        return copied

    def logits(self, pixels: npt.NDArray[Any]) -> torch.Tensor:
        """Return the logits (N, K, H, W), on the device, of (N, C, H, W) native pixels."""
        return self.classify(self.normalise(pixels))

    def normalise(self, pixels: npt.NDArray[Any]) -> torch.Tensor:
        """Return (N, C, H, W) native pixels as normalised float32, on the device."""
        if self.device.type == "mps":  # it has no 64-bit floats, and no 16-bit integers without a sign
            pixels = pixels.astype(np.float32)
        normalised: torch.Tensor = self._inputs(self.on_device(pixels))
        return normalised

    def classify(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, K, H, W) of normalised `images`."""
        inputs = images.to(memory_format=self.precision.memory_format)
        if self._frozen:
            frozen: torch.Tensor = self.model(inputs.to(self.precision.dtype or torch.float32))
            return frozen
        with self.precision.autocast(self.device):
            result: torch.Tensor = self.model(inputs)
        return result

    def on_device(self, array: npt.NDArray[Any]) -> torch.Tensor:
        """Return `array` on the device; a GPU may fetch it later, so it must not be changed any more."""
        on_host = torch.from_numpy(np.ascontiguousarray(array))
        return on_host.to(self.device, non_blocking=self.device.type == "cuda")

    def fetchable(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return an array without contents; a GPU fetches it while it computes, and several times as fast."""
        array = np.empty(shape, dtype)
        if self.device.type != "cuda":
            return array
        pinned: npt.NDArray[Any] = torch.empty_like(torch.from_numpy(array), pin_memory=True).numpy()
        return pinned

    @contextmanager
    def same_sizes(self) -> Iterator[None]:
        """Have cuDNN try which kernels are quickest, which pays for images of one size again and again."""
        before = torch.backends.cudnn.benchmark
        torch.backends.cudnn.benchmark = self.device.type == "cuda" or before
        try:
            yield
        finally:
            torch.backends.cudnn.benchmark = before

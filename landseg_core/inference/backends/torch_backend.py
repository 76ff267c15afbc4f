"""Runs a network with PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.compute.memory import NotEnoughMemoryError, device_label, memory_errors
from landseg_core.inference.backends.backend import Pixels, Probabilities, too_large
from landseg_core.inference.layout import ReceptiveField
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.cpu.fused_layers import optimize_for_cpu
from landseg_core.models.inputs import InputNormaliser
from landseg_core.models.tta import with_tta


class TorchBackend:
    """A model bundle on a device, prepared for speed: its batch norms are folded into the convolutions.

    The weights are converted to the device's fast data type, which is up to twice as fast as autocast; `precision`
    "fp32" keeps to plain float32. With `tta` the probabilities are those of `TtaNetwork`.

    Raises:
        DeviceError: this computer has no such device.
    """

    def __init__(
        self, bundle: ModelBundle, device: str = "auto", precision: str = "auto", *, tta: bool = False
    ) -> None:
        self._device = choose_device(device)
        arithmetic = precision_for(self._device, precision)
        self._format = arithmetic.memory_format
        self._dtype = arithmetic.dtype or torch.float32
        model = bundle.build()
        self.classes = len(bundle.header.schema)
        self.field = ReceptiveField(model.stride, model.radius)
        fold_batch_norms(model)
        if self._device.type == "cpu":
            optimize_for_cpu(model)
        self._inputs = InputNormaliser(bundle.header.normalisation).to(self._device)
        network = with_tta(model, tta)
        self._model: nn.Module = network.to(self._device, self._dtype).to(memory_format=self._format)  # type: ignore[call-overload]

    def probabilities(self, pixels: Pixels) -> Probabilities:
        """Return (K, H, W) class probabilities of (C, H, W) native pixels.

        Raises:
            ModelError: there is too little memory for the window.
        """
        try:
            with memory_errors():
                return self._run(pixels)
        except NotEnoughMemoryError:
            raise too_large(pixels, device_label(self._device)) from None

    def _run(self, pixels: Pixels) -> Probabilities:
        raw = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        probabilities: Probabilities = _on_host(self.scores(raw[None])[0]).numpy()
        return probabilities

    @torch.inference_mode()
    def scores(self, raw: torch.Tensor) -> torch.Tensor:
        """Return (N, K, H, W) class probabilities of (N, C, H, W) native pixels; both are on the device."""
        inputs = self._inputs(raw).to(self._dtype, memory_format=self._format)
        logits: torch.Tensor = self._model(inputs).to(torch.float32, memory_format=torch.contiguous_format)
        return logits.softmax(dim=1)


def _on_host(tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` in CPU memory; from a GPU in pinned memory, which it writes several times as fast."""
    found = tensor.to("cpu", non_blocking=tensor.is_cuda)
    if tensor.is_cuda:
        torch.cuda.current_stream(tensor.device).synchronize()
    return found

"""What a correction is computed from, at single pixels: what goes into the last layer of a network, and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from landseg_core.assistant.corrections import LastLayerRows
from landseg_core.assistant.filter_scores import padded_filter_maps
from landseg_core.assistant.filters import ALIGNMENT
from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.compute.memory import NotEnoughMemoryError, device_label, memory_errors
from landseg_core.errors import ModelError
from landseg_core.messages import N_
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.cpu.fused_layers import optimize_for_cpu
from landseg_core.models.inputs import InputNormaliser

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle


@dataclass(frozen=True, eq=False)
class LastLayerMaps:
    """What goes into the last layer of a network, and what comes out of it, in squares of `stride` px.

    Attributes:
        features: (F, h, w) float32.
        scores: (K, h, w) float32 logarithms of the probabilities.
        stride: px of the image across a square.
    """

    features: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    stride: int


class LastLayer:
    """A model on a device, as it predicts; `rows` and `maps` read its last layer. For one thread at a time.

    Every network of the catalogue has a 1x1 convolution `head` as its last layer, at the size of the image or at half
    of it. A linear layer commutes with bilinear upsampling, so its inputs are interpolated at the pixels wanted.

    Attributes:
        stride: windows that start at multiples of it, in px, share the network's pooling grid.

    Raises:
        DeviceError: this computer has no such device.
    """

    def __init__(self, bundle: ModelBundle, device: str = "auto") -> None:
        self._device = choose_device(device)
        arithmetic = precision_for(self._device)
        self._format, self._dtype = arithmetic.memory_format, arithmetic.dtype or torch.float32
        self._inputs = InputNormaliser(bundle.header.normalisation).to(self._device)
        network = bundle.build()
        self.stride: int = network.stride
        fold_batch_norms(network)
        if self._device.type == "cpu":
            optimize_for_cpu(network)
        self._network: Any = network.to(self._device, self._dtype).to(memory_format=self._format)  # type: ignore[call-overload]
        self._seen: tuple[torch.Tensor, torch.Tensor] | None = None
        self._network.head.register_forward_hook(self._see)

    def _see(self, _layer: object, inputs: tuple[torch.Tensor], scores: torch.Tensor) -> None:
        self._seen = inputs[0], scores

    @torch.inference_mode()
    def rows(self, pixels: npt.NDArray[Any], columns: npt.NDArray[Any], rows: npt.NDArray[Any]) -> LastLayerRows:
        """Return features and scores of (C, H, W) native pixels at N positions, (0, 0) being the upper left corner.

        The features are what goes into the last layer, and then the filters.
        """
        images, (features, scores), stride = self._run(pixels)
        found, opinion = (interpolated(values, columns / stride, rows / stride) for values in (features, scores))
        return LastLayerRows(np.hstack([found, *filters_at(images[0].float().cpu().numpy(), columns, rows)]), opinion)

    @torch.inference_mode()
    def maps(self, pixels: npt.NDArray[Any]) -> LastLayerMaps:
        """Return what goes into and comes out of the last layer, of (C, H, W) native pixels."""
        _, (features, scores), stride = self._run(pixels)
        return LastLayerMaps(_planes(features), _planes(scores.float().log_softmax(dim=1)), stride)

    def _run(self, pixels: npt.NDArray[Any]) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor], int]:
        """Return the normalised (1, C, H, W) pixels, in and out of the last layer, and px across one of its values.

        Raises:
            ModelError: there is too little memory.
        """
        try:
            with memory_errors():
                raw = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
                images = self._inputs(raw[None]).to(self._dtype, memory_format=self._format)
                self._network(images)
        except NotEnoughMemoryError:
            raise ModelError(
                N_(
                    "{device} does not have enough memory for the model; close other programs or stop the training",
                    device=device_label(self._device),
                )
            ) from None
        seen, self._seen = self._seen, None
        assert seen is not None
        padded = -(-pixels.shape[-2] // self.stride) * self.stride
        return images, seen, padded // seen[0].shape[-2]


def _planes(values: torch.Tensor) -> npt.NDArray[np.float32]:
    """Return (C, H, W) of a tensor (1, C, H, W)."""
    planes: npt.NDArray[np.float32] = values[0].float().contiguous().cpu().numpy()
    return planes


def filters_at(
    pixels: npt.NDArray[np.float32], columns: npt.NDArray[Any], rows: npt.NDArray[Any]
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the filters of each scale, (N, F), at positions in normalised (C, H, W) pixels."""
    for found in padded_filter_maps(pixels):
        values = torch.from_numpy(found.values)[None]
        yield interpolated(values, (columns + ALIGNMENT) / found.stride, (rows + ALIGNMENT) / found.stride)


def interpolated(values: torch.Tensor, columns: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return (N, C) values between the centres of (1, C, H, W) ones, as bilinear upsampling has them."""
    height, width = values.shape[-2:]
    grid = np.stack([columns / width, rows / height], axis=-1) * 2 - 1
    where = torch.from_numpy(grid.astype(np.float32)).to(values.device)[None, None]
    found = functional.grid_sample(values.float(), where, padding_mode="border", align_corners=False)
    result: npt.NDArray[np.float32] = found[0, :, 0].T.contiguous().cpu().numpy()
    return result

"""What a correction is computed from, at single pixels: what goes into the last layer of a network, and filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from landseg_core.assistant.corrections import LastLayerRows
from landseg_core.assistant.filter_scores import padded_filter_maps
from landseg_core.assistant.filters import ALIGNMENT
from landseg_core.compute.devices import choose_device, precision_for
from landseg_core.models.cpu.folding import fold_batch_norms
from landseg_core.models.cpu.fused_layers import optimize_for_cpu
from landseg_core.models.inputs import InputNormaliser

if TYPE_CHECKING:
    from landseg_core.models.bundle import ModelBundle


class LastLayer:
    """A model on a device, as it predicts; `rows` reads its last layer.

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
        raw = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        images = self._inputs(raw[None]).to(self._dtype, memory_format=self._format)
        self._network(images)
        assert self._seen is not None
        padded = -(-pixels.shape[-2] // self.stride) * self.stride
        scale = padded // self._seen[0].shape[-2]  # px of the image across one of the last layer
        features, scores = (interpolated(values, columns / scale, rows / scale) for values in self._seen)
        self._seen = None
        return LastLayerRows(np.hstack([features, *_filters(images, columns, rows)]), scores)


def _filters(
    images: torch.Tensor, columns: npt.NDArray[Any], rows: npt.NDArray[Any]
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the filters of each scale, (N, F), at positions in the only one of the (1, C, H, W) `images`."""
    for found in padded_filter_maps(images[0].float().cpu().numpy()):
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

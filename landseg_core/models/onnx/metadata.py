"""The metadata of an exported ONNX file, for Deepness and for other programs. Needs neither torch nor onnx.

Deepness, the QGIS plugin, reads the keys that its documentation lists under "Adding metadata to ONNX model"; ADR 16
describes how it uses them. Keys of ours begin with `landseg_`. Every value is JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from landseg_core import __version__
from landseg_core.messages import N_, Text
from landseg_core.models.header import BundleHeader

_DEEPNESS_BANDS = 3
_OVERLAP_PX = 128
_MOST_OVERLAP = 40


def input_scale(header: BundleHeader) -> float:
    """Return the factor from a graph's input to pixel values: 8-bit images are divided by 255."""
    return 255.0 if header.dtype == "uint8" else 1.0


def for_deepness(header: BundleHeader, tile: int | None) -> bool:
    """Return whether Deepness can use a model as a graph of `tile` px: 8-bit, of fixed size, at least two classes."""
    return header.dtype == "uint8" and tile is not None and len(header.schema) > 1


@dataclass(frozen=True)
class OnnxForm:
    """The form of an exported graph: `tile` px square, or of free height and width where `tile` is None.

    `multiple` is the side of the network's deepest pixel in px: sizes at multiples of it need no padding.
    """

    header: BundleHeader
    tile: int | None
    multiple: int

    def metadata(self) -> dict[str, str]:
        """Return the metadata by key, every value as JSON."""
        values = self._own_values()
        if for_deepness(self.header, self.tile):
            values |= self._deepness_values()
        return {key: json.dumps(value, allow_nan=False) for key, value in values.items()}

    def _own_values(self) -> dict[str, Any]:
        header = self.header
        return {
            "landseg_version": __version__,
            "landseg_architecture": header.architecture,
            "landseg_classes": header.schema.model_dump(mode="json")["classes"],
            "landseg_bands": header.bands,
            "landseg_dtype": header.dtype,
            "landseg_input": "pixel" if input_scale(header) == 1 else "pixel / 255",
            "landseg_ground_resolution_m": header.ground_resolution_m,
            "landseg_multiple": self.multiple,
        }

    def _deepness_values(self) -> dict[str, Any]:
        assert self.tile is not None
        return {
            "model_type": "Segmentor",
            "class_names": dict(enumerate(self.header.schema.names)),
            "tile_size": self.tile,  # the name that it reads
            "tiles_size": self.tile,  # the name in its documentation
            "tiles_overlap": min(_MOST_OVERLAP, math.ceil(100 * _OVERLAP_PX / self.tile)),
            "seg_thresh": 0.0,  # a class below the threshold would become the first class
            "seg_small_segment": 0,  # a median filter over class numbers
            **self._resolution(),
            **self._standardisation(),
        }

    def _resolution(self) -> dict[str, float]:
        """Return cm/px; no key if it is unknown: Deepness then keeps the value of its own field."""
        metres = self.header.ground_resolution_m
        return {} if metres is None else {"resolution": round(100 * metres, 4)}

    def _standardisation(self) -> dict[str, list[float]]:
        """Return a standardisation without effect where there are not three bands.

        Without the keys, some versions of Deepness subtract three zeros, which fails for any other number of bands.
        """
        bands = len(self.header.bands)
        if bands == _DEEPNESS_BANDS:
            return {}
        return {"standardization_mean": [0.0] * bands, "standardization_std": [1.0] * bands}


def notices(header: BundleHeader, tile: int | None) -> Iterator[Text]:
    """Yield what a user of Deepness should know about a model as a graph of that form."""
    if header.dtype != "uint8":
        yield N_(
            "the file takes {dtype} pixel values as they are and is for other programs than Deepness, which divides "
            "every image by 255 as if it were 8-bit",
            dtype=header.dtype,
        )
    elif tile is not None and len(header.schema) == 1:
        yield N_("the file is for other programs than Deepness, which needs at least two classes")
    if for_deepness(header, tile):
        yield from _deepness_notices(header)


def _deepness_notices(header: BundleHeader) -> Iterator[Text]:
    bands = header.bands
    if header.ground_resolution_m is None:
        yield N_(
            "the ground resolution of the model is not recorded; in Deepness, set the resolution to that of the images "
            "it was trained on"
        )
    if bands != tuple(range(1, len(bands) + 1)):
        order = ", ".join(map(str, bands))
        yield N_("in Deepness, map the model's inputs to the bands {order} of the image, in this order", order=order)

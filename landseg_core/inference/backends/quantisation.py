"""Turns a graph's weights and activations into 8-bit integers, calibrated on pixels of the raster to be predicted.

Post-training static quantisation: weights symmetric per output channel, activations asymmetric per tensor (Jacob et
al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from landseg_core.leftovers import scratch_folder


def quantised(graph: bytes, name: str, samples: Sequence[npt.NDArray[Any]]) -> bytes:
    """Return `graph`, whose input is called `name`, in int8, calibrated on `samples`, (C, H, W) native pixels each."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Samples(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._inputs: Iterator[dict[str, npt.NDArray[np.float32]]] = (
                {name: np.ascontiguousarray(sample[None], dtype=np.float32)} for sample in samples
            )

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            return next(self._inputs, None)

    with scratch_folder(Path(tempfile.gettempdir())) as folder:
        source, prepared, target = (Path(folder, f"{stage}.onnx") for stage in ("fp32", "prepared", "int8"))
        source.write_bytes(graph)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            Samples(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "ConvTranspose", "Concat", "MaxPool", "Add"],
        )
        return target.read_bytes()

"""The model file: weights, and all that is needed to use them. Importing this loads no torch; loading a model does."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.errors import ModelError
from landseg_core.input_files import AnyPath
from landseg_core.messages import N_
from landseg_core.models.catalog import build_model
from landseg_core.models.header import KIND, MODEL_FILE, BundleHeader, model_path
from landseg_core.models.tensor_file import parse_tensor_file, read_bytes, write_tensor_file
from landseg_core.raster.model_reference import ModelReference

if TYPE_CHECKING:
    import torch

    from landseg_core.models.added_scores import ScoreAddition
    from landseg_core.models.catalog import SegmentationModel


@dataclasses.dataclass(frozen=True)
class ModelBundle:
    """A trained model: its header, and its float32 weights `state` by name, on the CPU.

    `reference` is how maps refer to the file that it was loaded from; None for a model that is not from a file.
    `addition` computes scores that are added to those of the network, if there are such: only PyTorch can run that.
    """

    header: BundleHeader
    state: dict[str, torch.Tensor] = dataclasses.field(repr=False, compare=False)
    reference: ModelReference | None = dataclasses.field(default=None, compare=False)
    addition: ScoreAddition | None = dataclasses.field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        header = self.header
        ground = f", {header.ground_resolution_m:.3g} m" if header.ground_resolution_m else ""
        classes = f"{len(header.schema)} classes"
        return f"<ModelBundle {header.architecture}, {len(header.bands)} x {header.dtype}, {classes}{ground}>"

    @classmethod
    def load(cls, path: AnyPath) -> ModelBundle:
        """Load a model file, or the one in a run's folder.

        Raises:
            ModelError: there is no such file, it is damaged, newer or of another program, or its weights do not match
                its network.
        """
        found = model_path(path)
        data = read_bytes(found)
        record, state = parse_tensor_file(found, data, KIND)
        header = BundleHeader.from_record(record, found)
        _require_weights(header, state, found)
        return cls(header, state, ModelReference.of_bytes(found, data, in_run=found.name == MODEL_FILE))

    @property
    def file_reference(self) -> ModelReference:
        """Return how the file that the model comes from is referred to.

        Raises:
            ModelError: it does not come from a file.
        """
        if self.reference is None:
            raise ModelError(N_("only a model that comes from a file can be corrected; save it and load it again"))
        return self.reference

    def save(self, path: AnyPath, *, half: bool = False) -> None:
        """Write the model file, atomically; `half` stores kernels as float16, half as large and hardly less exact.

        Raises:
            OutputError: it cannot be written; what was there before is untouched.
            ModelError: scores are added to its own, which a model file cannot hold.
        """
        if self.addition is not None:
            raise ModelError(
                N_("a corrected model cannot be saved as a model file; save the model without corrections")
            )
        path = Path(path)
        state = {name: _halved(tensor) for name, tensor in self.state.items()} if half else self.state
        write_tensor_file(path, state, KIND, self.header.to_record())

    def build(self) -> SegmentationModel:
        """Return the network with these weights, in eval mode, on the CPU."""
        from landseg_core.models.weights import load_weights

        header = self.header
        model = build_model(header.architecture, len(header.bands), len(header.schema))
        load_weights(model, self.state)
        return model.eval() if self.addition is None else self._with_addition(model, self.addition)

    @staticmethod
    def _with_addition(model: SegmentationModel, addition: ScoreAddition) -> SegmentationModel:
        from landseg_core.models.added_scores import AddedScores

        return AddedScores(model, addition).eval()


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    """Return kernels as float16; biases and statistics of batch norms, which are few and of any size, as they are."""
    return tensor.half() if tensor.ndim > 1 else tensor


def _require_weights(header: BundleHeader, state: dict[str, torch.Tensor], path: Path) -> None:
    from landseg_core.models.weights import weight_shapes

    expected = weight_shapes(header.architecture, len(header.bands), len(header.schema))
    for name, shape in expected.items():
        if name not in state:
            raise ModelError(
                N_("{path} lacks the weights {name} of its network; copy it again or train again", path=path, name=name)
            )
        if state[name].shape != shape:
            raise ModelError(
                N_(
                    "{path} has weights {name} of shape {shape}, but its network needs {needed}; train again",
                    path=path,
                    name=name,
                    shape="x".join(map(str, state[name].shape)),
                    needed="x".join(map(str, shape)),
                )
            )
    if unknown := sorted(state.keys() - expected.keys()):
        raise ModelError(
            N_(
                "{path} has weights {name} that its network does not know; train again",
                path=path,
                name=unknown[0],
            )
        )
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise ModelError(N_("{path} contains weights that are not finite numbers; train again", path=path))

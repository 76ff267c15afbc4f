from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG, Architecture, build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.unet import UNet
from landseg_core.models.weights import weights_of


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tiny() -> Iterator[str]:
    """A network of the catalogue that is built in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CATALOG, "tiny", Architecture("for tests", lambda bands, classes: UNet(bands, classes, 4, 2)))
        yield "tiny"


@pytest.fixture(scope="module")
def bundle(tiny: str) -> ModelBundle:
    classes = (
        LandClass(value=3, name="water", colour="#0000ff"),
        LandClass(value=7, name="Häuser & Höfe", colour="#ff0000"),
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build_model(tiny, 4, 2)
    for name, value in model.state_dict().items():
        if name.endswith("running_mean"):
            value.copy_(torch.linspace(-1, 1, len(value)))
    return ModelBundle(
        architecture=tiny,
        schema=ClassSchema(classes=classes),
        bands=(1, 2, 3, 5),
        dtype="uint16",
        normalisation=Normalisation((100.0, 200.5, 300.25, 1 / 3), (10.0, 20.0, 30.0, 0.1)),
        ground_resolution_m=0.2061234567,
        training={"miou": 0.5, "iou": {"water": None}, "settings": {"model": tiny}},
        state=weights_of(model),
    )


PLAIN = Normalisation((100.0, 90.0, 80.0), (40.0, 50.0, 60.0))


@pytest.fixture
def random_bundle() -> Callable[..., ModelBundle]:
    """Return a maker of models that have not learned anything, but in which nothing is at its start."""

    def make(
        architecture: str,
        normalisation: Normalisation = PLAIN,
        classes: int = 3,
        dtype: str = "uint8",
        resolution: float | None = 0.5,
        seed: int = 0,
    ) -> ModelBundle:
        bands = tuple(range(1, len(normalisation.mean) + 1))
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            network = build_model(architecture, len(bands), classes)
            for layer in network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.running_mean.normal_(std=0.3)  # type: ignore[union-attr]
                    layer.running_var.uniform_(0.1, 0.6)  # type: ignore[union-attr]
        colours = (LandClass(value=9 - i, name=f"Höhe {i}", colour="#808080") for i in range(classes))
        schema = ClassSchema(classes=tuple(colours))
        return ModelBundle(architecture, schema, bands, dtype, normalisation, resolution, {}, weights_of(network))

    return make

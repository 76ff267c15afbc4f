from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from landseg_core.labels.classes import ClassSchema, LandClass
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG, Architecture, build_model
from landseg_core.models.header import BundleHeader
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
    header = BundleHeader(
        architecture=tiny,
        schema=ClassSchema(classes=classes),
        bands=(1, 2, 3, 5),
        dtype="uint16",
        normalisation=Normalisation((100.0, 200.5, 300.25, 1 / 3), (10.0, 20.0, 30.0, 0.1)),
        ground_resolution_m=0.2061234567,
        training={"miou": 0.5, "iou": {"water": None}, "settings": {"model": tiny}},
    )
    return ModelBundle(header, weights_of(model))

"""What the tests of the project in the window share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import rasterio
from affine import Affine
from support.open_project import empty, images, make_image, messages, opened, project_path

__all__ = ["empty", "images", "make_image", "messages", "opened", "project_path"]

MakeImage = Callable[..., Path]


@pytest.fixture
def make_sparse_image(tmp_path: Path) -> MakeImage:
    """Return what makes a square raster of any size that takes no time and no room: all its pixels are 0."""

    def make(name: str, side: int) -> Path:
        profile = {"driver": "GTiff", "count": 1, "width": side, "height": side, "dtype": "uint8"}
        transform = Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000)
        tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True}
        with rasterio.open(tmp_path / name, "w", crs="EPSG:32632", transform=transform, **profile, **tiles) as dataset:
            dataset.build_overviews([2, 4, 8, 16])
        return tmp_path / name

    return make


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Answer the questions whether to add an image: with its `answer`, and nothing else."""
    asked = Asked()
    monkeypatch.setattr("landseg_gui.session.images.choose", asked.choose)
    return asked


class Asked:
    """Notes what was asked, with the buttons, and answers."""

    def __init__(self) -> None:
        self.answer: str | None = None
        self.questions: list[str] = []
        self.buttons: list[str] = []

    def choose(
        self, _window: object, question: str, _explanation: str, buttons: Sequence[str], default: str
    ) -> str | None:
        self.questions.append(question)
        self.buttons = [*buttons]
        assert default == buttons[0]  # it can be undone
        return self.answer

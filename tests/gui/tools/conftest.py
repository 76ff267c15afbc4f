"""What the tests of the tools share: somebody at work with the tools of a viewport, and a mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.rasters import HEIGHT, UTM_GRID, WIDTH, coordinate_pixels, write_raster
from support.tool_context import PaperToolContext
from support.tool_user import ToolUser

from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.label_raster import LabelRaster
from landseg_gui.viewer.viewport import Viewport


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an orthophoto of 1500 x 1100 px of half a metre, written once: no test changes it.

    Red is the column, green the row, and both begin again after 255.
    """
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    return write_raster(tmp_path_factory.mktemp("tools") / "picture.tif", coordinate_pixels(), **UTM_GRID, **tiles)


@pytest.fixture
def sitting(shown: Viewport, schema: ClassSchema) -> ToolUser:
    """Return somebody at work on a picture of 1500 x 1100 px, at 100 % around its middle; nothing is labelled yet."""
    shown.centre_on(750, 550, 1.0)
    return ToolUser(PaperToolContext(shown, LabelRaster(WIDTH, HEIGHT), schema))


@pytest.fixture
def at_work(sitting: ToolUser) -> Callable[[str], ToolUser]:
    """Return what takes a tool in hand."""

    def select(name: str) -> ToolUser:
        sitting.tools.select(name)
        return sitting

    return select

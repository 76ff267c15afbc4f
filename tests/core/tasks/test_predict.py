from __future__ import annotations

from pathlib import Path

import pytest

from landseg_core.errors import OutputError
from landseg_core.tasks.predict import planned_maps


def test_maps_are_named_after_their_raster() -> None:
    (files,) = planned_maps([Path("a/town.jp2")], Path("out"), ["tif", "png"], confidence=True)
    assert [path.name for path in files.all] == ["town_mask.tif", "town_mask.png", "town_confidence.tif"]


def test_two_rasters_of_one_stem_are_refused() -> None:
    with pytest.raises(OutputError, match="2 rasters are called town"):
        planned_maps([Path("a/town.tif"), Path("b/town.jpg")], Path("out"), ["tif"], confidence=False)

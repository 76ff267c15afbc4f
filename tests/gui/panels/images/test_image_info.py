from __future__ import annotations

from pathlib import Path

import pytest
from affine import Affine

from landseg_core.geo.grid import RasterGrid
from landseg_core.project.images import ImageEntry
from landseg_gui.panels.images.image_info import ImageInfo, class_shares


def info(counts: dict[int, int], schema, *, missing: bool = False, resolution: float | None = None) -> ImageInfo:
    grid = RasterGrid(1000, 100, Affine.identity(), None)
    entry = ImageEntry(1, Path("/maps/town.tif"), grid, missing=missing, fingerprint="")
    return ImageInfo(entry, class_shares(counts, schema), resolution)


def test_shares_are_those_of_what_is_labelled_in_the_order_of_the_classes(schema) -> None:
    shares = class_shares({schema.values[3]: 300, schema.values[1]: 100, 200: 7}, schema)
    assert [(item.name, item.pixels, item.share) for item in shares] == [
        (schema.names[1], 100, 0.25),
        (schema.names[3], 300, 0.75),
    ]
    assert class_shares({}, schema) == ()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (0, "Not labelled yet"),
        (10, "less than 0.1 % labelled"),
        (50, "0.1 % labelled"),
        (99_999, "100.0 % labelled"),
    ],
)
def test_the_summary_tells_the_share_of_the_image(schema, pixels, words) -> None:
    summary = info({schema.values[0]: pixels}, schema).summary()
    assert summary.replace("\N{NO-BREAK SPACE}", " ") == words


def test_a_missing_image_says_so_whatever_is_labelled(schema) -> None:
    assert info({schema.values[0]: 5}, schema, missing=True).summary() == "Missing: click to find it"


def test_areas_are_told_only_where_the_size_of_a_pixel_is_known(schema) -> None:
    counts = {schema.values[0]: 40_000}
    assert "ha" not in info(counts, schema).tip()
    assert info(counts, schema, resolution=0.5).tip().endswith("1\N{NO-BREAK SPACE}ha")

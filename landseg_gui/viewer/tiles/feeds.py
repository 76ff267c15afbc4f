"""Which feed brings the tiles of which kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from landseg_gui.viewer.label_layer import LabelLayer
from landseg_gui.viewer.layer import ImageLayer, Layer, MaskLayer
from landseg_gui.viewer.preview_layer import PreviewLayer
from landseg_gui.viewer.suggestion_layer import SuggestionLayer
from landseg_gui.viewer.tiles.feed import ImageFeed, OnArrival, OnError, TileFeed, TileSupply
from landseg_gui.viewer.tiles.label_feed import LabelFeed
from landseg_gui.viewer.tiles.mask_feed import MaskFeed

MakeFeed = Callable[[Any, TileSupply, OnArrival, OnError], TileFeed[Any]]

_FEEDS: dict[type[Layer], MakeFeed] = {
    ImageLayer: ImageFeed,
    MaskLayer: MaskFeed,
    PreviewLayer: MaskFeed,
    SuggestionLayer: MaskFeed,
    LabelLayer: LabelFeed,
}


def feed_for(layer: Layer, supply: TileSupply, on_arrival: OnArrival, on_error: OnError) -> TileFeed[Any]:
    """Return the feed that shows `layer`; for the callbacks see `TileFeed`."""
    return _FEEDS[type(layer)](layer, supply, on_arrival, on_error)

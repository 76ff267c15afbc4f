"""Why something is suggested, as a sentence and as positions of labels."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.assistant.image_assistant import RowOrigin, SuggestedView
from landseg_core.assistant.suggestion import Reason
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.regions import Position
from landseg_gui.text import tr


@dataclass(frozen=True)
class Why:
    """What is suggested for a pixel, and what speaks for it.

    Attributes:
        text: a sentence.
        colour: `#rrggbb`, that of the suggested class.
        positions: where the labels of this image are that speak most for it, in px of the image.
    """

    text: str
    colour: str
    positions: tuple[Position, ...] = ()


def why_suggested(
    found: SuggestedView, key: TileKey, cell: int, pixel: tuple[int, int], schema: ClassSchema, image: str
) -> Why | None:
    """Return what is suggested for a pixel, and which labels speak for it; None where nothing is.

    Args:
        found: what is shown.
        key: the tile of the pixel.
        cell: the cell of the pixel in it.
        pixel: its column and row in `found`.
        schema: the classes.
        image: the name of the image in the window; positions in others are given with the name.
    """
    column, row = pixel
    value = int(found.values[row, column])
    item = next((item for item in schema.classes if item.value == value), None)
    if item is None:
        return None
    percent = round(100 * int(found.confidence[row, column]) / 255)
    is_of_cell = int(found.suggestion.values(key)[cell]) == value
    reasons = found.suggestion.reasons(key, cell) if is_of_cell else []
    if not reasons:
        return Why(_text_without_labels(found, item.name, percent), item.colour)
    text = tr(
        "Suggestion: {name} {percent} %, as at {positions}",
        name=item.name,
        percent=percent,
        positions="; ".join(_position_text(reason, image) for reason in reasons),
    )
    return Why(text, item.colour, tuple(_origin(one).position(one) for one in reasons if _origin(one).image == image))


def _text_without_labels(found: SuggestedView, name: str, percent: int) -> str:
    if found.suggestion.is_of_model:
        return tr("Suggestion: {name} {percent} %, as the model predicts", name=name, percent=percent)
    return tr("Suggestion: {name} {percent} %, as its neighbours", name=name, percent=percent)


def _origin(reason: Reason) -> RowOrigin:
    assert isinstance(reason.origin, RowOrigin)
    return reason.origin


def _position_text(reason: Reason, image: str) -> str:
    origin = _origin(reason)
    column, row = origin.position(reason)
    text = f"{column:.0f}, {row:.0f}"
    return text if origin.image == image else f"{origin.image} {text}"

"""Why something is suggested, as a sentence."""

from __future__ import annotations

from landseg_core.assistant.image_assistant import RowOrigin, SuggestedView
from landseg_core.assistant.suggestion import Reason
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.classes import ClassSchema
from landseg_gui.text import tr


def reasons_text(
    found: SuggestedView, key: TileKey, cell: int, pixel: tuple[int, int], schema: ClassSchema, image: str
) -> str:
    """Return what is suggested for a pixel, and where the labels are that speak for it.

    Args:
        found: what is shown.
        key: the tile of the pixel.
        cell: the cell of the pixel in it.
        pixel: its column and row in `found`.
        schema: the classes.
        image: the name of the image in the window; positions in others are given with the name.
    """
    column, row = pixel
    value, names = int(found.values[row, column]), dict(zip(schema.values, schema.names, strict=True))
    if value not in names:
        return ""
    name, percent = names[value], round(100 * int(found.confidence[row, column]) / 255)
    is_of_cell = int(found.suggestion.values(key)[cell]) == value
    reasons = found.suggestion.reasons(key, cell) if is_of_cell else []
    if not reasons:
        return tr("Suggestion: {name} {percent} %, as the model predicts", name=name, percent=percent)
    return tr(
        "Suggestion: {name} {percent} %, as at {positions}",
        name=name,
        percent=percent,
        positions="; ".join(_position_text(reason, image) for reason in reasons),
    )


def _position_text(reason: Reason, image: str) -> str:
    origin = reason.origin
    assert isinstance(origin, RowOrigin)
    column, row = origin.position(reason)
    text = f"{column:.0f}, {row:.0f}"
    return text if origin.image == image else f"{origin.image} {text}"

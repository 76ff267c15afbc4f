"""The classes that a run learns, in the colours that the user has given them since."""

from __future__ import annotations

from landseg_core.labels.classes import ClassSchema


def with_colours_of(schema: ClassSchema, others: ClassSchema | None) -> ClassSchema:
    """Return `schema`, each class in the colour of the one in `others` with its value and name, where there is one."""
    colours = {(item.value, item.name): item.colour for item in others.classes} if others else {}
    classes = (
        item.model_copy(update={"colour": colours.get((item.value, item.name), item.colour)}) for item in schema.classes
    )
    return ClassSchema(classes=tuple(classes))

"""The names of history steps as people read them: a project file holds them in English, the window translates them."""

from __future__ import annotations

import re
from functools import cache

from landseg_core.messages import N_, Text
from landseg_gui.text import tr, translated
from landseg_gui.tools.registry import TOOLS

_NAMES = (
    N_("Add %n images", n=2),
    N_("Import {file}", file=""),
    N_("Accept prediction in polygon"),
    N_("Accept prediction in view"),
    N_("Accept prediction everywhere"),
    N_("Accept predicted region"),
    N_("Accept suggestion in polygon"),
    N_("Accept suggestion in view"),
    N_("Accept suggested region"),
    N_("Reject region: {name}", name=""),
    N_("Edit classes"),
    N_("Add class {name}", name=""),
    N_("Delete class {name}", name=""),
    N_("Rename class {former} to {name}", former="", name=""),
    N_("Recolour class {name}", name=""),
    N_("Reorder classes"),
    N_("Working area"),
    N_("Remove working area"),
    N_("Rest of the area: {name}", name=""),
    N_("Add {image}", image=""),
    N_("Keep the grid of {image}", image=""),
    N_("Move the labels of {image} with its grid", image=""),
)
"""The names of steps, the more general ones last: the first that fits counts."""


def shown_step(name: str) -> str:
    """Return the name of a step in the user's language; a name of another version of landseg as it is."""
    for known in _NAMES:
        if match := _pattern(known.template).fullmatch(name):
            values = match.groupdict()
            number = values.pop("n", None)
            return translated(Text(known.template, values, None if number is None else int(number)))
    return _shown_stroke(name)


def _shown_stroke(name: str) -> str:
    """Return the name of what a tool has done, such as `Brush: building`."""
    tool, separator, what = name.partition(": ")
    title = next((spec.title for spec in TOOLS if spec.title == tool), None)
    if title is None:
        return name
    if not separator:
        return translated(title)
    return tr("{tool}: {what}", tool=title, what=tr("erase") if what == "erase" else what)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what the names made from a template look like."""
    pattern = re.escape(template).replace("%n", r"(?P<n>\d+)")
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", pattern), re.DOTALL)

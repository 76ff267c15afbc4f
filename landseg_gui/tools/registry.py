"""All tools, in the order of the toolbar."""

from __future__ import annotations

from landseg_gui.tools.accept import ACCEPT_SPEC
from landseg_gui.tools.base import AREA, SIZE, TOLERANCE, ToolSpec
from landseg_gui.tools.brush import Brush, Eraser
from landseg_gui.tools.fill import Fill
from landseg_gui.tools.fill_holes import FillHoles
from landseg_gui.tools.lasso import Lasso
from landseg_gui.tools.pan import Pan
from landseg_gui.tools.pick import PickClass
from landseg_gui.tools.polygon import Polygon
from landseg_gui.tools.reassign import Reassign
from landseg_gui.tools.rectangle import Rectangle
from landseg_gui.tools.wand import Wand
from landseg_gui.tools.working_area import WorkingArea

TOOLS = (
    ToolSpec("pan", "Hand", "tool_pan", "H", "Drag the picture", "Drag the picture; the wheel zooms", Pan),
    ToolSpec(
        "brush",
        "Brush",
        "tool_brush",
        "B",
        "Paint the active class",
        "Drag to paint, right button to erase; Shift paints a straight line; [ ] change the size; Ctrl picks a class",
        Brush,
        SIZE,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "eraser", "Eraser", "tool_eraser", "E", "Take labels away", "Drag to erase; [ ] change the size", Eraser, SIZE
    ),
    ToolSpec(
        "polygon",
        "Polygon",
        "tool_polygon",
        "P",
        "Paint inside a polygon",
        "Click the vertices; Enter or a double click closes, Backspace takes one back; the right button erases",
        Polygon,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "lasso",
        "Lasso",
        "tool_lasso",
        "L",
        "Paint what a drag goes around",
        "Drag around what to paint; the right button erases",
        Lasso,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "rectangle",
        "Rectangle",
        "tool_rectangle",
        "R",
        "Paint a rectangle",
        "Drag from corner to corner; the right button erases",
        Rectangle,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "fill",
        "Fill",
        "tool_fill",
        "G",
        "Paint the label region or the gap under the cursor",
        "Click a label region or a gap between labels; the right button erases",
        Fill,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "wand",
        "Magic Wand",
        "tool_wand",
        "W",
        "Paint what has a similar colour",
        "Press and drag: right or up takes in more, left or down less; the right button erases",
        Wand,
        TOLERANCE,
        samples=True,
        paints=True,
    ),
    ToolSpec(
        "pick",
        "Pick Class",
        "tool_pick",
        "K",
        "Make the class under the cursor the active one",
        "Click a label to paint with its class",
        PickClass,
    ),
    ToolSpec(
        "reassign",
        "Reassign",
        "tool_reassign",
        "X",
        "Turn one class into the active one inside a polygon",
        "Click first on the class to change, then the vertices; Enter closes",
        Reassign,
    ),
    ToolSpec(
        "fill_holes",
        "Fill Holes",
        "tool_fill_holes",
        "O",
        "Close the gaps inside a label region",
        "Click a label region: the unlabelled gaps that it encloses get its class",
        FillHoles,
    ),
    ACCEPT_SPEC,
    ToolSpec(
        "area",
        "Working Area",
        "tool_area",
        "M",
        "Mark where the labels are complete",
        "Click the vertices of an area that you label completely; click into one and press Delete to remove it",
        WorkingArea,
        AREA,
    ),
)

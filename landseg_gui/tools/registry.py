"""All tools, in the order of the toolbar."""

from __future__ import annotations

from landseg_core.messages import N_
from landseg_gui.tools.accept import ACCEPT_SPEC
from landseg_gui.tools.accept_brush import ACCEPT_BRUSH_SPEC
from landseg_gui.tools.accept_region import ACCEPT_REGION_SPEC
from landseg_gui.tools.base import AREA, CELL, SIZE, SIZE_AND_TOLERANCE, TOLERANCE, WIDTH, ToolSpec
from landseg_gui.tools.brush import Brush, Eraser
from landseg_gui.tools.edge_brush import EdgeBrush
from landseg_gui.tools.fill import Fill
from landseg_gui.tools.fill_holes import FillHoles
from landseg_gui.tools.lasso import Lasso
from landseg_gui.tools.line import Line
from landseg_gui.tools.pan import Pan
from landseg_gui.tools.pick import PickClass
from landseg_gui.tools.polygon import Polygon
from landseg_gui.tools.reassign import Reassign
from landseg_gui.tools.rectangle import Rectangle
from landseg_gui.tools.rotated_rectangle import RotatedRectangle
from landseg_gui.tools.segment import SEGMENT_SPEC
from landseg_gui.tools.superpixel import Superpixel
from landseg_gui.tools.wand import Wand
from landseg_gui.tools.working_area import WorkingArea

TOOLS = (
    ToolSpec("pan", N_("Pan"), "tool_pan", "H", N_("Move the image"), N_("Drag to pan; the wheel zooms"), Pan),
    ToolSpec(
        "brush",
        N_("Brush"),
        "tool_brush",
        "B",
        N_("Paint the active class"),
        N_(
            "Drag to paint, right button to erase; Shift paints a straight line; [ and ] change the size; "
            "Ctrl + click picks a class"
        ),
        Brush,
        SIZE,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "edge_brush",
        N_("Edge Brush"),
        "tool_edge_brush",
        "J",
        N_("Paint only what has the colour under the middle of the brush"),
        N_(
            "Drag to paint up to edges, right button to erase; [ and ] change the size; a higher tolerance "
            "paints more; Ctrl + click picks a class"
        ),
        EdgeBrush,
        SIZE_AND_TOLERANCE,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "eraser",
        N_("Eraser"),
        "tool_eraser",
        "E",
        N_("Erase labels"),
        N_("Drag to erase; [ and ] change the size"),
        Eraser,
        SIZE,
        edits=True,
    ),
    ToolSpec(
        "polygon",
        N_("Polygon"),
        "tool_polygon",
        "P",
        N_("Paint inside a polygon"),
        N_(
            "Click to add vertices; Enter or a double click closes the polygon, Backspace removes the last vertex; "
            "the right button erases"
        ),
        Polygon,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "lasso",
        N_("Lasso"),
        "tool_lasso",
        "L",
        N_("Paint inside a freehand outline"),
        N_("Drag around the area to paint; the right button erases"),
        Lasso,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "rectangle",
        N_("Rectangle"),
        "tool_rectangle",
        "R",
        N_("Paint a rectangle"),
        N_("Drag from corner to corner; the right button erases"),
        Rectangle,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "rotated_rectangle",
        N_("Rotated Rectangle"),
        "tool_rotated_rectangle",
        "T",
        N_("Paint a rectangle at any angle by three clicks"),
        N_(
            "Click both ends of one side, then anywhere on the opposite side; Backspace removes the last click; "
            "the right button erases"
        ),
        RotatedRectangle,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "line",
        N_("Line"),
        "tool_line",
        "I",
        N_("Paint a line of a fixed width, such as a road or a river"),
        N_(
            "Click along the middle; Enter or a double click paints the line, Backspace removes the last vertex; "
            "[ and ] change the width; the right button erases"
        ),
        Line,
        WIDTH,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "fill",
        N_("Fill"),
        "tool_fill",
        "G",
        N_("Paint the connected region or gap under the cursor"),
        N_("Click a labelled region or a gap between labels; the right button erases"),
        Fill,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "wand",
        N_("Magic Wand"),
        "tool_wand",
        "W",
        N_("Paint an area of similar colour"),
        N_("Press and drag: right or up selects more, left or down less; the right button erases"),
        Wand,
        TOLERANCE,
        samples=True,
        paints=True,
        edits=True,
    ),
    ToolSpec(
        "superpixel",
        N_("Superpixels"),
        "tool_superpixel",
        "U",
        N_("Label cells: small areas of one colour"),
        N_(
            "Click a cell to label it, or drag over several; the right button erases; Ctrl + wheel changes the size of "
            "the cells"
        ),
        Superpixel,
        CELL,
        samples=True,
        paints=True,
        edits=True,
    ),
    SEGMENT_SPEC,
    ToolSpec(
        "pick",
        N_("Pick Class"),
        "tool_pick",
        "K",
        N_("Make the class under the cursor the active class"),
        N_("Click a label to paint with its class"),
        PickClass,
    ),
    ToolSpec(
        "reassign",
        N_("Reassign"),
        "tool_reassign",
        "X",
        N_("Change one class to the active class inside a polygon"),
        N_("Click on the class to change, then add vertices; Enter or a double click closes the polygon"),
        Reassign,
        edits=True,
    ),
    ToolSpec(
        "fill_holes",
        N_("Fill Holes"),
        "tool_fill_holes",
        "O",
        N_("Fill the unlabelled gaps inside a labelled region"),
        N_("Click a labelled region: the unlabelled gaps inside it get its class"),
        FillHoles,
        edits=True,
    ),
    ACCEPT_SPEC,
    ACCEPT_REGION_SPEC,
    ACCEPT_BRUSH_SPEC,
    ToolSpec(
        "area",
        N_("Working Area"),
        "tool_area",
        "M",
        N_("Mark an area that is labelled completely"),
        N_("Click around an area that you label completely; click into an area and press Delete to remove it"),
        WorkingArea,
        AREA,
    ),
)

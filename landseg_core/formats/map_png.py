"""Exports a map as PNG: class values with a palette, class colours, or colours over the picture."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from landseg_core.errors import OutputError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.formats.georeference import control_notice, write_georeference
from landseg_core.formats.map_source import MapSource
from landseg_core.formats.png_stream import LONGEST_SIDE, PngStream
from landseg_core.formats.png_styles import PAINTERS, Painting, Pixels, PngStyle
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.progress import ProgressMeter
from landseg_core.raster.placement import Placement, chosen_window
from landseg_core.raster.source import RasterSource

_STRIP_BYTES = 64 * 2**20
_STRIP_ROWS = 512
_PIECE_WIDTH = 2048
_COMMON_LIMIT = 1_000_000  # px a side; libpng refuses more unless told otherwise


def export_png(
    mask: Path,
    out: Path,
    style: PngStyle,
    schema: ClassSchema | None = None,
    image: Path | None = None,
    opacity: float = 0.5,
    window: PixelWindow | None = None,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
    placement: Placement | None = None,
    *,
    large: bool = False,
) -> None:
    """Write the map `mask`, or a `window` of it, as PNG; unlabelled pixels are transparent.

    Memory is flat whatever the size. With a georeference, a world file (`.pgw`) and the CRS (`.aux.xml`) go with it.

    Args:
        mask: a raster of one band of class values.
        out: the PNG.
        style: "index" (class values with a palette), "colour", or "overlay" on `image`.
        schema: the classes, where those that the mask names are missing or not wanted.
        image: the picture of the same size and place, for an overlay.
        opacity: that of the classes over the picture, 0 to 1.
        window: the part to export; None for the whole.
        overwrite: replace files that exist already.
        on_event: takes the `Progress`, in pixels, and a `Notice`.
        control: pauses or stops the work.
        placement: where a map of a part lies: it is written as one of the whole picture.

    Raises:
        LargeWorkError: it is much work, and `large` does not say that this is agreed.
        RasterError: mask or image cannot be read or do not lie on each other; the window reaches beyond them.
        ClassSchemaError: there are no classes to take colours from, or a value has none.
        OutputError: `out` exists already, cannot be written, or is larger than a PNG can be.
        JobStopped: `control` asked for it.
    """
    control = control or JobControl()
    with ExitStack() as opened:
        source = opened.enter_context(MapSource(mask, schema, placement))
        picture = opened.enter_context(RasterSource(image)) if image else None
        target = chosen_window(source.raster, window, source.grid)
        painting = PAINTERS[style](source, picture, opacity)
        _check_size(target, out, on_event)
        size = target.pixels * painting.kind.samples
        require_agreed(WorkSize(str(out), target.pixels, out.parent, bytes=size), large=large)
        inputs = source.raster.files + (picture.files if picture else ())
        outputs = opened.enter_context(OutputFiles(overwrite=overwrite, inputs=inputs))
        unfinished = outputs.add(out)
        write_georeference(outputs, out, source.grid.crop(target), ".pgw")
        if unplaced := control_notice(out, source.grid):
            on_event(unplaced)
        meter = ProgressMeter(f"writing {out.name}", target.pixels, on_event)
        try:
            with unfinished.open("wb") as file:
                _encode(file, painting, target, meter, control)
        except OSError as error:
            raise cannot_finish(out, error) from error
        for notice in source.notices():
            on_event(Notice(notice))


def _check_size(target: PixelWindow, out: Path, on_event: OnEvent) -> None:
    """Refuse what no PNG can hold, and tell of what few programs can open."""
    longest = max(target.width, target.height)
    size = f"{out} would be {target.width} x {target.height} px"
    if longest > LONGEST_SIDE:
        raise OutputError(f"{size}, and a PNG ends at {LONGEST_SIDE} px a side; export parts of it with --window")
    if longest > _COMMON_LIMIT:
        on_event(Notice(f"{size}: many programs open no PNG over {_COMMON_LIMIT} px a side; --window exports a part"))


def _encode(file: BinaryIO, painting: Painting, target: PixelWindow, meter: ProgressMeter, control: JobControl) -> None:
    stream = PngStream(file, target.width, target.height, painting.kind)
    painting.write_colours(stream)
    for strip in pieces(target, target.width, _strip_rows(target.width * painting.kind.samples)):
        stream.write(_painted(strip, painting, meter, control))
    stream.finish()


def _strip_rows(row_bytes: int) -> int:
    """Return how many rows are painted at once: whole blocks of the map, or a power of two that divides them."""
    fitting = max(1, min(_STRIP_ROWS, _STRIP_BYTES // row_bytes))
    return 1 << (fitting.bit_length() - 1)


def _painted(strip: PixelWindow, painting: Painting, meter: ProgressMeter, control: JobControl) -> Pixels:
    """Return the (H, W) or (H, W, samples) pixels of `strip`, put together from pieces that fit a cache."""
    rows = np.empty((strip.height, strip.width, painting.kind.samples), np.uint8)
    for piece in pieces(strip, _PIECE_WIDTH, strip.height):
        control.checkpoint()
        columns = slice(piece.x - strip.x, piece.right - strip.x)
        rows[:, columns] = painting.paint(piece).reshape(piece.height, piece.width, -1)
        meter.add(piece.pixels)
    return rows

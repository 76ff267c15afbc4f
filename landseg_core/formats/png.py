"""Writes class values as PNG: with a palette, as class colours, or as class colours over the image."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from landseg_core.errors import OutputError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.formats.georeference import control_notice, write_georeference
from landseg_core.formats.png_stream import LONGEST_SIDE, PngStream
from landseg_core.formats.png_styles import PAINTERS, Painting, PngStyle
from landseg_core.formats.strips import MapSource, StripSource, emit_notices, strips
from landseg_core.geo.window import PixelWindow
from landseg_core.input_files import AnyPath
from landseg_core.labels.classes import ClassSchema
from landseg_core.limits import WorkSize, require_agreed
from landseg_core.messages import N_
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.raster.placement import Placement
from landseg_core.raster.source import RasterSource

_STRIP_BYTES = 64 * 2**20
_STRIP_ROWS = 512
_PIECE_WIDTH = 2048
_COMMON_LIMIT = 1_000_000  # px a side; libpng refuses more by default


def export_png(
    mask: AnyPath,
    out: AnyPath,
    style: PngStyle,
    schema: ClassSchema | None = None,
    image: AnyPath | None = None,
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
        image: the image on the same grid, for an overlay.
        opacity: that of the classes over the image, 0 to 1.
        window: the part to export; None for the whole.
        overwrite: replace files that exist already.
        on_event: gets the `Progress`, in pixels, and a `Notice`.
        control: pauses or stops the work.
        placement: the part of the whole image that the map covers: it is written as a map of the whole image.

    Raises:
        LargeWorkError: it is a large job, and `large` does not say that the user agreed.
        RasterError: mask or image cannot be read or have different grids; the window reaches beyond them.
        ClassSchemaError: there are no classes to take colours from, or a value has none.
        OutputError: `out` exists already, cannot be written, or is larger than a PNG can be.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    with ExitStack() as opened:
        source = opened.enter_context(MapSource(mask, schema, window, placement))
        background = opened.enter_context(RasterSource(image)) if image else None
        painting = PAINTERS[style](source, background, opacity)
        _check_size(source.window, out, on_event)
        size = source.window.pixels * painting.kind.samples
        require_agreed(WorkSize(str(out), source.window.pixels, out.parent, bytes=size), large=large)
        inputs = source.files + (background.files if background else ())
        _write(source, painting, inputs, out, overwrite, on_event, control or JobControl())


def write_png(
    source: StripSource,
    out: AnyPath,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the class values of a source with a palette, with its world file and CRS file.

    Raises:
        OutputError: `out` exists already, is one of the source's files, or cannot be written.
        RasterError, ProjectError: the source cannot be read.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    painting = PAINTERS["index"](source, None, 1.0)
    _write(source, painting, source.files, out, overwrite, on_event, control or JobControl())


def _check_size(target: PixelWindow, out: Path, on_event: OnEvent) -> None:
    """Refuse what does not fit into a PNG, and warn about sizes that few programs can open."""
    longest = max(target.width, target.height)
    if longest > LONGEST_SIDE:
        raise OutputError(
            N_(
                "{path} would be {width} x {height} px, but a PNG can have {most} px a side at most; export a part of "
                "it (--window)",
                path=out,
                width=target.width,
                height=target.height,
                most=LONGEST_SIDE,
            )
        )
    if longest > _COMMON_LIMIT:
        on_event(
            Notice(
                N_(
                    "{path} would be {width} x {height} px, but many programs open no PNG over {most} px a side; "
                    "export a part of it (--window)",
                    path=out,
                    width=target.width,
                    height=target.height,
                    most=_COMMON_LIMIT,
                )
            )
        )


def _write(
    source: StripSource,
    painting: Painting,
    inputs: Sequence[Path],
    out: Path,
    overwrite: bool,
    on_event: OnEvent,
    control: JobControl,
) -> None:
    with OutputFiles(overwrite=overwrite, inputs=inputs) as outputs:
        unfinished = outputs.add(out)
        write_georeference(outputs, out, source.grid.crop(source.window), ".pgw")
        if unplaced := control_notice(out, source.grid):
            on_event(unplaced)
        try:
            with unfinished.open("wb") as file:
                _encode(file, source, painting, out, on_event, control)
        except OSError as error:
            raise cannot_finish(out, error) from error
    emit_notices(source, on_event)


def _encode(
    file: BinaryIO, source: StripSource, painting: Painting, out: Path, on_event: OnEvent, control: JobControl
) -> None:
    target, samples = source.window, painting.kind.samples
    stream = PngStream(file, target.width, target.height, painting.kind)
    painting.write_colours(stream)
    rows = np.empty((0, target.width, samples), np.uint8)
    for piece in strips(source, _PIECE_WIDTH, _strip_rows(target.width * samples), out, on_event, control):
        if piece.x == target.x:
            rows = np.empty((piece.height, target.width, samples), np.uint8)
        columns = slice(piece.x - target.x, piece.right - target.x)
        rows[:, columns] = painting.paint(piece).reshape(piece.height, piece.width, samples)
        if piece.right == target.right:
            stream.write(rows)
    stream.finish()


def _strip_rows(row_bytes: int) -> int:
    """Return how many rows are painted at a time: whole blocks of the map, or a power of two that divides them."""
    fitting = max(1, min(_STRIP_ROWS, _STRIP_BYTES // row_bytes))
    return 1 << (fitting.bit_length() - 1)

"""What the pixels of a PNG show, for each of its styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from landseg_core.errors import ClassSchemaError, RasterError
from landseg_core.formats.png_stream import GREY, PALETTE, RGBA, PixelKind, PngStream
from landseg_core.formats.strips import StripSource
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED
from landseg_core.messages import N_
from landseg_core.raster.source import RasterSource
from landseg_core.raster.stretch import default_rendering

PngStyle = Literal["index", "colour", "overlay"]
Pixels = npt.NDArray[np.uint8]


def _no_colours(_stream: PngStream) -> None:
    """Write nothing: the pixels are the colours."""


@dataclass(frozen=True)
class Painting:
    """A PNG's `kind` of pixel, `paint` giving the (H, W) or (H, W, 4) pixels of a window, and what precedes them."""

    kind: PixelKind
    paint: Callable[[PixelWindow], Pixels]
    write_colours: Callable[[PngStream], None] = _no_colours


def paint_index(source: StripSource, _image: RasterSource | None, _opacity: float) -> Painting:
    """Show class values, with a palette where colours are known, else as grey."""
    colours = source.colours
    if colours is None:
        return Painting(GREY, source.read, lambda stream: stream.transparent_grey(UNLABELLED))

    def write_colours(stream: PngStream) -> None:
        stream.palette(colours)
        for keyword, text in source.texts.items():
            stream.text(keyword, text)

    return Painting(PALETTE, source.read, write_colours)


def paint_colour(source: StripSource, _image: RasterSource | None, _opacity: float) -> Painting:
    """Show class colours.

    Raises:
        ClassSchemaError: there are no colours; `paint` raises it for a value without a class.
    """
    colours = _required_colours(source)
    return Painting(RGBA, lambda window: colours[_known_values(source, window)])


def paint_overlay(source: StripSource, image: RasterSource | None, opacity: float) -> Painting:
    """Show class colours with `opacity` over the image.

    Raises:
        RasterError: there is no image, or its grid differs from the map's.
        ClassSchemaError: as for `paint_colour`.
    """
    below = _required_image(source, image)
    colours = _required_colours(source)
    rendering = default_rendering(below)

    def paint(window: PixelWindow) -> Pixels:
        rgba = rendering.to_rgba(below.read(window, rendering.bands), below.read_valid(window))
        return blend(rgba, colours[_known_values(source, window)], opacity)

    return Painting(RGBA, paint)


PAINTERS: Mapping[PngStyle, Callable[[StripSource, RasterSource | None, float], Painting]] = {
    "index": paint_index,
    "colour": paint_colour,
    "overlay": paint_overlay,
}


def _required_colours(source: StripSource) -> Pixels:
    if source.colours is None:
        raise ClassSchemaError(
            N_("{source} names no classes and no colours; choose the classes (--classes)", source=source.title)
        )
    return source.colours


def _required_image(source: StripSource, image: RasterSource | None) -> RasterSource:
    if image is None:
        raise RasterError(
            N_("an overlay of {source} needs the image below it; choose that image (--image)", source=source.title)
        )
    if not source.grid.matches(image.grid):
        raise _grids_differ(source, image)
    return image


def _grids_differ(source: StripSource, image: RasterSource) -> RasterError:
    if source.grid.window == image.grid.window:
        return RasterError(
            N_(
                "{source} and {image} have different georeferences; choose the image that the map was made from",
                source=source.title,
                image=image.path,
            )
        )
    return RasterError(
        N_(
            "{source} is {width} x {height} px, but {image} is {image_width} x {image_height} px; choose the image "
            "that the map was made from",
            source=source.title,
            width=source.grid.width,
            height=source.grid.height,
            image=image.path,
            image_width=image.grid.width,
            image_height=image.grid.height,
        )
    )


def _known_values(source: StripSource, window: PixelWindow) -> Pixels:
    """Return the class values of `window`, each of which must have a class if the classes are known."""
    values = source.read(window)
    if source.schema is None:
        return values
    unknown = np.setdiff1d(np.flatnonzero(np.bincount(values.ravel())), [*source.schema.values, UNLABELLED])
    if unknown.size:
        raise ClassSchemaError(
            N_(
                "{source} has the value {value}, which no class has; choose the classes that fit (--classes)",
                source=source.title,
                value=unknown[0],
            )
        )
    return values


def blend(below: Pixels, above: Pixels, opacity: float) -> Pixels:
    """Return (H, W, 4) RGBA `above`, its alpha times `opacity`, over RGBA `below`.

    The "over" of Porter and Duff, "Compositing digital images" (SIGGRAPH 1984), for colours not multiplied by alpha.
    """
    upper = above[..., 3:] * np.float32(opacity / 255)
    lower = below[..., 3:] * np.float32(1 / 255) * (1 - upper)
    alpha = upper + lower
    colour = (above[..., :3] * upper + below[..., :3] * lower) / np.where(alpha > 0, alpha, 1)
    blended: Pixels = np.rint(np.concatenate([colour, alpha * 255], axis=-1)).astype(np.uint8)
    return blended

"""A labelled part of an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.resampling import GridScale


@dataclass(frozen=True)
class ImagePair:
    """An image and the mask that labels it."""

    stem: str
    image: Path
    mask: Path

    def area(self, window: PixelWindow) -> LabelledArea:
        """Return the part of this pair inside `window`."""
        return LabelledArea(self.stem, self.image, self.mask, window)


@dataclass(frozen=True)
class ImageView:
    """How an image is read: which `bands`, in order, and at what `size` (width, height) in px.

    Without bands they are those of the data set, or all data bands; without a size it is the image's own.
    """

    bands: tuple[int, ...] = ()
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class LabelledArea:
    """A window that is trained, validated or evaluated on, in px of the image as `view` reads it."""

    stem: str
    image: Path
    mask: Path
    window: PixelWindow
    view: ImageView = ImageView()

    def seen_as(self, view: ImageView, own_size: tuple[int, int]) -> LabelledArea:
        """Return this area of an image of `own_size` (width, height) px, read so far at that size, in another view."""
        scale = GridScale.between(own_size, view.size or own_size)
        return replace(self, view=view, window=scale.placed(self.window) if view.size else self.window)

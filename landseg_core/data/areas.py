"""A labelled part of an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from landseg_core.geo.window import PixelWindow
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.views import AS_IT_IS, RasterView


@dataclass(frozen=True)
class ImagePair:
    """An image and the mask that labels it; `alpha` is how the image is opened, see `raster.alpha`."""

    stem: str
    image: Path
    mask: Path
    alpha: str = AUTO

    def area(self, window: PixelWindow) -> LabelledArea:
        """Return the part of this pair inside `window`."""
        return LabelledArea(self.stem, self.image, self.mask, window, alpha=self.alpha)


@dataclass(frozen=True)
class LabelledArea:
    """A window that is trained, validated or evaluated on, in px of the image as `view` reads it.

    `alpha` is that of its `ImagePair`. `class_px` are its labelled px by class index, counted in px of the image
    itself, and empty where they have not been counted; comparisons ignore them.
    """

    stem: str
    image: Path
    mask: Path
    window: PixelWindow
    view: RasterView = AS_IT_IS
    alpha: str = AUTO
    class_px: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @property
    def pair(self) -> ImagePair:
        """Return the image and the mask."""
        return ImagePair(self.stem, self.image, self.mask, self.alpha)

    @property
    def native_window(self) -> PixelWindow:
        """Return the window in px of the image itself that the area is read from."""
        return self.view.to_native(self.window)

    def with_view(self, view: RasterView) -> LabelledArea:
        """Return this area, so far in px of the image itself, in px of `view`."""
        return replace(self, view=view, window=view.to_view(self.window))


def pixels(areas: Iterable[LabelledArea]) -> int:
    """Return the pixels of `areas` together."""
    return sum(area.window.pixels for area in areas)

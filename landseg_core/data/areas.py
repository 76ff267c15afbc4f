"""A labelled part of an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from landseg_core.geo.window import PixelWindow


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
class LabelledArea:
    """A window (in px of the image) that is trained, validated or evaluated on.

    `class_px` are its labelled px by class index, empty where nobody has counted them; they do not tell areas apart.
    """

    stem: str
    image: Path
    mask: Path
    window: PixelWindow
    class_px: tuple[int, ...] = field(default=(), compare=False, repr=False)

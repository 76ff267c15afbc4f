"""Knows the images of a run again, so that it is not resumed on others."""

from __future__ import annotations

import hashlib
from pathlib import Path

from landseg_core.data.fingerprint import fingerprint
from landseg_core.data.training_data import TrainingData
from landseg_core.raster.source import RasterSource
from landseg_core.raster.views import ImageView

MOST_IMAGES = 64
"""Of more images, this many spread evenly over their names are looked at: a run must not wait for thousands."""


def image_mark(data: TrainingData) -> str:
    """Return a hash of what the images of both sides hold, wherever they lie and whatever they are called.

    Raises:
        RasterError: an image cannot be read.
    """
    views = {area.image: area.view for area in (*data.train, *data.val)}
    paths = sorted(views, key=lambda path: (path.stem, str(path)))
    step = max(1, -(-len(paths) // MOST_IMAGES))
    told = hashlib.blake2b(digest_size=12)
    for path in paths[::step]:
        told.update(_mark(path, views[path], data.bands).encode())
    return told.hexdigest()


def _mark(path: Path, view: ImageView, bands: tuple[int, ...]) -> str:
    with RasterSource(path) as source:
        return fingerprint(source, view.bands or bands)

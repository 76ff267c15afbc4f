"""Labels to export, what an image of a project holds of them, and files of shapes to import."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project

Labels = npt.NDArray[np.uint8]
_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf"}


def patchy_labels(width: int, height: int, seed: int = 0) -> Labels:
    """Return labels of large and of single-pixel regions, with unlabelled ones."""
    rng = np.random.default_rng(seed)
    values = np.array([0, 1, 4, 255], np.uint8)
    coarse = rng.choice(values, (-(-height // 37), -(-width // 37)))
    labels = np.kron(coarse, np.ones((37, 37), np.uint8))[:height, :width].copy()
    noisy = rng.random(labels.shape) < 0.02
    labels[noisy] = rng.choice(values, int(noisy.sum()))
    return labels


def labels_of(project: Project, image: ImageEntry) -> Labels:
    """Return all labels of an image."""
    return project.labels(image.id).read(image.grid.window)


def write_vector(
    path: Path,
    shapes: Sequence[Any],
    crs: str | None = "EPSG:32632",
    layer: str | None = None,
    kind: str = "Unknown",
    append: bool = False,
    **fields: Sequence[Any],
) -> Path:
    """Write shapes with their `fields`; the suffix says in which format."""
    columns = [np.array(values) for values in fields.values()]
    texts = [column.astype(object) if column.dtype.kind == "U" else column for column in columns]
    wkb = shapely.to_wkb(np.array(shapes, object))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL minds a file without a CRS
        pyogrio.raw.write(
            path,
            wkb,
            texts,
            list(fields),
            layer=layer,
            driver=_DRIVERS[path.suffix],
            geometry_type=kind,
            crs=crs,
            append=append,
        )
    return path

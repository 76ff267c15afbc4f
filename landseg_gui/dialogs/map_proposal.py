"""The files to propose for a map: those of the map that it would replace, or new ones."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from landseg_core.errors import ModelError, RasterError
from landseg_core.file_identity import FileIdentity
from landseg_core.geo.grid import RasterGrid
from landseg_core.models.header import MODEL_FILE, model_path
from landseg_core.raster.files.map_files import MapFiles, proposed_files
from landseg_core.raster.model_reference import ModelReference, read_model_reference
from landseg_core.raster.source import RasterSource


def proposed_map(folder: Path, stem: str, model: Path | None, grid: RasterGrid) -> MapFiles:
    """Return the files for the map by `model` of the image called `stem`, or of the part of it with this `grid`.

    The same run and part get the same files; files of another run or part are avoided by a number in the name. The
    files of a map of an unknown run are proposed again: the user is asked before they are replaced.
    """
    chosen = _reference_of(model)
    return proposed_files(folder, stem, lambda mask: not _is_other_map(mask, chosen, grid))


def _is_other_map(mask: Path, model: ModelReference | None, grid: RasterGrid) -> bool:
    """Return whether the map in `mask` is known to be of another run than `model`, or to have another grid."""
    try:
        reference = read_model_reference(mask)
        if model and reference and not model.is_same_run(reference):
            return True
        with RasterSource(mask) as written:
            return not written.grid.matches(grid)
    except RasterError:  # it is damaged, or no map at all
        return False


def _reference_of(model: Path | None) -> ModelReference | None:
    try:
        found = model_path(model) if model else None
        return _reference(found, FileIdentity.of(found)) if found else None
    except (ModelError, OSError):  # which the field of the model shows
        return None


@lru_cache(maxsize=8)
def _reference(model: Path, _identity: FileIdentity | None) -> ModelReference:
    """Return how maps refer to a model; one in a run is known by the run, so that its content need not be read."""
    in_run = model.name == MODEL_FILE
    return ModelReference.of_bytes(model, b"" if in_run else model.read_bytes(), in_run=in_run)

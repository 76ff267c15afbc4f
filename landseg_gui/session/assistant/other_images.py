"""The labels of the other images of a project, for suggestions on the one in the view."""

from __future__ import annotations

from functools import cache

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.image_assistant import OTHER_IMAGE, ImageAssistant
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.pyramid import is_empty
from landseg_core.project.images import ImageEntry, open_image
from landseg_core.project.project import Project
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.tiles import TileBudget

MOST_IMAGES = 8
"""So many other images are used at most."""
_BUDGET = 16 * 2**20  # bytes: what is computed of an image is used once, and only its labelled cells are kept


class OtherImages:
    """Labelled cells of images that are not in the view, computed once. For one thread at a time."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, int], list[RowGroup]] = {}

    def known(self, image_ids: list[int], level: int) -> list[RowGroup]:
        """Return what has been computed of some images at a level."""
        return [group for image_id in image_ids for group in self._groups.get((image_id, level), [])]

    def compute(self, project: Project, images: list[ImageEntry], level: int, control: JobControl) -> bool:
        """Compute what is missing of some images; return whether there was anything.

        An image that cannot be read has no labelled cells.

        Raises:
            JobStopped: on request.
        """
        missing = [entry for entry in images if (entry.id, level) not in self._groups]
        for entry in missing:
            self._groups[entry.id, level] = _groups_of(project, entry, level, control)
        return any(self._groups[entry.id, level] for entry in missing)

    def forget(self, image_id: int | None = None) -> None:
        """Compute an image again when it is needed, or all."""
        self._groups = {key: groups for key, groups in self._groups.items() if image_id not in (None, key[0])}


def _groups_of(project: Project, entry: ImageEntry, level: int, control: JobControl) -> list[RowGroup]:
    try:
        labels = project.labels(entry.id)
        if is_empty(labels.tile(TileKey(labels.pyramid.levels - 1, 0, 0))):
            return []
        with open_image(entry) as source:
            reader = PyramidReader(source)
            try:
                return _computed(project, entry, reader, level, control)
            finally:
                reader.close()
    except LandsegError:
        return []


def _computed(
    project: Project, entry: ImageEntry, reader: PyramidReader, level: int, control: JobControl
) -> list[RowGroup]:
    scale = ImageScale.of(reader.source)

    @cache
    def ids_of(key: TileKey) -> Ids:
        tile = read_tile_image(reader, key, scale)
        return cut_cells(tile.rgb, tile.valid).ids

    labels = project.labels(entry.id)
    assistant = ImageAssistant(entry.name, reader, labels, ids_of, lambda: scale, TileBudget(_BUDGET))
    try:
        return assistant.row_groups(min(level, reader.pyramid.levels - 1), OTHER_IMAGE, control)
    finally:
        assistant.close()

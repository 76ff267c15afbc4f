"""The labels of the other images of a project, for suggestions on the one in the view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Generic, TypeVar

from landseg_core.assistant.cell_graph import Ids
from landseg_core.assistant.cells import cut_cells
from landseg_core.assistant.image_assistant import OTHER_IMAGE, ImageAssistant
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.assistant.tile_pixels import ImageScale, read_tile_image
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.labels.label_raster import LabelRaster
from landseg_core.labels.pyramid import is_empty
from landseg_core.project.images import ImageEntry, open_image
from landseg_core.project.project import Project
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.tiles import TileBudget

MOST_IMAGES = 8
"""So many other images are used at most."""
_BUDGET = 16 * 2**20  # bytes: what is computed of an image is used once, and only its labelled cells are kept


Group = TypeVar("Group")


class RowsOfOthers(Generic[Group]):
    """Labelled cells of images that are not in the view, computed once. For one thread at a time.

    `groups_of(entry, image, level, control)` returns those of the image of an entry.
    """

    def __init__(self, groups_of: Callable[[ImageEntry, ImageAssistant, int, JobControl], list[Group]]) -> None:
        self._groups_of = groups_of
        self._groups: dict[tuple[int, int], list[Group]] = {}

    def known(self, image_ids: list[int], level: int) -> list[Group]:
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
            self._groups[entry.id, level] = self._computed(project, entry, level, control)
        return any(self._groups[entry.id, level] for entry in missing)

    def forget(self, image_id: int | None = None) -> None:
        """Compute an image again when it is needed, or all."""
        self._groups = {key: groups for key, groups in self._groups.items() if image_id not in (None, key[0])}

    def _computed(self, project: Project, entry: ImageEntry, level: int, control: JobControl) -> list[Group]:
        try:
            labels = project.labels(entry.id)
            if is_empty(labels.tile(TileKey(labels.pyramid.levels - 1, 0, 0))):
                return []
            with _opened(labels, entry) as image:
                return self._groups_of(entry, image, min(level, labels.pyramid.levels - 1), control)
        except LandsegError:
            return []


def _labelled_cells(_entry: ImageEntry, image: ImageAssistant, level: int, control: JobControl) -> list[RowGroup]:
    return image.row_groups(level, OTHER_IMAGE, control)


class OtherImages(RowsOfOthers[RowGroup]):
    """Labelled cells of other images, as suggestions from labels alone need them."""

    def __init__(self) -> None:
        super().__init__(_labelled_cells)


@contextmanager
def _opened(labels: LabelRaster, entry: ImageEntry) -> Iterator[ImageAssistant]:
    with ExitStack() as stack:
        reader = PyramidReader(stack.enter_context(open_image(entry)))
        stack.callback(reader.close)
        scale = ImageScale.of(reader.source)

        @cache
        def ids_of(key: TileKey) -> Ids:
            tile = read_tile_image(reader, key, scale)
            return cut_cells(tile.rgb, tile.valid).ids

        assistant = ImageAssistant(entry.name, reader, labels, ids_of, lambda: scale, TileBudget(_BUDGET))
        stack.callback(assistant.close)
        yield assistant

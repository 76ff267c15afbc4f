"""The model in use as the assistant runs it: loaded once, and opened on the image in the view."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from landseg_core.assistant.image_assistant import OTHER_IMAGE, ImageAssistant
from landseg_core.assistant.model_assistant import ModelAssistant
from landseg_core.assistant.model_suggestion import ModelRowGroup
from landseg_core.assistant.model_tiles import ModelTiles, Network
from landseg_core.errors import LandsegError, ModelError
from landseg_core.events import JobControl
from landseg_core.messages import N_
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.compatibility import alpha_for
from landseg_core.models.header import BundleHeader, model_path, read_header
from landseg_core.project.images import ImageEntry, open_image
from landseg_core.raster.pyramid.overviews import PyramidReader
from landseg_core.raster.source import RasterSource
from landseg_core.raster.tiles import TileBudget
from landseg_gui.jobs.imports import import_undisturbed
from landseg_gui.session.assistant.other_images import RowsOfOthers

MOST_OTHER_TILES = 3
"""So many labelled tiles of another image are used at most: the network takes a second for each."""
_BUDGET = 128 * 2**20  # bytes: a tile takes 3 MB with five classes

Open = Callable[[BundleHeader], RasterSource]


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model file with its network on a device; `stamp` changes with the file."""

    path: Path
    stamp: tuple[int, int]
    header: BundleHeader
    network: Network

    @classmethod
    def load(cls, path: Path) -> LoadedModel:
        """Load a model file, or the one in a run's folder; takes seconds the first time.

        Raises:
            ModelError: there is no such file, or it is damaged.
        """
        read_header(path)  # a file that is no model needs no torch
        import_undisturbed("landseg_core.assistant.last_layer")
        from landseg_core.assistant.last_layer import LastLayer

        stamp, bundle = _stamp(path), ModelBundle.load(path)
        return cls(path, stamp, bundle.header, LastLayer(bundle))

    def is_current(self, path: Path) -> bool:
        """Return whether this is the model at a path, as the file is now."""
        return self.path == path and self.stamp == _stamp(path)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = model_path(path).stat()
    except OSError as error:
        raise ModelError(
            N_("{path} cannot be read ({reason}); choose another model", path=path, reason=error.strerror or error)
        ) from error
    return found.st_mtime_ns, found.st_size


class ModelSuggestions:
    """Opens the model in use on the image in the view. For one thread at a time.

    Attributes:
        others: what the model says of the labelled cells of other images.
    """

    def __init__(self) -> None:
        self.others = RowsOfOthers(self._groups_of)
        self._model: LoadedModel | None = None
        self._opened: tuple[LoadedModel, ImageAssistant, ModelAssistant, ExitStack] | None = None
        self._refused: tuple[Path, tuple[int, int], ImageAssistant, LandsegError] | None = None

    def is_opened(self, path: Path, image: ImageAssistant) -> bool:
        """Return whether the model at a path has been opened on an image."""
        opened = self._opened
        return opened is not None and opened[1] is image and opened[0].is_current(path)

    def opened(self, path: Path, image: ImageAssistant, open_source: Open) -> tuple[BundleHeader, ModelAssistant]:
        """Return the model at `path` on an image, whose file `open_source` opens for a model.

        Raises:
            ModelError: the model cannot be read, or not be used on the image.
            RasterError, ProjectError: the image cannot be opened.
            DeviceError: there is no device to run it on.
        """
        if not self.is_opened(path, image):
            self._open(path, image, open_source)
        assert self._opened is not None
        return self._opened[0].header, self._opened[2]

    def _open(self, path: Path, image: ImageAssistant, open_source: Open) -> None:
        self.close()
        stamp = _stamp(path)
        if self._refused is not None and self._refused[:3] == (path, stamp, image):
            raise self._refused[3]  # neither has changed: it need not be tried again
        try:
            if self._model is None or not self._model.is_current(path):
                self._model = None
                self.others.forget()
                self._model = LoadedModel.load(path)
            self._opened = self._model, image, *_opened(self._model, image, open_source)
        except LandsegError as error:
            self._refused = path, stamp, image, error
            raise

    def _groups_of(
        self, entry: ImageEntry, image: ImageAssistant, level: int, control: JobControl
    ) -> list[ModelRowGroup]:
        assert self._model is not None, "others are asked for after the image in the view"

        def open_source(header: BundleHeader) -> RasterSource:
            return open_image(entry, alpha_for(header, entry.path))

        assistant, opened = _opened(self._model, image, open_source)
        with opened:
            return assistant.row_groups(level, OTHER_IMAGE, MOST_OTHER_TILES, control)

    def close(self) -> None:
        """Release the image and all that has been computed of it; the model stays loaded."""
        if self._opened is not None:
            self._opened[3].close()
            self._opened = None


def _opened(model: LoadedModel, image: ImageAssistant, open_source: Open) -> tuple[ModelAssistant, ExitStack]:
    with ExitStack() as stack:
        reader = PyramidReader(stack.enter_context(open_source(model.header)))
        stack.callback(reader.close)
        tiles = ModelTiles(model.network, model.header, reader, image.cells, TileBudget(_BUDGET))
        assistant = ModelAssistant(image.name, tiles, image.features, image.cells, image.labels)
        stack.callback(assistant.close)
        return assistant, stack.pop_all()

"""Makes suggestions in a thread: from labels alone, or by the model in use and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from landseg_core.assistant.image_assistant import ImageAssistant, SuggestedView
from landseg_core.assistant.model_assistant import ModelAssistant
from landseg_core.assistant.model_suggestion import ModelClasses
from landseg_core.assistant.suggestion import RowGroup
from landseg_core.errors import LandsegError
from landseg_core.events import JobControl
from landseg_core.geo.tiling import TileKey
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import UNLABELLED, ClassSchema
from landseg_core.labels.regions import AreasRegion, Position
from landseg_core.models.compatibility import alpha_for, open_for
from landseg_core.models.header import BundleHeader
from landseg_core.project.images import ImageEntry, open_image
from landseg_core.project.project import Project
from landseg_core.raster.source import RasterSource
from landseg_gui.session.assistant.model_suggestions import ModelSuggestions
from landseg_gui.session.assistant.other_images import OtherImages

Areas = tuple[tuple[Position, ...], ...]


@dataclass(frozen=True)
class SuggestionRequest:
    """What a suggestion is made of; two requests for the same tiles, with the same labels, are equal.

    `model`: the file of the model in use, or its run's folder; None for none.
    """

    labels_changes: int
    keys: tuple[TileKey, ...]
    classes: tuple[int, ...]
    names: tuple[str, ...]
    areas: Areas
    model: Path | None
    seen: PixelWindow = field(compare=False)
    schema: ClassSchema = field(compare=False)

    @property
    def level(self) -> int:
        """Return the level of its tiles."""
        return self.keys[0].level


@dataclass(frozen=True, eq=False)
class Subject:
    """The image that suggestions are about, at `path`; in a project, its entry there, and those of the others."""

    image: ImageAssistant
    path: Path
    project: Project | None = None
    entry: ImageEntry | None = None
    others: tuple[ImageEntry, ...] = ()

    def open_for(self, header: BundleHeader) -> RasterSource:
        """Open the image for a model, whose alpha may be another one.

        Raises:
            RasterError, ProjectError: it cannot be opened.
        """
        if self.entry is None:
            return open_for(header, self.path)
        return open_image(self.entry, alpha_for(header, self.path))


class SuggestionMaker:
    """Makes suggestions, a better one whenever more is known. For one thread at a time.

    `on_made(request, view)` gets each, None where there is none; `on_refused(request, error)` why the model cannot be
    used, in which case labels alone make the suggestion.
    """

    def __init__(
        self,
        on_made: Callable[[SuggestionRequest, SuggestedView | None], None],
        on_refused: Callable[[SuggestionRequest, LandsegError], None],
    ) -> None:
        self._on_made, self._on_refused = on_made, on_refused
        self._models = ModelSuggestions()
        self.others = OtherImages()

    def make(self, request: SuggestionRequest, subject: Subject, control: JobControl) -> None:
        """Make suggestions for a request.

        Raises:
            JobStopped: on request.
            RasterError: the image cannot be read.
        """
        if request.model is None or not self._by_model(request, request.model, subject, control):
            self._by_labels(request, subject, control)

    def forget_others(self, image_id: int | None = None) -> None:
        """Compute the labelled cells of an image again when they are needed, or those of all."""
        self.others.forget(image_id)
        self._models.others.forget(image_id)

    def release(self) -> None:
        """Release the image that the model has been opened on."""
        self._models.close()

    # --- from labels alone

    def _by_labels(self, request: SuggestionRequest, subject: Subject, control: JobControl) -> None:
        """Make a suggestion, at first for the middle of the view, and another one with the labels outside of it."""
        numbers, known = [entry.id for entry in subject.others], self.others
        if subject.image.has_much_to_do(request.level, request.seen):
            others = known.known(numbers, request.level)
            self._from_labels(request, subject, others, control, complete=False, first=True)
        complete = subject.image.is_complete(request.level, request.seen)
        self._from_labels(request, subject, known.known(numbers, request.level), control, complete=complete)
        if not complete:
            self._from_labels(request, subject, known.known(numbers, request.level), control)
        if subject.project and known.compute(subject.project, list(subject.others), request.level, control):
            self._from_labels(request, subject, known.known(numbers, request.level), control)

    def _from_labels(
        self,
        request: SuggestionRequest,
        subject: Subject,
        others: list[RowGroup],
        control: JobControl,
        *,
        complete: bool = True,
        first: bool = False,
    ) -> None:
        level, seen, classes = request.level, request.seen, request.classes
        found = subject.image.suggest(level, seen, classes, others, control, complete=complete, first=first)
        if found is None and not complete:
            return  # the rest of the labels may make one: until then the former one stays
        self._emit(request, found, control)

    def _emit(self, request: SuggestionRequest, found: SuggestedView | None, control: JobControl) -> None:
        if found is not None and request.areas:
            found.values[~_in_areas(request.areas, found)] = UNLABELLED
        control.checkpoint()
        self._on_made(request, found)

    # --- by a model

    def _by_model(self, request: SuggestionRequest, model: Path, subject: Subject, control: JobControl) -> bool:
        """Make suggestions that begin with what the model predicts; return whether it can be used.

        Until its network has been loaded, labels alone give a first answer.
        """
        try:
            if subject.project and not self._models.is_opened(model, subject.image):
                self._from_labels(request, subject, [], control, complete=False)
            header, assistant = self._models.opened(model, subject.image, subject.open_for)
            self._with_model(request, subject, assistant, ModelClasses.of(header.schema, request.schema), control)
        except LandsegError as error:
            control.checkpoint()
            self._on_refused(request, error)
            return False
        return True

    def _with_model(
        self,
        request: SuggestionRequest,
        subject: Subject,
        assistant: ModelAssistant,
        classes: ModelClasses,
        control: JobControl,
    ) -> None:
        """Make suggestions, one after each part of the tiles that has been computed."""
        others = self._models.others

        def suggest() -> None:
            control.checkpoint()
            known = others.known([entry.id for entry in subject.others], request.level)
            found = assistant.suggest(request.level, request.seen, classes, known)
            if found is not None:
                self._emit(request, found, control)

        for part in [[], *assistant.missing(request.level, request.seen)]:
            assistant.compute(part, control)
            suggest()
        if subject.project and others.compute(subject.project, list(subject.others), request.level, control):
            suggest()


def _in_areas(areas: Areas, found: SuggestedView) -> npt.NDArray[np.bool_]:
    scale = 1 << found.level
    rings = [[(column / scale, row / scale) for column, row in ring] for ring in areas]
    return AreasRegion(rings).mask(found.window)

"""What can be accepted as labels: predictions in files, and the suggestion that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from landseg_core.assistant.image_assistant import SuggestedView
from landseg_core.assistant.suggested_map import as_prediction
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_, Text
from landseg_core.project.acceptance import Predicted, opened_prediction
from landseg_core.raster.files.as_opened import FilesAsOpened
from landseg_gui.paths import is_there
from landseg_gui.text import tr

VIEW, EVERYWHERE, POLYGON, REGION = "view", "everywhere", "polygon", "region"


class Acceptable(Protocol):
    """Class values of the image in the view, from whatever source."""

    @property
    def name(self) -> str:
        """Return what the user knows it by."""

    @property
    def schema(self) -> ClassSchema | None:
        """Return its classes; None: they have to be read."""

    @property
    def has_confidence(self) -> bool:
        """Return whether it is known how sure it is."""

    def opened(self, image: RasterGrid, *, with_confidence: bool) -> AbstractContextManager[Predicted]:
        """Return what it says of the image, to use in any thread.

        Raises:
            RasterError: it cannot be read, or is of another image.
        """

    def problem(self) -> str:
        """Return why it cannot be accepted any more; empty where it can."""

    def step(self, area: str) -> Text:
        """Return what the history calls accepting it, in one of the areas above."""


@dataclass(frozen=True)
class Prediction:
    """A map that can be accepted as labels; `schema` None: the classes are read from its file.

    For a map that is shown, `window` is the part of the image that it covers, None for all of it, and `as_opened`
    identifies its file.
    """

    name: str
    mask: Path
    confidence: Path | None = None
    schema: ClassSchema | None = None
    window: PixelWindow | None = None
    as_opened: FilesAsOpened | None = None

    @property
    def has_confidence(self) -> bool:
        """Return whether there is a map of its confidence."""
        return self.confidence is not None

    def opened(self, image: RasterGrid, *, with_confidence: bool) -> AbstractContextManager[Predicted]:
        """Return what the files say of the image."""
        return opened_prediction(
            self.mask,
            image,
            schema=self.schema,
            confidence=self.confidence if with_confidence else None,
            map_window=self.window,
            as_opened=self.as_opened,
        )

    def problem(self) -> str:
        """Return a sentence where its file is gone."""
        if is_there(self.mask.is_file):
            return ""
        return tr("{path} does not exist any more; predict the image again.", path=self.mask)

    def step(self, area: str) -> Text:
        """Return what the history calls accepting it."""
        return _PREDICTION_STEPS[area]


@dataclass(frozen=True, eq=False)
class ShownSuggestion:
    """The suggestion for the view, as it was when it was asked for; `schema`: the classes of the project."""

    found: SuggestedView
    schema: ClassSchema

    has_confidence = True

    @property
    def name(self) -> str:
        """Return what the layer is called."""
        return tr("Suggestion")

    def predicted(self, image: RasterGrid) -> Predicted:
        """Return what it says of the image."""
        return as_prediction(self.found, image.window, self.schema)

    @contextmanager
    def opened(self, image: RasterGrid, *, with_confidence: bool) -> Iterator[Predicted]:  # noqa: ARG002 - it is there
        """Return what it says of the image."""
        yield self.predicted(image)

    def problem(self) -> str:
        """Return nothing: it is in memory."""
        return ""

    def step(self, area: str) -> Text:
        """Return what the history calls accepting it."""
        return _SUGGESTION_STEPS[area]


_PREDICTION_STEPS = {
    VIEW: N_("Accept prediction in view"),
    EVERYWHERE: N_("Accept prediction everywhere"),
    POLYGON: N_("Accept prediction in polygon"),
    REGION: N_("Accept predicted region"),
}
_SUGGESTION_STEPS = {
    VIEW: N_("Accept suggestion in view"),
    POLYGON: N_("Accept suggestion in polygon"),
    REGION: N_("Accept suggested region"),
}

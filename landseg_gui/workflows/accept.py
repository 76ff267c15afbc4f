"""Accepting predictions from the window: the dialog, the polygon tool, and the work in its thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.events import Event, JobControl, OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import listed
from landseg_core.labels.regions import Region
from landseg_core.project.acceptance import ClassesLeftOut, accept_prediction
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.project.run_table import PredictionEntry
from landseg_core.raster.files.map_files import MapFiles
from landseg_gui.dialogs.accept import POLYGON, AcceptDialog, AcceptRequest, Prediction
from landseg_gui.form_settings import FormMemory
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.paths import is_there
from landseg_gui.session.session import Session
from landseg_gui.text import pixels, tr
from landseg_gui.tools.accept import Accept
from landseg_gui.tools.manager import ToolManager
from landseg_gui.viewer.layer import MaskLayer
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.map_reader import MapReader

_NO_IMAGE = "Open a project and one of its images first: a prediction becomes labels of a project"
_NO_PREDICTION = "There is no prediction to accept: predict the image, or open a mask of it"

_NOTHING_ACCEPTED = "Nothing was accepted: there, all is labelled already, or the prediction is not sure enough"


def accept_work(
    project: Project, image: ImageEntry, request: AcceptRequest, locked: Iterable[int], region: Region | None = None
) -> Work:
    """Return the work that accepts what `request` says, inside `region` if given; it gives the number of px."""
    locked = frozenset(locked)

    def work(on_event: OnEvent, control: JobControl) -> int:
        return accept_prediction(
            project,
            image.id,
            request.prediction.mask,
            schema=request.prediction.schema,
            region=region,
            window=request.window,
            only_unlabelled=request.only_unlabelled,
            confidence=request.prediction.confidence if request.above else None,
            above=request.above,
            locked=locked,
            map_window=request.prediction.window,
            as_opened=request.prediction.as_opened,
            on_event=on_event,
            control=control,
        )

    return work


def predictions_of(entries: Sequence[PredictionEntry], masks: Sequence[MaskLayer]) -> list[Prediction]:
    """Return what can be accepted: the `masks` over the image, those in sight first, then the project's others.

    A mask keeps the classes that the user has chosen for it.
    """
    present = [entry for entry in entries if not entry.missing]
    shown = [_prediction_in(mask, present) for mask in sorted(masks, key=lambda mask: not mask.visible)]
    files = {path for mask in masks for path in _files(mask)}
    others = [entry for entry in reversed(present) if entry.mask not in files]
    return [*shown, *(Prediction(entry.mask.stem, entry.mask, entry.confidence) for entry in others)]


def _files(mask: MaskLayer) -> list[Path]:
    """Return the file of a mask and, where it is a virtual raster, those that it draws on."""
    return [path.absolute() for path in mask.source.files]


def _prediction_in(mask: MaskLayer, entries: Iterable[PredictionEntry]) -> Prediction:
    files = _files(mask)
    known = [entry.confidence for entry in entries if entry.mask in files]
    confidence = known[-1] if known else next(filter(None, map(_confidence_beside, files)), None)
    place = mask.placement.window if mask.placement else None
    return Prediction(mask.name, mask.path, confidence, mask.schema, place, mask.source.as_opened)


def _confidence_beside(mask: Path) -> Path | None:
    """Return the confidence that a prediction has written beside its mask, if it has."""
    confidence = MapFiles.of_mask(mask).confidence
    return confidence if is_there(confidence.is_file) else None


class AcceptFlow(Flow):
    """Makes predictions of the image in the window labels of the project.

    With the polygon tool each polygon is one step. It accepts as last chosen in the dialog; the prediction is again the
    topmost one as soon as layers or predictions come or go, so that nobody goes on with an outdated one unawares.
    """

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        view: Callable[[], PixelWindow | None],
        window: QWidget,
        tools: ToolManager,
    ) -> None:
        """Make a flow whose dialog offers the part of the picture that `view` returns, in px; None for none."""
        super().__init__(session, runner, window)
        self._view, self._tools = view, tools
        self._memory = FormMemory("accept")
        self._last: AcceptRequest | None = None
        self._prediction: Prediction | None = None
        # The tool is there before the workflow that it serves: one manager makes all tools.
        tool = tools.tool("accept")
        assert isinstance(tool, Accept)
        tool.may_accept = lambda: self._polygon_request() is not None
        tool.accept_in = self._accept_in
        for signal in (session.layers.changed, self._projects.editing.predictions_changed):
            signal.connect(self._forget_prediction)
        self._projects.project_changed.connect(self._forget_choices)

    def open(self) -> AcceptDialog | None:
        """Show the dialog, if there is a prediction and an image to label."""
        predictions = self._predictions()
        if not predictions or not self._projects.editing.may_paint():
            return None
        reader = MapReader(self._projects)
        dialog = AcceptDialog(predictions, self._view(), self._memory, self._window, self._projects.schema, reader)
        reader.setParent(dialog)
        dialog.accepted.connect(lambda: self._take(dialog.request()))
        self._open_dialog(dialog, self._projects.images.shown_changed)
        return dialog

    def start(self, request: AcceptRequest, region: Region | None = None) -> Job | None:
        """Accept what `request` says; None where the project cannot be changed just now."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            return None
        work = accept_work(project, image, request, self._projects.paint.locked, region)
        job = self._projects.editing.run(tr("Accept {prediction}", prediction=request.prediction.name), work)
        if job is not None:
            left_out: dict[str, int] = {}
            job.reported.connect(lambda event: self._take_event(event, left_out))
            job.finished.connect(lambda count: self._tell(count, left_out, in_polygon=region is not None))
        return job

    def _take(self, request: AcceptRequest) -> None:
        if request.area == POLYGON:
            self._last, self._prediction = request, request.prediction
            self._tools.select("accept")
        else:
            self.start(request)

    def _predictions(self) -> list[Prediction]:
        """Return what can be accepted in the image; where there is nothing, the user is told why."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            self._notifier.info(_NO_IMAGE)
            return []
        predictions = predictions_of(project.predictions(image.id), self._session.layers.masks)
        if not predictions:
            self._notifier.info(_NO_PREDICTION)
        return predictions

    def _polygon_request(self) -> AcceptRequest | None:
        """Return what the tool accepts; None, and the user knows why, where there is nothing."""
        prediction = self._prediction or next(iter(self._predictions()), None)
        if prediction is None:
            return None
        if self._last is None:
            return AcceptRequest(prediction, POLYGON, None, only_unlabelled=True, above=0.0)
        return replace(self._last, prediction=prediction, above=self._last.above if prediction.confidence else 0.0)

    def _accept_in(self, region: Region) -> None:
        request = self._polygon_request()
        if request:
            self.start(request, region)

    def _forget_choices(self) -> None:
        """Begin anew in another project: what was chosen last was for the classes and maps of the former."""
        self._last = self._prediction = None

    def _forget_prediction(self) -> None:
        self._prediction = None

    def _take_event(self, event: Event, left_out: dict[str, int]) -> None:
        if isinstance(event, ClassesLeftOut):
            left_out.update(event.pixels)
        else:
            self._notifier.notice(event)

    def _tell(self, count: int, left_out: Mapping[str, int], *, in_polygon: bool) -> None:
        """Say what has come of it; what a polygon has brought is seen."""
        if left_out:
            accepted = f"{pixels(count)} accepted" if count else "Nothing was accepted"
            self._notifier.info(f"{accepted}; {left_out_text(left_out)}")
        elif count == 0:
            self._notifier.info(_NOTHING_ACCEPTED)
        elif not in_polygon:
            self._notifier.info(tr("{pixels} accepted", pixels=pixels(count)))


def left_out_text(left_out: Mapping[str, int]) -> str:
    """Return in words how many px of which classes were left out, since the project has no such class."""
    classes = listed(f"{name} ({pixels(count)})" for name, count in left_out.items())
    total = pixels(sum(left_out.values()))
    return f"{total} were left out, for the project has no such class: {classes}"

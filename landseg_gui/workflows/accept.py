"""Accepting predictions and suggestions from the window: the dialog, the tools, and the work in its thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.events import Event, JobControl, OnEvent
from landseg_core.geo.window import PixelWindow
from landseg_core.labels.class_match import class_list
from landseg_core.labels.regions import Region
from landseg_core.messages import N_
from landseg_core.project.acceptance import ClassesLeftOut, Predicted, accept_values
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.project.run_table import PredictionEntry
from landseg_core.raster.files.map_files import MapFiles
from landseg_gui.dialogs.accept import AcceptDialog, AcceptRequest
from landseg_gui.form_settings import FormSettings
from landseg_gui.jobs.runner import Job, JobRunner, Work
from landseg_gui.paths import is_there
from landseg_gui.session.acceptable import POLYGON, REGION, Acceptable, Prediction, ShownSuggestion
from landseg_gui.session.session import Session
from landseg_gui.text import pixels, tr, translated
from landseg_gui.tools.accept import Accept
from landseg_gui.tools.accept_brush import AcceptBrush
from landseg_gui.tools.accept_region import AcceptRegion, FoundRegion
from landseg_gui.tools.fill_extent import spread_limit
from landseg_gui.tools.manager import ToolManager
from landseg_gui.viewer.layer import MaskLayer
from landseg_gui.workflows.flow import Flow
from landseg_gui.workflows.map_reader import MapReader, counts_work
from landseg_gui.workflows.region_reader import RegionQuestion, RegionReader

_NO_IMAGE = N_("Open a project and one of its images first: predictions are accepted as labels of a project.")
_NO_PREDICTION = N_("There is no prediction to accept: predict the image, open a mask of it, or show the suggestion.")
_NO_SUGGESTION = N_("There is no suggestion to accept: label two classes, and show the suggestion.")
_NOTHING_ACCEPTED = N_("Nothing was accepted: the area is labelled already, or the confidence is too low.")


def accept_work(
    project: Project,
    image: ImageEntry,
    request: AcceptRequest,
    locked: Iterable[int],
    region: Region | None = None,
    area: str | None = None,
) -> Work:
    """Return the work that accepts a source, inside `region` if given; its result is the number of px.

    `area` says how the history calls it, by default as the request says.
    """
    locked, step = frozenset(locked), request.source.step(area or request.area)

    def work(on_event: OnEvent, control: JobControl) -> int:
        with request.source.opened(image.grid, with_confidence=request.above > 0) as predicted:
            return accept_values(
                project,
                image.id,
                predicted,
                step,
                region=region,
                window=request.window,
                only_unlabelled=request.only_unlabelled,
                above=request.above,
                locked=locked,
                on_event=on_event,
                control=control,
            )

    return work


def predictions_of(entries: Sequence[PredictionEntry], masks: Sequence[MaskLayer]) -> list[Prediction]:
    """Return what can be accepted: the `masks` over the image, visible ones first, then the project's others.

    A mask has the classes that the user has chosen for it.
    """
    present = [entry for entry in entries if not entry.missing]
    shown = [_prediction_in(mask, present) for mask in sorted(masks, key=lambda mask: not mask.visible)]
    files = {path for mask in masks for path in _files(mask)}
    others = [entry for entry in reversed(present) if entry.mask not in files]
    return [*shown, *(Prediction(entry.mask.stem, entry.mask, entry.confidence) for entry in others)]


def _files(mask: MaskLayer) -> list[Path]:
    """Return the file of a mask and, where it is a virtual raster, the files that it refers to."""
    return [path.absolute() for path in mask.source.files]


def _prediction_in(mask: MaskLayer, entries: Iterable[PredictionEntry]) -> Prediction:
    files = _files(mask)
    known = [entry.confidence for entry in entries if entry.mask in files]
    confidence = known[-1] if known else next(filter(None, map(_confidence_file, files)), None)
    window = mask.placement.window if mask.placement else None
    return Prediction(mask.name, mask.path, confidence, mask.schema, window, mask.source.as_opened)


def _confidence_file(mask: Path) -> Path | None:
    """Return the confidence that was written next to a mask, if it was."""
    confidence = MapFiles.of_mask(mask).confidence
    return confidence if is_there(confidence.is_file) else None


class AcceptFlow(Flow):
    """Accepts predictions of the open image, or the suggestion for the view, as labels of the project.

    With the tools each polygon, or each region, is one edit; what is clicked while another is accepted follows it. The
    tools use what lies topmost: the suggestion where one is shown, else the prediction that was last chosen in the
    dialog, but the topmost one again as soon as layers or predictions change, so that no outdated one is accepted by
    mistake.
    """

    def __init__(
        self,
        session: Session,
        runner: JobRunner,
        view: Callable[[], PixelWindow | None],
        window: QWidget,
        tools: ToolManager,
    ) -> None:
        """Make a flow whose dialog offers the part of the image that `view` returns, in px; None for none."""
        super().__init__(session, runner, window)
        self._view, self._tools = view, tools
        self._saved, self._saved_of_suggestions = FormSettings("accept"), FormSettings("accept_suggestion")
        self._last: AcceptRequest | None = None
        self._prediction: Prediction | None = None
        self._job: Job | None = None
        self._generation = 0  # of the predictions: an answer about former ones is dropped
        self._waiting: list[tuple[ShownSuggestion | None, Region, str]] = []
        self._reader = RegionReader(self)
        self._reader.answered.connect(self._show_region)
        self._connect_tools()
        for signal in (session.layers.changed, self._projects.editing.predictions_changed):
            signal.connect(self._clear_prediction)
        session.suggestions.changed.connect(self._drop_regions)
        self._projects.project_changed.connect(self._clear_choices)

    def _connect_tools(self) -> None:
        """Have the tools call this workflow: they are there before it, for one manager makes all tools."""
        polygon, region, brush = (self._tools.tool(name) for name in ("accept", "accept_region", "accept_brush"))
        assert isinstance(polygon, Accept)
        assert isinstance(region, AcceptRegion)
        assert isinstance(brush, AcceptBrush)
        self._region_tool = region
        polygon.may_accept = lambda: self._tool_request(self._tool_source()) is not None
        region.may_accept = lambda: self._job is not None or self._may_accept()
        polygon.accept_in = lambda area: self._accept_in(area, POLYGON)
        region.ask = self._ask_region
        region.accept = lambda found: self._accept_in(found, REGION)
        brush.suggested = self._suggested

    def _may_accept(self) -> bool:
        return self._projects.editing.may_paint() and self._tool_request(self._tool_source()) is not None

    def _suggested(self) -> Predicted | None:
        """Return what the suggestion says of the image in the view, None where none is shown."""
        suggestion, image = self._session.suggestions.acceptable(), self._projects.image
        return suggestion.predicted(image.grid) if suggestion and image else None

    def open(self) -> AcceptDialog | None:
        """Show the dialog, if there is a prediction and an image to label."""
        predictions = self._predictions()
        if not predictions or not self._projects.editing.may_paint():
            return None
        return self._show_dialog(predictions, MapReader(self._projects), self._saved)

    def open_suggestion(self) -> AcceptDialog | None:
        """Show the dialog for the suggestion in view, if there is one and an image to label."""
        suggestion, view, labels = self._session.suggestions.acceptable(), self._view(), self._projects.labels
        if suggestion is None or view is None or labels is None:
            self._notifier.info(translated(_NO_SUGGESTION))
            return None
        if not self._projects.editing.may_paint():
            return None
        reader = MapReader(self._projects, counts_work(labels, view, self._projects.paint.locked))
        return self._show_dialog([suggestion], reader, self._saved_of_suggestions)

    def _show_dialog(self, sources: Sequence[Acceptable], reader: MapReader, saved: FormSettings) -> AcceptDialog:
        dialog = AcceptDialog(sources, self._view(), saved, self._window, self._projects.schema, reader)
        reader.setParent(dialog)
        dialog.accepted.connect(lambda: self._begin(dialog.request()))
        self._open_dialog(dialog, self._projects.images.shown_changed)
        return dialog

    def start(self, request: AcceptRequest, region: Region | None = None, area: str | None = None) -> Job | None:
        """Accept what is requested; None where the project cannot be changed at the moment."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            return None
        work = accept_work(project, image, request, self._projects.paint.locked, region, area)
        job = self._projects.editing.run(tr("Accept {prediction}", prediction=request.source.name), work)
        if job is not None:
            left_out: dict[str, int] = {}
            job.reported.connect(lambda event: self._collect(event, left_out))
            job.finished.connect(lambda count: self._report(count, left_out, in_polygon=region is not None))
            self._job = job
            job.ended.connect(self._accept_next)
        return job

    def _begin(self, request: AcceptRequest) -> None:
        if request.area == POLYGON:
            self._last = request
            self._prediction = request.source if isinstance(request.source, Prediction) else None
            self._tools.select("accept")
        else:
            self.start(request)

    def _predictions(self) -> list[Prediction]:
        """Return what can be accepted in the image; where there is nothing, a message explains why."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            self._notifier.info(translated(_NO_IMAGE))
            return []
        predictions = self._known_predictions()
        if not predictions:
            self._notifier.info(translated(_NO_PREDICTION))
        return predictions

    def _known_predictions(self) -> list[Prediction]:
        """Return what can be accepted in the image, and nothing where there is no image of a project."""
        project, image = self._projects.project, self._projects.image
        if project is None or image is None:
            return []
        return predictions_of(project.predictions(image.id), self._session.layers.masks)

    def _tool_source(self) -> Acceptable | None:
        """Return what lies topmost of what can be accepted."""
        return self._session.suggestions.acceptable() or self._tool_prediction()

    def _tool_prediction(self) -> Prediction | None:
        return self._prediction or next(iter(self._known_predictions()), None)

    def _tool_request(self, source: Acceptable | None) -> AcceptRequest | None:
        """Return what the tools accept of a source; None, with a message, where there is none."""
        source = source or next(iter(self._predictions()), None)
        if source is None:
            return None
        if self._last is None:
            return AcceptRequest(source, POLYGON, None, only_unlabelled=True, above=0.0)
        return replace(self._last, source=source, above=self._last.above if source.has_confidence else 0.0)

    def _accept_in(self, region: Region, area: str) -> None:
        """Accept inside a region, now or when what is being accepted is done.

        Of suggestions it is the one that is shown now, for each new label makes another.
        """
        self._accept_of(self._session.suggestions.acceptable(), region, area)

    def _accept_of(self, suggestion: ShownSuggestion | None, region: Region, area: str) -> None:
        """Accept a suggestion, or the prediction where that is None."""
        if self._job is not None:
            self._waiting.append((suggestion, region, area))
            return
        request = self._tool_request(suggestion or self._tool_prediction())
        if request:
            only_unlabelled = request.only_unlabelled or self._projects.paint.paints_behind
            self.start(replace(request, only_unlabelled=only_unlabelled), region, area)
        if self._job is None:  # what has kept this one from being accepted keeps the others, too
            self._waiting.clear()

    def _accept_next(self) -> None:
        self._job = None
        if self._waiting:
            self._accept_of(*self._waiting.pop(0))

    # --- the region under the cursor

    def _ask_region(self, pixel: tuple[int, int]) -> None:
        """Look for the region at a pixel, if there is something to accept."""
        source = self._tool_source()
        image, schema, view = self._projects.image, self._projects.schema, self._view()
        if source is not None and image is not None and schema is not None and view is not None:
            limit = spread_limit(image.grid.window, view, pixel)
            self._reader.ask(RegionQuestion(source, image.grid, schema, pixel, limit, self._generation))

    def _show_region(self, question: RegionQuestion, answer: FoundRegion | str | None) -> None:
        if question.generation != self._generation:
            return
        if isinstance(answer, str):
            self._region_tool.show_failure(answer)
        else:
            self._region_tool.show_answer(question.pixel, answer)

    def _clear_choices(self) -> None:
        """Reset the choices in another project: they were for the classes and maps of the former."""
        self._last = None
        self._waiting.clear()
        self._clear_prediction()

    def _clear_prediction(self) -> None:
        self._prediction = None
        self._drop_regions()

    def _drop_regions(self) -> None:
        """Drop the region that has been found, or is looked for: what is shown is something else now."""
        self._generation += 1
        self._region_tool.forget()

    def _collect(self, event: Event, left_out: dict[str, int]) -> None:
        if isinstance(event, ClassesLeftOut):
            left_out.update(event.pixels)
        else:
            self._notifier.notice(event)

    def _report(self, count: int, left_out: Mapping[str, int], *, in_polygon: bool) -> None:
        """Show what was accepted; within a polygon that can be seen."""
        if left_out:
            self._notifier.info(_left_out_text(count, left_out))
        elif count == 0:
            self._notifier.info(translated(_NOTHING_ACCEPTED))
        elif not in_polygon:
            self._notifier.info(tr("{area} accepted.", area=pixels(count)))


def _left_out_text(count: int, left_out: Mapping[str, int]) -> str:
    """Return a message about `count` px that were accepted, and those of classes that the project does not have."""
    classes = class_list(f"{name} ({pixels(pixel_count)})" for name, pixel_count in left_out.items())
    total = pixels(sum(left_out.values()))
    if count == 0:
        return tr(
            "Nothing was accepted; {left_out} left out, because the project does not have these classes: {classes}.",
            left_out=total,
            classes=classes,
        )
    return tr(
        "{area} accepted; {left_out} left out, because the project does not have these classes: {classes}.",
        area=pixels(count),
        left_out=total,
        classes=classes,
    )

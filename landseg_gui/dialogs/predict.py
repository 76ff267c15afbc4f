"""The dialog that starts a prediction."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from landseg_core.errors import LandsegError, ModelError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.window import PixelWindow
from landseg_core.inference.compatibility import compatibility_notices
from landseg_core.inference.options import Resolution
from landseg_core.labels.class_match import ClassMatch, model_differences
from landseg_core.models.compatibility import band_differences, check_compatible, open_for
from landseg_core.models.header import BundleHeader, read_header
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project
from landseg_core.project.snapshot import unique_stems
from landseg_core.raster.alpha import AUTO
from landseg_core.raster.files.map_files import MapFiles
from landseg_core.raster.source import RasterSource
from landseg_core.tasks.predict import PlannedMap, PredictTask
from landseg_gui.dialogs.correction_choice import CorrectionChoice
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.area import AreaChoice
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.class_field import legend
from landseg_gui.dialogs.forms.fields import PathField, pick_file, pick_folder, pick_new_file
from landseg_gui.dialogs.forms.file_kinds import MODELS
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.overwrite import may_overwrite
from landseg_gui.dialogs.forms.predict_settings import PredictSettings
from landseg_gui.dialogs.forms.project_labels import beside_project
from landseg_gui.dialogs.map_proposal import proposed_map
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import is_there, results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.project_files import same_file
from landseg_gui.session.view_state import hidden_images
from landseg_gui.text import as_sentence, percent, thousands, tr, translated

_SUFFIXES = (".tif", ".tiff")


class PredictDialog(FormDialog):
    """Asks for the model, the area and the file of a map of `raster`; `task` is the answer.

    Where `raster` belongs to a `project`, its map is written next to the project file, with the confidence that may be
    needed to accept it as labels; and all images of the project can be predicted together.
    """

    def __init__(
        self,
        raster: RasterSource,
        view: PixelWindow | None,
        model: Path | None,
        saved: FormSettings,
        parent: QWidget | None = None,
        project: Project | None = None,
    ) -> None:
        super().__init__("predict", tr("Predict"), tr("Predict"), parent)
        self._raster = raster
        self._saved = saved.of(project)
        self._project = project
        self._images = _images_in_use(project) if project else ()
        self._header: BundleHeader | None = None
        self._model_error: FieldError | None = None
        self._overwrite = False
        self._how = PredictSettings(self)
        self._add_model()
        self._add_result(view)
        self._how.add_folded(self.add_section(""))
        self.complete()
        self._recall(model)
        self._connect()
        self._read_model()
        self.resize(620, self.sizeHint().height())

    # --- fields

    def _add_model(self) -> None:
        pick = pick_file(tr("Model"), translated(MODELS))
        self._model = PathField("predict_model", pick, tr("Model file or run folder"))
        self._model_info = QLabel(objectName="predict_model_info", wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self._differences = PlainLabel(objectName="predict_differences", wordWrap=True, visible=False)
        self._differences.setForegroundRole(QPalette.ColorRole.BrightText)
        form = self.add_section(tr("Model"))
        tip = tr("A model file or the folder of a training run")
        field = self.add_field(form, "predict_model", tr("&Model"), self._model, tip)
        field.add_below(self._model_info)
        field.add_below(self._differences)

    def _add_result(self, view: PixelWindow | None) -> None:
        self._area = AreaChoice("predict", self._raster.grid.window, view)
        self._out = PathField("predict_out", pick_new_file(tr("Map"), tr("GeoTIFF (*.tif)")))
        self._confidence = QCheckBox(tr("Also write the &confidence"), objectName="predict_confidence")
        self._correction = CorrectionChoice(self._project)
        self._all = QCheckBox(
            tr("All {count} images of the project", count=thousands(len(self._images))), objectName="predict_all"
        )
        self._all.setVisible(len(self._images) > 1)
        self._folder = PathField("predict_folder", pick_folder(tr("Folder for Maps")))
        form, add = self.add_section(tr("Map")), self.add_field
        form.addRow("", self._all)
        single = [
            add(form, "predict_area", tr("Area"), self._area, tr("Predict the whole image or only the current view")),
            add(form, "predict_out", tr("&File"), self._out, tr("GeoTIFF of class values to write")),
        ]
        together = add(form, "predict_folder", tr("&Folder"), self._folder, tr("Folder for one map per image"))
        form.addRow("", self._confidence)
        self._correction.setText(self.with_key(self._correction.text()))
        form.addRow("", self._correction)
        self._how.add_switches(form)

        def show_rows(all_images: bool) -> None:
            for row in single:
                form.setRowVisible(row, not all_images)
            form.setRowVisible(together, all_images)

        self._all.toggled.connect(show_rows)
        show_rows(all_images=False)

    def _recall(self, model: Path | None) -> None:
        text = self._saved.text
        self._model.set_path(model or self._saved.proposal("model"))
        self._how.recall(self._saved)
        self._confidence.setChecked(self._project is not None or text("confidence") == "True")
        folder = beside_project(self._project, "maps") if self._project else self._usual_folder()
        self._folder.set_path(folder)
        self._suggested = ""
        self._suggest_name()

    def _suggest_name(self) -> None:
        """Suggest a file name for model and area, unless the user has entered another."""
        if self._out.text() not in ("", self._suggested):
            return
        files = self._proposed(self._own_stem(), self._raster.grid, self._area.window_chosen())
        self._suggested = str(files.mask)
        self._out.set_path(self._suggested)

    def _proposed(self, stem: str, grid: RasterGrid, window: PixelWindow | None) -> MapFiles:
        folder = (self._folder.path() or Path()).absolute()
        return proposed_map(folder, stem, self._model.path(), grid.crop(window) if window else grid)

    def _usual_folder(self) -> Path:
        return Path(self._saved.proposal("folder") or results_folder("maps"))

    def _own_stem(self) -> str:
        """Return the raster's name among the images of the project."""
        stems = unique_stems(self._project.images) if self._project else {}
        images = self._project.images if self._project else ()
        own = [stems[image.id] for image in images if same_file(image.path, self._raster.path)]
        return own[0] if own else self._raster.path.stem

    def _connect(self) -> None:
        self._model.changed.connect(self._read_model)
        for changed in (self._model.changed, self._area.changed):
            changed.connect(self._suggest_name)
        for field in (self._out, self._folder):
            field.changed.connect(self.check)
        for box in (self._confidence, self._correction, self._all):
            box.toggled.connect(self.check)
        self._how.changed.connect(self._describe_model)

    # --- what is checked

    def _read_model(self) -> None:
        self._header, self._model_error = _header_of(self._model.path())
        self._correction.show_for(self._model.path() if self._header else None)
        self._describe_model()

    def _describe_model(self) -> None:
        header, raster = self._header, self._raster
        self._model_info.setText(_description(header, raster, self._how.options().resolution) if header else "")
        self._model_info.setVisible(header is not None)
        self._show_differences()
        self.check()

    def _show_differences(self) -> None:
        """Show how the model differs from the project and the image, before anything is predicted."""
        sentences = [as_sentence(sentence) for sentence in self._found_differences()]
        self._differences.setText("\n".join(sentences))
        self._differences.setVisible(bool(sentences))

    def _found_differences(self) -> Iterator[str]:
        header = self._header
        if header is None:
            return
        if self._project is not None:
            yield from model_differences(ClassMatch(header.schema, self._project.schema))
        with suppress(LandsegError), self._as_predicted(header) as raster:  # errors are shown elsewhere
            numbers = check_compatible(header, raster, self._how.options().bands)
            yield from band_differences(header, raster, numbers)

    @contextmanager
    def _as_predicted(self, header: BundleHeader) -> Iterator[RasterSource]:
        """Open the raster as for prediction: the model may need another alpha than the one in the window."""
        if self._raster.alpha != AUTO or header.alpha == AUTO:
            yield self._raster
            return
        with open_for(header, self._raster.path, bands=self._how.options().bands) as source:
            yield source

    def check(self) -> Mapping[str, FieldError]:
        """Show the errors at their fields, and return them."""
        errors = super().check()
        self._how.unfold_for(errors)
        return errors

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        candidates = {
            **self._model_errors(),
            **self._output_errors(),
            "predict_backend": self._correction.error(self._how.options().backend),
            **dict(self._how.errors()),
        }
        return {name: error for name, error in candidates.items() if error}

    def _model_errors(self) -> dict[str, FieldError | None]:
        if self._model_error or not self._how.options().bands:
            return {"predict_model": self._model_error or self._compatibility_error()}
        return {"predict_bands": self._compatibility_error()}

    def _output_errors(self) -> dict[str, FieldError | None]:
        if self._all.isChecked():
            return {"predict_folder": checks.run_folder_error(self._folder.path())}
        return {"predict_out": checks.new_file_error(self._out.path(), _SUFFIXES, [self._raster.path])}

    def _compatibility_error(self) -> FieldError | None:
        try:
            if self._header:
                with self._as_predicted(self._header) as raster:
                    check_compatible(self._header, raster, self._how.options().bands)
        except LandsegError as error:
            return FieldError(as_sentence(error))
        return None

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it; ask before anything is overwritten."""
        if not self.action_button.isEnabled():
            return
        existing = [path for one in self._maps() for path in one.all if is_there(path.exists)]
        if existing and not may_overwrite(self, existing):
            return
        self._overwrite = bool(existing)
        self._saved.save(self._how.remembered())
        self._saved.save_proposals({"model": self._model.text()})
        if self._project is None:
            self._saved.save({"confidence": str(self._confidence.isChecked())})
            self._saved.save_proposals({"folder": str(self._mask_path().parent)})
        super().accept()

    def _mask_path(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def task(self) -> PredictTask:
        """Return the answer; call it only after the dialog was accepted."""
        return PredictTask(
            model=self._model.path() or Path(),
            maps=self._maps(),
            window=None if self._all.isChecked() else self._area.window_chosen(),
            confidence=self._confidence.isChecked(),
            overwrite=self._overwrite,
            corrections=self._correction.file,
            **self._how.values(),
        )

    def _maps(self) -> tuple[PlannedMap, ...]:
        if not self._all.isChecked():
            return (self._map(self._raster.path, self._mask_path(), self._raster.alpha),)
        stems = unique_stems(self._project.images if self._project else ())
        proposed = {image.id: self._proposed(stems[image.id], image.grid, None) for image in self._images}
        return tuple(self._map(image.path, proposed[image.id].mask, image.alpha) for image in self._images)

    def _map(self, raster: Path, mask: Path, alpha: str) -> PlannedMap:
        confidence = MapFiles.of_mask(mask).confidence if self._confidence.isChecked() else None
        return PlannedMap(raster, tif=mask, confidence=confidence, alpha=None if alpha == AUTO else alpha)


def _header_of(path: Path | None) -> tuple[BundleHeader | None, FieldError | None]:
    if path is None:
        return None, FieldError(tr("Choose a model, or train one first."), missing=True)
    try:
        return read_header(path), None
    except (ModelError, OSError) as error:
        return None, FieldError(as_sentence(error))


def _description(header: BundleHeader, raster: RasterSource, resolution: Resolution) -> str:
    """Return facts about a model and warnings for its use on `raster`, as rich text."""
    miou = header.training.get("miou")
    facts = [header.architecture, tr("%n classes", n=len(header.schema), one="1 class")]
    if isinstance(miou, float):
        facts.append(tr("mIoU {miou}", miou=percent(miou)))
    if header.ground_resolution_m:
        facts.append(tr("trained at {resolution:.3g} m/px", resolution=header.ground_resolution_m))
    notes = [html.escape(as_sentence(note)) for note in compatibility_notices(header, raster, resolution)]
    return "<br>".join([" · ".join(facts), legend(header.schema), *notes])


def _images_in_use(project: Project) -> tuple[ImageEntry, ...]:
    """Return the images that are neither missing nor hidden."""
    hidden = hidden_images(project)
    return tuple(image for image in project.images if not image.missing and image.id not in hidden)

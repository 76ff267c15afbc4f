"""The dialog that starts a training run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

from landseg_core.data.sources.source import DataSource
from landseg_core.errors import InterchangeError
from landseg_core.labels.classes import ClassSchema
from landseg_core.labels.masks.value_mapping import mapped_indices, parse_value_mapping
from landseg_core.project.project import Project
from landseg_core.project.snapshot import LABELS_FOLDER
from landseg_core.runs.config import TrainConfig, field_problems
from landseg_core.runs.folder import RunFolder
from landseg_core.tasks.train import TrainTask
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.class_field import ClassField
from landseg_gui.dialogs.forms.fields import PathField, pick_folder
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.project_labels import LabelSummary, beside_project
from landseg_gui.dialogs.forms.run_fields import START_FROM, RunFields
from landseg_gui.dialogs.forms.source_fields import SourceFields
from landseg_gui.form_settings import FormSettings
from landseg_gui.message_boxes import choose
from landseg_gui.paths import results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import as_sentence, tr, translated


class Estimator(Protocol):
    """Estimates in the background how long a run will take; `answered` carries the estimate in words, or nothing."""

    answered: SignalInstance

    def ask(self, source: DataSource, schema: ClassSchema, config: TrainConfig) -> None:
        """Start to estimate; an earlier question is no longer answered."""
        ...

    def cancel(self) -> None:
        """Cancel the question."""
        ...


class TrainDialog(FormDialog):
    """Asks for the data, classes, network and duration of a run; `request` is the answer.

    With a `project`, its labels can be trained on, and are chosen at first if there are any. The `estimator` is asked
    how long the run will take whenever the form has no errors.
    """

    def __init__(
        self,
        saved: FormSettings,
        parent: QWidget | None = None,
        project: Project | None = None,
        estimator: Estimator | None = None,
    ) -> None:
        super().__init__("train", tr("Train Model"), tr("Start Training"), parent, scrolls=True)
        self._saved = saved.of(project)
        self._project = project
        self._labels = LabelSummary.of(project) if project else None
        self._resume = self._overwrite = self._lacks_data = False
        self._resumed: Path | None = None
        self._estimator = estimator
        self._add_data()
        self._run = RunFields(self, self.add_section(tr("Network and training")))
        self._add_mask_values()
        self._add_output()
        self.complete()
        self._recall()
        self._connect()
        self._show_source()
        self.resize(800, self.minimumHeight())

    # --- earlier runs

    def resume(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Resume the run in `folder`, which has these settings: neither they nor the folder can be changed."""
        self._resumed = folder.absolute()
        self.setWindowTitle(tr("Resume {run}", run=folder.name))
        self.action_button.setText(tr("Resume Training"))
        self._run.show_settings(settings)
        self._run.lock()
        self._out.set_path(folder)
        self._out.setEnabled(False)
        if self._project is not None and (folder / LABELS_FOLDER).is_dir():
            self._sources.choose_project()
        if self._saved.proposal("last_run") != str(self._resumed):
            self._clear_source()
        self.check()

    def _clear_source(self) -> None:
        """Clear the data that was chosen last: it is that of another run."""
        self._sources.clear()
        self._lacks_data = True
        self._show_source()

    def fine_tune(self, model: Path, settings: Mapping[str, Any]) -> None:
        """Fine-tune `model`, with the settings of the run that trained it."""
        self.setWindowTitle(tr("Fine-Tune {run}", run=model.parent.name))
        self._run.show_settings({**settings, START_FROM: str(model)})
        self.check()

    # --- fields

    def _add_data(self) -> None:
        form = self._data_form = self.add_section(tr("Training data"))
        self._sources = SourceFields(self, form, self._project, self._labels)
        hint = tr("Choose the data and the classes that this run was trained on.")
        self._source_hint = PlainLabel(hint, objectName="train_source_hint", wordWrap=True)
        form.insertRow(1, "", self._source_hint)
        self._classes = ClassField("train_classes")
        tip = tr("The classes in the masks: a preset or a class file")
        self._class_field = self.add_field(form, "train_classes", tr("&Classes"), self._classes, tip)

    def _add_mask_values(self) -> None:
        values, setting = self._run.mask_values, TrainConfig.model_fields["mask_values"]
        title, tip = translated(setting.title or ""), translated(setting.description or "")
        explanation = PlainLabel(tip, wordWrap=True)
        explanation.setProperty("muted", True)  # noqa: FBT003
        self._values_field = self.add_field(self._data_form, "train_mask_values", title, values, tip)
        self._values_field.add_below(explanation)
        QWidget.setTabOrder(self._classes, values)

    def _add_output(self) -> None:
        self._out = PathField("train_out", pick_folder(tr("Run Folder")))
        tip = tr("Folder for the model, the checkpoint and the records of the run; created if it does not exist")
        form = self.add_section(tr("Output"))
        self.add_field(form, "train_out", tr("&Run folder"), self._out, tip)

    # --- what is remembered

    def _recall(self) -> None:
        self._sources.recall(self._saved)
        self._classes.set_text(self._saved.proposal("classes", self._classes.text()))
        if self._labels is not None and self._labels.pixels > 0:
            self._sources.choose_project()
        self._run.recall(self._saved)
        self._out.set_path(self._free_run_folder(by_project=self._sources.is_project))

    def accept(self) -> None:
        """Close with the answer, and remember it for the next time."""
        if not (self.action_button.isEnabled() and self._settle_run_folder()):
            return
        if self._resumed is None:
            self._saved.save(self._run.remembered())
            self._saved.save_proposals(self._sources.remembered() | self._own_source())
        super().accept()

    def _own_source(self) -> dict[str, str]:
        """Return what is remembered of the source: nothing where that is the project."""
        if self._sources.is_project:
            return {}
        return {
            "classes": self._classes.text(),
            "source": self._sources.name,
            "runs": str(self._run_folder().parent),
            "last_run": str(self._run_folder()),
        }

    def _settle_run_folder(self) -> bool:
        """Ask whether to resume or to replace a run in the run folder; False where the user cancels."""
        if self._resumed:
            self._resume = True
            return True
        run = RunFolder(self._run_folder())
        if not (run.path.is_dir() and any(run.path.iterdir())):
            self._resume = self._overwrite = False
            return True
        resume, replace = tr("Resume This Run"), tr("Start New Run")
        if run.checkpoint.is_file():
            explanation, actions = tr("Resume the run in it, or replace that by a new run."), [resume, replace]
        else:
            explanation, actions = tr("The model and records of an earlier run in it will be lost."), [replace]
        answer = choose(
            self, tr("The folder {folder} already contains files.", folder=run.path.name), explanation, actions
        )
        self._resume, self._overwrite = answer == resume, answer == replace
        return answer is not None

    # --- what is checked

    def _connect(self) -> None:
        for changed in (self._out.changed, self._classes.changed, self._sources.changed, self._run.changed):
            changed.connect(self.check)
        if self._estimator is not None:
            self._estimator.answered.connect(self._run.show_estimate)
        self._sources.chosen.connect(self._show_source)

    def _show_source(self) -> None:
        has_classes = self._sources.has_classes
        self._run.reads_masks = not has_classes
        for field in (self._class_field, self._values_field):
            self._data_form.setRowVisible(field, not has_classes)
        self._data_form.setRowVisible(self._source_hint, self._lacks_data and not self._sources.is_project)
        self._move_run_folder()
        self.check()

    def _move_run_folder(self) -> None:
        """Suggest another run folder, unless the user has chosen one."""
        by_project = self._sources.is_project
        if self._out.path() == self._free_run_folder(by_project=not by_project):
            self._out.set_path(self._free_run_folder(by_project=by_project))

    def _free_run_folder(self, *, by_project: bool) -> Path:
        """Return the next run folder: next to the project, or next to the last run without a project."""
        if self._project and by_project:
            return next_run_folder(beside_project(self._project, "runs"), digits=3)
        return next_run_folder(Path(self._saved.proposal("runs") or results_folder("runs")))

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        return dict(self._all_errors())

    def check(self) -> Mapping[str, FieldError]:
        """Show the errors at their fields, or ask for an estimate where there are none, and return them."""
        errors = super().check()
        self._run.advanced.unfold_for(errors)
        if self._estimator is not None:
            self._ask_for_estimate(self._estimator, errors)
        return errors

    def _ask_for_estimate(self, estimator: Estimator, errors: Mapping[str, FieldError]) -> None:
        if errors.keys() - {"train_out"}:
            estimator.cancel()
            self._run.show_estimate("")
        else:
            estimator.ask(*self._data_and_config())

    def _data_and_config(self) -> tuple[DataSource, ClassSchema, TrainConfig]:
        return self._sources.source(), self._schema(), self.config()

    def _schema(self) -> ClassSchema:
        schema = self._labels.schema if self._labels and self._sources.is_project else self._classes.schema
        assert schema is not None, "a dialog without classes cannot be accepted"
        return schema

    def done(self, result: int) -> None:
        """Close and cancel the estimate."""
        if self._estimator is not None:
            self._estimator.cancel()
            self._estimator = None  # changes in a closed form ask nothing
        super().done(result)

    def _all_errors(self) -> Iterator[tuple[str, FieldError]]:
        candidates = self._source_errors() | {
            "train_out": checks.run_folder_error(self._out.path()),
        }
        yield from ((name, error) for name, error in candidates.items() if error)
        yield from self._run.errors()

    def _source_errors(self) -> dict[str, FieldError | None]:
        errors = self._sources.errors()
        if self._sources.has_classes:
            return errors
        return errors | {"train_classes": self._classes.error, "train_mask_values": self._values_error()}

    def _values_error(self) -> FieldError | None:
        """Return what is wrong with the classes of mask values; their notation is checked with the settings."""
        values = self._run.settings()["mask_values"]
        if self._classes.schema is None or "mask_values" in field_problems({"mask_values": values}):
            return None
        try:
            mapped_indices(parse_value_mapping(values), self._classes.schema)
        except InterchangeError as error:
            return FieldError(as_sentence(error))
        return None

    # --- the answer

    def _run_folder(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def config(self) -> TrainConfig:
        """Return the settings that are shown, while there is no error; a resumed run has its own."""
        return TrainConfig.model_validate(self._run.settings())

    def request(self) -> TrainTask:
        """Return the answer; call it only after the dialog was accepted."""
        source, classes, config = self._data_and_config()
        # A run is resumed with its own settings, but may be on another device.
        settings = {"device": config.device} if self._resume else config.model_dump(exclude_defaults=True)
        return TrainTask(
            out=self._run_folder(),
            source=source,
            classes=classes,
            settings=settings,
            resume=self._resume,
            overwrite=self._overwrite,
        )


def next_run_folder(runs: Path, digits: int = 1) -> Path:
    """Return the first `run-<number>` in `runs` after the existing ones, its number with `digits` at least."""
    names = [path.name for path in runs.glob("run-*")] if runs.is_dir() else []
    numbers = [int(match[1]) for name in names if (match := re.fullmatch(r"run-(\d+)", name))]
    return runs / f"run-{max(numbers, default=0) + 1:0{digits}}"

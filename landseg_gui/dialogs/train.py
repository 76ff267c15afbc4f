"""The dialog that starts a training run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from PySide6.QtWidgets import (
    QHBoxLayout,
    QRadioButton,
    QWidget,
)

from landseg_core.training.config import TrainConfig
from landseg_core.training.run_folder import RunFolder
from landseg_gui.dialogs import checks
from landseg_gui.dialogs.checks import Problem
from landseg_gui.dialogs.class_field import ClassField
from landseg_gui.dialogs.failure import choose
from landseg_gui.dialogs.fields import PathField, pick_file, pick_folder
from landseg_gui.dialogs.form import FormDialog
from landseg_gui.dialogs.memory import FormMemory
from landseg_gui.dialogs.places import results_folder
from landseg_gui.dialogs.run_fields import RunFields
from landseg_gui.jobs.requests import Folders, LandCoverAi, TrainRequest

_RESUME, _REPLACE = "Go on with that run", "Start a new run"
_LOSS = "The model and the record of an earlier run there will be lost."
_LISTS = "Text files (*.txt *.csv);;All files (*)"


class TrainDialog(FormDialog):
    """Asks for data, classes, network and length of a run; `request` is the answer."""

    def __init__(self, memory: FormMemory, parent: QWidget | None = None) -> None:
        super().__init__("train", "Train a network", "Start training", parent)
        self._memory = memory
        self._resume = self._overwrite = False
        self._add_data()
        self._run = RunFields(self, self.add_section("Network and run"))
        self._add_output()
        self.complete()
        self._recall()
        self._connect()
        self._show_source()
        self.resize(760, self.sizeHint().height())

    # --- fields

    def _add_data(self) -> None:
        self._by_folders = QRadioButton("Folders of images and masks", objectName="train_source_folders", checked=True)
        self._by_landcover_ai = QRadioButton("LandCover.ai as downloaded", objectName="train_source_landcover_ai")
        self._images = PathField("train_images", pick_folder("Folder of images"))
        self._masks = PathField("train_masks", pick_folder("Folder of masks"))
        self._list = PathField("train_list", pick_file("List of training images", _LISTS), "optional")
        self._val_list = PathField("train_val_list", pick_file("List of validation images", _LISTS), "optional")
        self._landcover_ai = PathField("train_landcover_ai", pick_folder("Folder of LandCover.ai"))
        self._classes = ClassField("train_classes")
        form = self._data_form = self.add_section("Training data")
        form.addRow("", _row(self._by_folders, self._by_landcover_ai))
        add = self.add_field
        self._folder_fields = [
            add(form, "train_images", "&Images", self._images, "The folder of the aerial images"),
            add(form, "train_masks", "&Masks", self._masks, "The folder of the masks; each has the name of its image"),
            add(form, "train_list", "Training list", self._list, "Names of the images to train on, one a line"),
            add(form, "train_val_list", "Validation list", self._val_list, "Names of the images to validate on"),
        ]
        self._landcover_ai_field = add(
            form,
            "train_landcover_ai",
            "&Folder",
            self._landcover_ai,
            "The folder that holds images, masks, train.txt and val.txt",
        )
        add(form, "train_classes", "&Classes", self._classes, "The classes in the masks: a preset or a class file")

    def _add_output(self) -> None:
        self._out = PathField("train_out", pick_folder("Folder of the run"))
        tip = "A folder for the model, the checkpoint and the record of the run; it is made where there is none"
        form = self.add_section("Result")
        self.add_field(form, "train_out", "&Run folder", self._out, tip)

    # --- what is remembered

    def _paths(self) -> dict[str, PathField]:
        return {
            "images": self._images,
            "masks": self._masks,
            "list": self._list,
            "val_list": self._val_list,
            "landcover_ai": self._landcover_ai,
        }

    def _recall(self) -> None:
        text = self._memory.text
        for name, field in self._paths().items():
            field.set_path(text(name))
        self._classes.set_text(text("classes", self._classes.text()))
        self._by_landcover_ai.setChecked(text("source") == "landcover_ai")
        self._run.recall(self._memory)
        self._out.set_path(next_run_folder(Path(text("runs") or results_folder("runs"))))

    def accept(self) -> None:
        """Close with the answer, and remember it for the next time."""
        if not (self.action_button.isEnabled() and self._settle_run_folder()):
            return
        self._memory.keep(
            {name: field.text() for name, field in self._paths().items()}
            | self._run.remembered()
            | {
                "classes": self._classes.text(),
                "source": "landcover_ai" if self._by_landcover_ai.isChecked() else "folders",
                "runs": str(self._run_folder().parent),
            }
        )
        super().accept()

    def _settle_run_folder(self) -> bool:
        """Ask what becomes of an earlier run in the run folder; False where the user thinks again."""
        run = RunFolder(self._run_folder())
        if not (run.path.is_dir() and any(run.path.iterdir())):
            self._resume = self._overwrite = False
            return True
        actions = [_RESUME, _REPLACE] if run.checkpoint.is_file() else [_REPLACE]
        explanation = "It can go on where it ended, or give way to a new one." if len(actions) > 1 else _LOSS
        answer = choose(self, f"The folder {run.path.name} holds files already.", explanation, actions)
        self._resume, self._overwrite = answer == _RESUME, answer == _REPLACE
        return answer is not None

    # --- what is checked

    def _connect(self) -> None:
        for field in (*self._paths().values(), self._out, self._classes):
            field.changed.connect(self.check)
        self._run.changed.connect(self.check)
        self._by_landcover_ai.toggled.connect(self._show_source)

    def _show_source(self) -> None:
        by_folders = self._by_folders.isChecked()
        for field in self._folder_fields:
            self._data_form.setRowVisible(field, by_folders)
        self._data_form.setRowVisible(self._landcover_ai_field, not by_folders)
        self.check()

    def find_problems(self) -> Mapping[str, Problem]:
        """Return the problem of every field that has one."""
        return dict(self._all_problems())

    def _all_problems(self) -> Iterator[tuple[str, Problem]]:
        candidates = self._source_problems() | {
            "train_classes": self._classes.problem,
            "train_out": checks.run_folder_problem(self._out.path()),
        }
        yield from ((name, problem) for name, problem in candidates.items() if problem)
        yield from self._run.problems()

    def _source_problems(self) -> dict[str, Problem | None]:
        if self._by_landcover_ai.isChecked():
            return {"train_landcover_ai": checks.landcover_ai_problem(self._landcover_ai.path())}
        return {
            "train_images": checks.image_folder_problem(self._images.path(), "images"),
            "train_masks": checks.image_folder_problem(self._masks.path(), "masks"),
            "train_list": checks.optional_list_problem(self._list.path()),
            "train_val_list": checks.optional_list_problem(self._val_list.path()),
        }

    # --- the answer

    def _source(self) -> Folders | LandCoverAi:
        if self._by_landcover_ai.isChecked():
            return LandCoverAi(self._landcover_ai.path() or Path())
        lists = self._list.path(), self._val_list.path()
        return Folders(self._images.path() or Path(), self._masks.path() or Path(), *lists)

    def _run_folder(self) -> Path:
        return (self._out.path() or Path()).absolute()

    def request(self) -> TrainRequest:
        """Return the answer; call it only after the dialog was accepted."""
        schema = self._classes.schema
        assert schema is not None, "a dialog without classes cannot be accepted"
        config = TrainConfig.model_validate(self._run.settings())
        return TrainRequest(self._source(), schema, config, self._run_folder(), self._resume, self._overwrite)


def next_run_folder(runs: Path) -> Path:
    """Return the first `run-<number>` in `runs` after those that are there."""
    names = [path.name for path in runs.glob("run-*")] if runs.is_dir() else []
    numbers = [int(match[1]) for name in names if (match := re.fullmatch(r"run-(\d+)", name))]
    return runs / f"run-{max(numbers, default=0) + 1}"


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder

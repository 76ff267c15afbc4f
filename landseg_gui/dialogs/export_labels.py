"""The dialog that exports labels to files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QFormLayout, QRadioButton, QVBoxLayout, QWidget

from landseg_core.formats.exporters import EXPORTERS
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_folder, pick_new_file
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.overwrite import may_overwrite
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import is_there
from landseg_gui.plain_text import without_key
from landseg_gui.text import thousands, tr, translated


@dataclass(frozen=True)
class ExportLabelsRequest:
    """Label files to write: ids of images and the paths of their files; `form` is a key of `EXPORTERS`."""

    form: str
    files: tuple[tuple[int, Path], ...]
    overwrite: bool = False
    large: bool = False


class ExportLabelsDialog(FormDialog):
    """Asks whether to export the labels of `image` or of all `images`, and to which files; `request` is the answer."""

    def __init__(
        self,
        image: ImageEntry,
        images: Sequence[ImageEntry],
        project: Path,
        saved: FormSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("export_labels", tr("Export Labels"), tr("Export"), parent)
        self._image, self._images, self._project = image, images, project
        self._saved = saved
        self._overwrite = False
        self._suggested = ""
        self._add_fields()
        self.complete()
        self._recall()
        self._connect()
        self._show_form()
        self._show_choice()
        self.resize(580, self.sizeHint().height())

    # --- fields

    def _add_fields(self) -> None:
        self._form = QComboBox(objectName="export_labels_form")
        for name, exporter in EXPORTERS.items():
            self._form.addItem(translated(exporter.title), name)
        self._out = PathField("export_labels_out", pick_new_file(tr("Export Labels"), _kinds()))
        self._folder = PathField("export_labels_folder", pick_folder(tr("Folder for Labels")))
        form = self.add_section(tr("Content"))
        field = self.add_field(
            form,
            "export_labels_images",
            tr("Labels of"),
            self._image_choice(),
            tr("The images whose labels are exported"),
        )
        form.setRowVisible(field, len(self._images) > 1)
        self.add_field(form, "export_labels_form", tr("&Format"), self._form, tr("Format of the file"))
        self._add_outputs(self.add_section(tr("Output")))

    def _image_choice(self) -> QWidget:
        self._one = QRadioButton(
            without_key(tr("This image, {image}", image=self._image.name)), objectName="export_labels_one", checked=True
        )
        self._all = QRadioButton(
            tr("All {count} images of the project", count=thousands(len(self._images))), objectName="export_labels_all"
        )
        choice = QWidget()
        column = QVBoxLayout(choice)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for button in (self._one, self._all):
            column.addWidget(button)
        choice.setFocusProxy(self._one)
        return choice

    def _add_outputs(self, form: QFormLayout) -> None:
        self._outputs = form
        self._out_field = self.add_field(form, "export_labels_out", tr("F&ile"), self._out, tr("The file to write"))
        tip = tr("The folder for one file per image")
        self._folder_field = self.add_field(form, "export_labels_folder", tr("Fol&der"), self._folder, tip)

    def _recall(self) -> None:
        text = self._saved.text
        self._form.setCurrentIndex(max(0, self._form.findData(text("form"))))
        self._folder.set_path(self._saved.proposal("folder") or self._beside_project())

    def _beside_project(self) -> Path:
        return self._project.with_name(f"{self._project.stem}-labels")

    def _connect(self) -> None:
        self._all.toggled.connect(self._show_choice)
        self._form.currentIndexChanged.connect(self._show_form)
        self._out.changed.connect(self.check)
        self._folder.changed.connect(self.check)

    def _show_choice(self) -> None:
        self._outputs.setRowVisible(self._out_field, not self._all.isChecked())
        self._outputs.setRowVisible(self._folder_field, self._all.isChecked())
        self.check()

    def _show_form(self) -> None:
        """Suggest a file name for the format; of a name that the user has entered, only the suffix changes."""
        path = self._out.path()
        if path is None or str(path) == self._suggested:
            folder = Path(self._saved.proposal("folder") or self._beside_project())
            self._suggested = str(folder / f"{self._image.name}_labels{self._suffix()}")
            self._out.set_path(self._suggested)
        elif path.suffix:
            self._out.set_path(path.with_suffix(self._suffix()))
        self.check()

    def _chosen_form(self) -> str:
        return str(self._form.currentData())

    def _suffix(self) -> str:
        return EXPORTERS[self._chosen_form()].suffix

    def _files(self) -> list[tuple[int, Path]]:
        if not self._all.isChecked():
            return [(self._image.id, (self._out.path() or Path()).absolute())]
        folder = (self._folder.path() or Path()).absolute()
        names = _names(self._images)
        return [(image.id, folder / f"{names[image.id]}_labels{self._suffix()}") for image in self._images]

    # --- what is checked

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        if self._all.isChecked():
            error = _folder_error(self._folder.path())
            return {"export_labels_folder": error} if error else {}
        inputs = [*(image.path for image in self._images), self._project]
        error = checks.new_file_error(self._out.path(), (self._suffix(),), inputs)
        return {"export_labels_out": error} if error else {}

    # --- the answer

    def accept(self) -> None:
        """Close with the answer, and remember it; ask before anything is overwritten."""
        if not self.action_button.isEnabled():
            return
        existing = [path for _, path in self._files() if is_there(path.exists)]
        if existing and not may_overwrite(self, existing):
            return
        self._overwrite = bool(existing)
        self._saved.save({"form": self._chosen_form()})
        self._saved.save_proposals({"folder": str(self._files()[0][1].parent)})
        super().accept()

    def request(self) -> ExportLabelsRequest:
        """Return the answer."""
        return ExportLabelsRequest(self._chosen_form(), tuple(self._files()), self._overwrite)


def _kinds() -> str:
    return ";;".join(f"{translated(form.title)} (*{form.suffix})" for form in EXPORTERS.values())


def _folder_error(folder: Path | None) -> FieldError | None:
    if folder is None:
        return FieldError(tr("Choose the folder for the files."), missing=True)
    return checks.run_folder_error(folder)


def _names(images: Sequence[ImageEntry]) -> dict[int, str]:
    """Return a name for each image by its id; images of the same name get their ids."""
    counts = Counter(image.name for image in images)
    return {image.id: image.name if counts[image.name] == 1 else f"{image.name}_{image.id}" for image in images}

"""The dialog for a new project: its file, its classes, its first images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.labels.classes import ClassSchema
from landseg_core.messages import N_
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.class_field import ClassField
from landseg_gui.dialogs.forms.fields import PathField, pick_new_file
from landseg_gui.dialogs.forms.file_kinds import PROJECTS
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.image_files import ImageFilesField
from landseg_gui.form_settings import FormSettings
from landseg_gui.paths import PROJECT_SUFFIX, is_there, results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.session import Session
from landseg_gui.text import tr, translated

_WHY = N_(
    "The project file stores the labels. Every stroke is saved at once, with the history for Undo; "
    "the image files are neither copied nor changed."
)


class NewProjectDialog(FormDialog):
    """Asks for the file, the classes and the images of a new project; `answer` returns them."""

    def __init__(self, session: Session, parent: QWidget | None = None, saved: FormSettings | None = None) -> None:
        """Propose a file next to the open image, this image, and the classes of the last project."""
        super().__init__("new_project", tr("New Project"), tr("Create"), parent)
        self._saved = saved or FormSettings("new_project")
        image = session.rasters.current.path if session.rasters.current else None
        self._file = PathField("new_project_file", pick_new_file(tr("New Project"), translated(PROJECTS)))
        self._classes = ClassField("new_project_classes")
        self._images = ImageFilesField("new_project_images", [image] if image else [])
        self._add_fields()
        self.complete()
        self._file.set_path(_free_path(image))
        self._classes.set_text(self._saved.text("classes") or self._classes.text())
        for field in (self._file, self._classes, self._images):
            field.changed.connect(self.check)
        self.check()
        self.resize(600, self.sizeHint().height())

    def _add_fields(self) -> None:
        form = self.add_section(tr("Project file"))
        form.addRow(PlainLabel(translated(_WHY), objectName="new_project_why", wordWrap=True))
        self.add_field(form, "new_project_file", tr("&File"), self._file, tr("Project file to create"))
        form = self.add_section(tr("Classes and images"))
        tip = tr("The classes to label; you can add, rename and delete classes later")
        self.add_field(form, "new_project_classes", tr("&Classes"), self._classes, tip)
        tip = tr("The images to label; you can add more later")
        self.add_field(form, "new_project_images", tr("&Images"), self._images, tip)

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of every field that has one."""
        errors = {
            "new_project_file": self._file_error(),
            "new_project_classes": self._classes.error,
        }
        return {name: error for name, error in errors.items() if error}

    def _file_error(self) -> FieldError | None:
        path = self._file.path()
        if path is None:
            return FieldError(tr("Choose a file for the project."), missing=True)
        if is_there(path.is_dir):
            return checks.new_file_error(path, (PROJECT_SUFFIX,))
        file = _with_suffix(path)
        if is_there(file.exists):
            return FieldError(tr("{file} exists already; choose another name, or open that project.", file=file.name))
        return checks.new_file_error(file, (PROJECT_SUFFIX,))

    def accept(self) -> None:
        """Close with the answer, and remember the classes."""
        if not self.action_button.isEnabled():
            return
        self._saved.save({"classes": self._classes.text()})
        super().accept()

    def answer(self) -> tuple[Path, ClassSchema, Sequence[Path]]:
        """Return the file, the classes and the images; call it only after the dialog was accepted."""
        path, schema = self._file.path(), self._classes.schema
        assert path is not None
        assert schema is not None
        return _with_suffix(path).absolute(), schema, self._images.paths()


def _with_suffix(path: Path) -> Path:
    """Return `path` with the suffix of projects, which the user need not type."""
    return path if path.suffix.lower() == PROJECT_SUFFIX else path.with_name(path.name + PROJECT_SUFFIX)


def _free_path(image: Path | None) -> Path:
    """Return a free path: next to the image and named after it, or in landseg's own folder."""
    folders = [image.absolute().parent] if image else []
    stem = image.stem if image else "labels"
    names = [stem, *(f"{stem}_{number}" for number in range(2, 100))]
    paths = [folder / f"{name}{PROJECT_SUFFIX}" for folder in (*folders, results_folder("projects")) for name in names]
    return next((path for path in paths if _is_free(path)), paths[-1])


def _is_free(path: Path) -> bool:
    return not is_there(path.exists) and checks.new_file_error(path, (PROJECT_SUFFIX,)) is None

"""The dialog that makes a project: its file, its classes, its first images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.labels.classes import ClassSchema
from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.class_field import ClassField
from landseg_gui.dialogs.forms.fields import PathField, pick_new_file
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.dialogs.forms.image_files import ImageFilesField
from landseg_gui.form_settings import FormMemory
from landseg_gui.paths import PROJECT_SUFFIX, is_there, results_folder
from landseg_gui.plain_text import PlainLabel
from landseg_gui.session.session import Session
from landseg_gui.text import tr

_KINDS = f"Projects (*{PROJECT_SUFFIX})"
_WHY = (
    "Your labels live in a project file. Every stroke is stored there at once, with the history for Undo; "
    "the images themselves stay where they are and are never written to."
)


class NewProjectDialog(FormDialog):
    """Asks for the file, the classes and the images of a new project; `answer` gives them."""

    def __init__(self, session: Session, parent: QWidget | None = None, memory: FormMemory | None = None) -> None:
        """Propose a file beside the picture that is open, with that picture, and the classes of the last project."""
        super().__init__("new_project", "New project", "Create", parent)
        self._memory = memory or FormMemory("new_project")
        picture = session.rasters.current.path if session.rasters.current else None
        self._file = PathField("new_project_file", pick_new_file(tr("New project"), _KINDS))
        self._classes = ClassField("new_project_classes")
        self._images = ImageFilesField("new_project_images", [picture] if picture else [])
        self._add_fields()
        self.complete()
        self._file.set_path(_free_place(picture))
        self._classes.set_text(self._memory.text("classes") or self._classes.text())
        for field in (self._file, self._classes, self._images):
            field.changed.connect(self.check)
        self.check()
        self.resize(600, self.sizeHint().height())

    def _add_fields(self) -> None:
        form = self.add_section(tr("Where the labels live"))
        form.addRow(PlainLabel(_WHY, objectName="new_project_why", wordWrap=True))
        self.add_field(form, "new_project_file", "&File", self._file, tr("The file to make"))
        form = self.add_section(tr("What they are"))
        tip = "What you will paint; classes can be added, renamed and removed later"
        self.add_field(form, "new_project_classes", "&Classes", self._classes, tip)
        tip = "The images to paint on; more can be added later"
        self.add_field(form, "new_project_images", "&Images", self._images, tip)

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
            return FieldError(tr("Choose where to keep the project."), missing=True)
        place = _with_suffix(path)
        if not is_there(path.is_dir) and is_there(place.exists):
            return FieldError(
                tr("{place} is there already; choose another name, or open that project.", place=place.name)
            )
        return checks.new_file_error(path if is_there(path.is_dir) else place, (PROJECT_SUFFIX,))

    def accept(self) -> None:
        """Close with the answer, and remember the classes."""
        if not self.action_button.isEnabled():
            return
        self._memory.keep({"classes": self._classes.text()})
        super().accept()

    def answer(self) -> tuple[Path, ClassSchema, Sequence[Path]]:
        """Return the file, the classes and the images; call it only after the dialog was accepted."""
        path, schema = self._file.path(), self._classes.schema
        assert path is not None
        assert schema is not None
        return _with_suffix(path).absolute(), schema, self._images.paths()


def _with_suffix(path: Path) -> Path:
    """Return `path` with the suffix of projects, which need not be typed."""
    return path if path.suffix.lower() == PROJECT_SUFFIX else path.with_name(path.name + PROJECT_SUFFIX)


def _free_place(picture: Path | None) -> Path:
    """Return a name that is free: beside the picture and called like it, or in landseg's own folder."""
    folders = [picture.absolute().parent] if picture else []
    stem = picture.stem if picture else "labels"
    names = [stem, *(f"{stem}_{number}" for number in range(2, 100))]
    places = [folder / f"{name}{PROJECT_SUFFIX}" for folder in (*folders, results_folder("projects")) for name in names]
    return next((place for place in places if _is_free(place)), places[-1])


def _is_free(place: Path) -> bool:
    return not is_there(place.exists) and checks.new_file_error(place, (PROJECT_SUFFIX,)) is None

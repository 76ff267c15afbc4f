"""The dialogs that find image files that are not at the path that the project knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.messages import N_
from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.forms.area import size_text
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_file, pick_folder
from landseg_gui.dialogs.forms.file_kinds import IMAGES
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import thousands, tr, translated

_MOST_NAMES = 5
_HELP = N_("Files of the same name are tried first, then files with the same image under another name.")


class FindImagesDialog(FormDialog):
    """Asks for a folder to search for all `missing` images; `folder` is the answer."""

    def __init__(self, missing: Sequence[ImageEntry], parent: QWidget | None = None) -> None:
        super().__init__("find_images", tr("Find Images"), tr("Search Folder"), parent)
        self._folder = PathField("find_images_folder", pick_folder(tr("Folder with Images")))
        form = self.add_section(tr("%n missing images", n=len(missing), one="Missing image"))
        form.addRow(PlainLabel(_names(missing), objectName="find_images_missing", wordWrap=True))
        form = self.add_section(tr("Folder to search"))
        self.add_field(form, "find_images_folder", tr("&Folder"), self._folder, translated(_HELP))
        form.addRow(PlainLabel(translated(_HELP), objectName="find_images_help", wordWrap=True))
        self.complete()
        self._folder.changed.connect(self.check)
        self.check()
        self.resize(560, self.sizeHint().height())

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of the folder, if it has one."""
        path = self._folder.path()
        if path is None:
            return {"find_images_folder": FieldError(tr("Choose the folder to search."), missing=True)}
        if not is_there(path.is_dir):
            return {"find_images_folder": FieldError(tr("There is no such folder."))}
        return {}

    def folder(self) -> Path:
        """Return the answer; call it only after the dialog was accepted."""
        return (self._folder.path() or Path()).absolute()


class RelinkDialog(FormDialog):
    """Asks for the file of one image; `path` is the answer."""

    def __init__(self, image: ImageEntry, parent: QWidget | None = None) -> None:
        super().__init__("relink", tr("Find {image}", image=image.name), tr("Use This File"), parent)
        self._file = PathField("relink_file", pick_file(tr("Find {image}", image=image.name), translated(IMAGES)))
        form = self.add_section(tr("Previous path"))
        form.addRow(PlainLabel(str(image.path), objectName="relink_former", wordWrap=True))
        form = self.add_section(tr("Current path"))
        tip = tr("The image of {size} that was labelled", size=size_text(image.grid.window))
        self.add_field(form, "relink_file", tr("&File"), self._file, tip)
        self.complete()
        self._file.set_path(_nearest_folder(image.path))
        self._file.changed.connect(self.check)
        self.check()
        self.resize(560, self.sizeHint().height())

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of the file, if it has one."""
        path = self._file.path()
        if path is None or is_there(path.is_dir):
            return {"relink_file": FieldError(tr("Choose the image file."), missing=True)}
        if not is_there(path.is_file):
            return {"relink_file": FieldError(tr("There is no such file."))}
        return {}

    def path(self) -> Path:
        """Return the answer; call it only after the dialog was accepted."""
        return (self._file.path() or Path()).absolute()


def _names(images: Sequence[ImageEntry]) -> str:
    names = ", ".join(image.path.name for image in images[:_MOST_NAMES])
    more = len(images) - _MOST_NAMES
    return tr("{names} and {count} more", names=names, count=thousands(more)) if more > 0 else names


def _nearest_folder(path: Path) -> Path | None:
    """Return the nearest folder above `path` that still exists, to start in."""
    return next((folder for folder in path.parents if is_there(folder.is_dir)), None)

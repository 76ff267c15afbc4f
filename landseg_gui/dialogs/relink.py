"""The dialog that finds images which are not where the project expects them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from landseg_core.project.images import ImageEntry
from landseg_gui.dialogs.forms.checks import FieldError
from landseg_gui.dialogs.forms.fields import PathField, pick_file, pick_folder
from landseg_gui.dialogs.forms.form import FormDialog
from landseg_gui.paths import is_there
from landseg_gui.plain_text import PlainLabel
from landseg_gui.text import tr

_KINDS = "Images (*.tif *.tiff *.vrt *.jpg *.jpeg *.png *.jp2);;All files (*)"
_SHOWN = 5
_HELP = "Files of the same name are looked for first, then files that hold the same picture under another name."


class FindImagesDialog(FormDialog):
    """Asks for a folder to look in for all `missing` images; `folder` is the answer."""

    def __init__(self, missing: Sequence[ImageEntry], parent: QWidget | None = None) -> None:
        super().__init__("find_images", "Find images", "Look there", parent)
        self._folder = PathField("find_images_folder", pick_folder(tr("Folder with the images")))
        form = self.add_section(tr("Missing") if len(missing) == 1 else tr("{count} are missing", count=len(missing)))
        form.addRow(PlainLabel(_names(missing), objectName="find_images_missing", wordWrap=True))
        form = self.add_section(tr("Where they are now"))
        self.add_field(form, "find_images_folder", "&Folder", self._folder, _HELP)
        form.addRow(PlainLabel(_HELP, objectName="find_images_help", wordWrap=True))
        self.complete()
        self._folder.changed.connect(self.check)
        self.check()
        self.resize(560, self.sizeHint().height())

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of the folder, if it has one."""
        path = self._folder.path()
        if path is None:
            return {"find_images_folder": FieldError(tr("Choose the folder to look in."), missing=True)}
        if not is_there(path.is_dir):
            return {"find_images_folder": FieldError(tr("There is no such folder."))}
        return {}

    def folder(self) -> Path:
        """Return the answer; call it only after the dialog was accepted."""
        return (self._folder.path() or Path()).absolute()


class RelinkDialog(FormDialog):
    """Asks for the file of one image; `path` is the answer."""

    def __init__(self, image: ImageEntry, parent: QWidget | None = None) -> None:
        super().__init__("relink", f"Find {image.name}", "Use this file", parent)
        self._file = PathField("relink_file", pick_file(tr("Find {image}", image=image.name), _KINDS))
        form = self.add_section(tr("Where it was"))
        form.addRow(PlainLabel(str(image.path), objectName="relink_former", wordWrap=True))
        form = self.add_section(tr("Where it is now"))
        size = f"{image.grid.width} x {image.grid.height} px"
        self.add_field(
            form, "relink_file", "&File", self._file, tr("An image of {size}, the one that was labelled", size=size)
        )
        self.complete()
        self._file.set_path(_nearest_folder(image.path))
        self._file.changed.connect(self.check)
        self.check()
        self.resize(560, self.sizeHint().height())

    def find_errors(self) -> Mapping[str, FieldError]:
        """Return the error of the file, if it has one."""
        path = self._file.path()
        if path is None or is_there(path.is_dir):
            return {"relink_file": FieldError(tr("Choose the file of the image."), missing=True)}
        if not is_there(path.is_file):
            return {"relink_file": FieldError(tr("There is no such file."))}
        return {}

    def path(self) -> Path:
        """Return the answer; call it only after the dialog was accepted."""
        return (self._file.path() or Path()).absolute()


def _names(images: Sequence[ImageEntry]) -> str:
    names = [image.path.name for image in images[:_SHOWN]]
    more = len(images) - _SHOWN
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _nearest_folder(path: Path) -> Path | None:
    """Return the folder above `path` that is still there, to begin the search in."""
    return next((folder for folder in path.parents if is_there(folder.is_dir)), None)

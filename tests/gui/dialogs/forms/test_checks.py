from __future__ import annotations

import os
from pathlib import Path

import pytest

from landseg_gui.dialogs.forms import checks
from landseg_gui.dialogs.forms.checks import FieldError

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def sentence(error: FieldError | None) -> str:
    return error.sentence if error else ""


def test_a_folder_of_images_is_fine(data_set: Path) -> None:
    assert checks.image_folder_error(data_set / "images", "images") is None


def test_what_keeps_a_folder_from_being_one_of_images(data_set: Path) -> None:
    assert checks.image_folder_error(None, "images") == FieldError("Choose the folder of images.", missing=True)
    assert "no such folder" in sentence(checks.image_folder_error(data_set / "absent", "images"))
    assert "is a file" in sentence(checks.image_folder_error(data_set / "images" / "a.jpg", "images"))
    assert "contains no masks" in sentence(checks.image_folder_error(data_set, "masks"))


def test_a_folder_with_entries_names_the_first_that_is_missing(data_set: Path) -> None:
    what = ("images", "masks", "train.txt"), "LandCover.ai as downloaded"
    missing = "This folder has no train.txt; choose the folder of LandCover.ai as downloaded."
    assert checks.data_folder_error(data_set, *what) == FieldError(missing)
    (data_set / "train.txt").touch()
    assert checks.data_folder_error(data_set, *what) is None
    unset = checks.data_folder_error(None, *what)
    assert unset == FieldError("Choose the folder that contains images, masks, train.txt.", missing=True)
    assert checks.data_folder_error(None, (), "") == FieldError("Choose the folder.", missing=True)


def test_a_list_may_be_left_out_but_not_be_absent(data_set: Path) -> None:
    assert checks.optional_list_error(None) is None
    assert "no such file" in sentence(checks.optional_list_error(data_set / "absent.txt"))
    assert "is a folder" in sentence(checks.optional_list_error(data_set))


def test_a_run_folder_may_be_new(tmp_path: Path) -> None:
    assert checks.run_folder_error(tmp_path / "a" / "b") is None
    assert checks.run_folder_error(tmp_path) is None
    (tmp_path / "file").touch()
    assert "A file of this name" in sentence(checks.run_folder_error(tmp_path / "file"))
    assert "is a file" in sentence(checks.run_folder_error(tmp_path / "file" / "run"))


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_a_run_folder_must_be_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "no permission to write" in sentence(checks.run_folder_error(tmp_path / "run"))
    tmp_path.chmod(0o700)


def test_a_new_file(tmp_path: Path) -> None:
    assert checks.new_file_error(tmp_path / "map.TIF", (".tif", ".tiff")) is None
    assert "end in one of .tif, .tiff" in sentence(checks.new_file_error(tmp_path / "map.png", (".tif", ".tiff")))
    assert "add a file name" in sentence(checks.new_file_error(tmp_path, (".tif",)))
    assert checks.new_file_error(None, (".tif",)).missing


def test_a_new_file_may_not_be_one_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "town.tif"
    assert "being read" in sentence(checks.new_file_error(path, (".tif",), [path]))

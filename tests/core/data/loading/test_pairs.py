from __future__ import annotations

import os
from pathlib import Path

import pytest

from landseg_core.data.loading.pairs import PairedFolders, files_by_stem
from landseg_core.errors import DatasetError


@pytest.fixture
def folders(tmp_path: Path) -> PairedFolders:
    for name in ("images/b.jpg", "images/a.TIF", "images/c.v2.tif", "images/a.tfw", "images/b.jpg.aux.xml",
                 "masks/a.png", "masks/b.tif", "masks/c.v2.png", "masks/orphan.png"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "images" / "folder.tif").mkdir()
    return PairedFolders(tmp_path / "images", tmp_path / "masks")


def _list(folders: PairedFolders, *names: str) -> Path:
    path = folders.images.parent / "list.txt"
    path.write_text("\n".join(names))
    return path


def test_stems_match_whatever_the_extension(folders: PairedFolders) -> None:
    assert [pair.stem for pair in folders.all()] == ["a", "b", "c.v2"]
    assert [pair.mask.name for pair in folders.all()] == ["a.png", "b.tif", "c.v2.png"]


def test_a_list_keeps_its_order(folders: PairedFolders) -> None:
    assert [pair.stem for pair in folders.listed(_list(folders, "c.v2", "a"))] == ["c.v2", "a"]


def test_the_others(folders: PairedFolders) -> None:
    assert [pair.stem for pair in folders.not_listed(_list(folders, "b"))] == ["a", "c.v2"]
    with pytest.raises(DatasetError, match="names every image"):
        folders.not_listed(_list(folders, "a", "b", "c.v2"))


def test_an_image_without_mask_is_named(folders: PairedFolders) -> None:
    (folders.masks / "b.tif").unlink()
    with pytest.raises(DatasetError, match=r"one of 3 images .* has no mask .*: b; add"):
        folders.all()
    with pytest.raises(DatasetError, match=r"names an image without a mask in .*masks: b;"):
        folders.listed(_list(folders, "a", "b"))
    assert len(folders.listed(_list(folders, "a"))) == 1


def test_a_listed_image_that_is_missing_is_named(folders: PairedFolders) -> None:
    with pytest.raises(DatasetError, match=r"names 2 images that are not in .*images: x, orphan;"):
        folders.listed(_list(folders, "x", "a", "orphan"))


def test_two_files_of_one_stem(folders: PairedFolders) -> None:
    (folders.masks / "b.png").touch()
    with pytest.raises(DatasetError, match=r"both b.png and b.tif"):
        folders.all()


def test_nothing_pairs_up(tmp_path: Path) -> None:
    for name in ("images/a.tif", "masks/a_mask.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match="must have the name of its image"):
        PairedFolders(tmp_path / "images", tmp_path / "masks").all()


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        files_by_stem(tmp_path / "none")
    with pytest.raises(DatasetError, match="holds no image"):
        files_by_stem(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="is a file"):
        files_by_stem(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(DatasetError, match="cannot be read"):
        files_by_stem(tmp_path / "closed")

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from support.runs import write_run

from landseg_core.errors import OutputError, TrainingError
from landseg_core.runs.catalogue import is_run
from landseg_core.runs.deletion import delete_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "runs" / "one")


def test_a_run_is_deleted_with_its_labels_and_nothing_else(run: Path, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "labels.tif").write_bytes(b"mine")
    (run / "labels").mkdir()
    (run / "labels" / "link").symlink_to(outside, target_is_directory=True)
    (run / "model.safetensors.unfinished-ab12").write_bytes(b"")
    delete_run(run)
    assert list(run.parent.iterdir()) == []
    assert (outside / "labels.tif").read_bytes() == b"mine"


def test_what_is_no_run_is_left_as_it_is(run: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(run, target_is_directory=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    for name in ("link", "other", "runs", "none"):
        with pytest.raises(TrainingError, match="is not the folder of a run"):
            delete_run(tmp_path / name)
    assert (tmp_path / "other" / "config.json").exists()
    assert is_run(run)


def test_a_run_with_other_things_in_its_folder_is_left_as_it_is(run: Path) -> None:
    (run / "maps").mkdir()
    with pytest.raises(TrainingError, match=r"one holds more than a run \(maps\).*move the rest elsewhere"):
        delete_run(run)
    assert is_run(run)


def test_what_file_managers_leave_goes_with_the_run(run: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (run / name).write_bytes(b"")
    delete_run(run)
    assert not run.exists()


def test_a_folder_that_cannot_be_listed_is_reported(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(OutputError, match="one cannot be written: Permission denied"):
        delete_run(run)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_changed(run: Path) -> None:
    run.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            delete_run(run)
    finally:
        run.parent.chmod(stat.S_IRWXU)
    assert is_run(run)


def test_a_deletion_that_fails_half_way_names_what_is_left(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(OutputError, match=r"moved to .*\.one\.deleted-\w+, but .* Permission denied; delete that"):
        delete_run(run)
    assert not run.exists()

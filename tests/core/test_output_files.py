"""Result files appear whole and together, or not at all."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from landseg_core.errors import JobStopped, OutputError
from landseg_core.output_files import OutputFiles, check_free, made_folder, write_atomically


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_appear_at_the_end_and_not_before(tmp_path: Path) -> None:
    with OutputFiles() as outputs:
        for name in ("a.txt", "b.txt"):
            outputs.add(tmp_path / name).write_text(name)
        assert all(".unfinished-" in name for name in contents(tmp_path))
    assert contents(tmp_path) == {"a.txt": "a.txt", "b.txt": "b.txt"}


@pytest.mark.parametrize("end", [JobStopped, KeyboardInterrupt, OutputError, MemoryError])
def test_whatever_ends_the_work_nothing_is_left(tmp_path: Path, end: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("old")

    def work() -> None:
        with OutputFiles(overwrite=True) as outputs:
            outputs.add(tmp_path / "a.txt").write_text("new")
            outputs.add(tmp_path / "b.txt").write_text("new")
            raise end

    with pytest.raises(end):
        work()
    assert contents(tmp_path) == {"a.txt": "old"}


def test_what_exists_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"a\.txt exists already; .*--overwrite"), OutputFiles() as outputs:
        outputs.add(path)
    with OutputFiles(overwrite=True) as outputs:
        outputs.add(path).write_text("new")
    assert contents(tmp_path) == {"a.txt": "new"}


def test_what_has_come_to_be_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def work() -> None:
        with OutputFiles() as outputs:
            outputs.add(tmp_path / "a.txt").write_text("ours")
            outputs.add(tmp_path / "b.txt").write_text("ours")
            (tmp_path / "b.txt").write_text("theirs")

    with pytest.raises(OutputError, match="exists already"):
        work()
    assert contents(tmp_path) == {"b.txt": "theirs"}


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_an_input_is_never_replaced_by_whatever_name(tmp_path: Path, link: object) -> None:
    source = tmp_path / "source.tif"
    source.write_text("pixels")
    link(source, tmp_path / "other.tif")  # type: ignore[operator]
    outputs = OutputFiles(overwrite=True, inputs=[source])
    for path in (source, tmp_path / "other.tif", tmp_path / "." / "source.tif"):
        with pytest.raises(OutputError, match="is being read and cannot be the result"), outputs:
            outputs.add(path)
    assert contents(tmp_path) == {"source.tif": "pixels", "other.tif": "pixels"}


def test_two_results_need_two_names(tmp_path: Path) -> None:
    with OutputFiles() as outputs:
        outputs.add(tmp_path / "a.txt")
        with pytest.raises(OutputError, match="would be written twice"):
            outputs.add(tmp_path / "a.txt")
    assert contents(tmp_path) == {"a.txt": ""}


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("missing/a.txt", "the folder .*missing does not exist"),
        ("file/a.txt", ".*file is not a folder"),
        ("folder", "it is a folder"),
        ("folder/" + "n" * 300, "File name too long"),
    ],
)
def test_a_place_where_no_file_can_be_is_named(tmp_path: Path, place: str, sentence: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=sentence), OutputFiles(overwrite=True) as outputs:
        outputs.add(tmp_path / place)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As root no folder refuses, so the system's answer is played.
    def refuse(self: Path, mode: int = 0o666, exist_ok: bool = True) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match=r"a\.txt cannot be written: Permission denied"):
        OutputFiles().add(tmp_path / "a.txt")


def test_if_one_file_cannot_be_placed_none_is(tmp_path: Path) -> None:
    def work() -> None:
        with OutputFiles() as outputs:
            outputs.add(tmp_path / "a.txt").write_text("a")
            outputs.add(tmp_path / "b.txt").unlink()

    with pytest.raises(OutputError, match=r"b\.txt could not be completed"):
        work()
    assert contents(tmp_path) == {}


def test_stale_companions_go_with_the_file_they_belonged_to(tmp_path: Path) -> None:
    (tmp_path / "a.ovr").write_text("old")
    with pytest.raises(OutputError, match="exists already"):
        OutputFiles().drop(tmp_path / "a.ovr")
    with OutputFiles(overwrite=True) as outputs:
        outputs.add(tmp_path / "a").write_text("new")
        outputs.drop(tmp_path / "a.ovr")
        outputs.drop(tmp_path / "a.msk")
    assert contents(tmp_path) == {"a": "new"}


def test_new_files_get_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with OutputFiles() as outputs:
        outputs.add(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_place_can_be_checked_before_any_work(tmp_path: Path) -> None:
    check_free(tmp_path / "a.txt")
    (tmp_path / "a.txt").touch()
    check_free(tmp_path / "a.txt", overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        check_free(tmp_path / "a.txt")


def test_a_folder_for_results_stays(tmp_path: Path) -> None:
    with made_folder(tmp_path / "a" / "b"):
        pass
    assert (tmp_path / "a" / "b").is_dir()


def test_folders_made_in_vain_go_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyboardInterrupt), made_folder(tmp_path / "a" / "b" / "c"):
        raise KeyboardInterrupt
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


def test_a_folder_with_something_in_it_stays_after_a_failure(tmp_path: Path) -> None:
    made = made_folder(tmp_path / "a")
    made.__enter__()
    (tmp_path / "a" / "kept.txt").touch()
    assert not made.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (tmp_path / "a" / "kept.txt").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file"), made_folder(tmp_path / "file" / "results"):
        pass


@pytest.fixture
def no_file_over_a_kilobyte() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_writes_and_replaces(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    write_atomically(tmp_path / "a", [b"ne", b"w"])
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.usefixtures("no_file_over_a_kilobyte")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"a cannot be written: .*free some space"):
        write_atomically(path, bytes(4096))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_making_the_parts_leaves_nothing(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("the other half")

    with pytest.raises(KeyError):
        write_atomically(tmp_path / "a", parts())
    assert not list(tmp_path.iterdir())


def test_names_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file/a cannot be written"):
        write_atomically(tmp_path / "file" / "a", b"x")

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from landseg_core.atomic_files import write_atomically
from landseg_core.errors import OutputError


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

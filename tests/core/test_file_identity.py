"""A file is known again while it is the same, and not once another has taken its path."""

import os
from pathlib import Path

from landseg_core.file_identity import FileIdentity


def test_a_file_left_alone_stays_equal(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert FileIdentity.of(path) == FileIdentity.of(str(path))


def test_a_file_written_to_is_changed_and_still_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = FileIdentity.of(path)
    path.write_bytes(b"longer")
    after = FileIdentity.of(path)
    assert before is not None
    assert after != before
    assert before.is_same_file(after)


def test_a_file_renamed_over_another_is_another_even_of_the_same_size_and_time(tmp_path: Path) -> None:
    path, new = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"one")
    new.write_bytes(b"two")
    before = FileIdentity.of(path)
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)
    assert before is not None
    assert FileIdentity.of(path) != before
    assert not before.is_same_file(FileIdentity.of(path))


def test_no_file_has_no_identity(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    known = FileIdentity.of(path)
    assert FileIdentity.of(tmp_path / "gone") is None
    assert known is not None
    assert not known.is_same_file(None)

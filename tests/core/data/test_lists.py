from __future__ import annotations

from pathlib import Path

import pytest

from landseg_core.data.lists import read_list, shortened
from landseg_core.errors import DatasetError


def _list(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "train.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb.c\n",
        b"a\r\nb.c\r\n",
        b"\xef\xbb\xbfa\n\n  \nb.c",
        b"a.tif\nb.c.PNG\n",
        b"images/a.jpg\nfolder\\b.c.tif\n",
        b"  a  \n\tb.c\t\n",
    ],
)
def test_all_common_spellings_give_the_stems(tmp_path: Path, content: bytes) -> None:
    assert read_list(_list(tmp_path, content)) == ("a", "b.c")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty list"),
        (b"\n \r\n", "empty list"),
        (b"a\nb\na.tif\n", "names a more than once"),
        (b"II*\0a", "is not a text file"),
    ],
)
def test_a_wrong_list_is_one_sentence(tmp_path: Path, content: bytes, problem: str) -> None:
    path = _list(tmp_path, content)
    with pytest.raises(DatasetError, match=problem) as raised:
        read_list(path)
    assert str(path) in str(raised.value)


def test_a_missing_list(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        read_list(tmp_path / "none.txt")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_list(tmp_path)


def test_a_sentence_names_some_and_counts_the_rest() -> None:
    assert shortened("ab") == "a, b"
    assert shortened("abcdefg") == "a, b, c, d, e and 2 more"

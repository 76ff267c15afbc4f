from __future__ import annotations

import pytest

from landseg_core.cli import app, main


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "landseg: this computer has not enough memory; close other programs, or choose a smaller tile"),
        (
            PermissionError(13, "Permission denied", "/a/b.tif"),
            "landseg: /a/b.tif: Permission denied; check the path, permissions and space",
        ),
    ],
)
def test_what_no_room_foresaw_is_still_one_sentence(
    error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)
    assert main.run() == 1
    assert capsys.readouterr().err.strip() == sentence

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMainWindow

from landseg_gui.settings import Settings, settings_path

UNKNOWN_TYPE = rb"@Variant(\0\0\0\x3f\0\0\0\0)"
"""A number of 16 bits, for which PySide has no converter."""


def test_settings_live_in_the_users_configuration_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_path().name == "landseg.ini"
    assert "landseg" in settings_path().parts


def test_recent_files_are_newest_first_without_doubles(settings, tmp_path) -> None:
    files = [tmp_path / f"{number}.tif" for number in range(14)]
    for file in files:
        file.touch()
        settings.add_recent_file(file)
    settings.add_recent_file(files[8])
    recent = settings.recent_files()
    assert recent[:3] == [files[8], files[13], files[12]]
    assert len(recent) == len(set(recent)) == 10


def test_missing_files_drop_out(settings, tmp_path) -> None:
    (tmp_path / "a.tif").touch()
    settings.add_recent_file(tmp_path / "a.tif")
    settings.add_recent_file(tmp_path / "gone.tif")
    assert settings.recent_files() == [tmp_path / "a.tif"]
    settings.clear_recent_files()
    assert settings.recent_files() == []


def test_projects_are_recent_files_too(settings, tmp_path) -> None:
    for name in ("town.landseg", "picture.tif"):
        (tmp_path / name).touch()
        settings.add_recent_file(tmp_path / name)
    assert [path.name for path in settings.recent_files()] == ["picture.tif", "town.landseg"]


def test_settings_outlive_the_program(tmp_path) -> None:
    path = tmp_path / "landseg.ini"
    (tmp_path / "ä b,c.tif").touch()
    first = Settings(path)
    first.theme = "dark"
    first.add_recent_file(tmp_path / "ä b,c.tif")
    del first
    again = Settings(path)
    assert again.theme == "dark"
    assert again.recent_files() == [tmp_path / "ä b,c.tif"]


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe garbage \x80\x81 without a line",
        b"[window]\ngeometry=17\ndocks=@ByteArray(nonsense)\n[files]\nrecent=@Invalid()\n",
        b"[window]\ngeometry=@ByteArray(\\x1\\xd9\\xd0\\xcb)\n[files]\nrecent=4, 5\n",
        b"[tools]\nstate=" + b"[" * 100_000 + b"\n[files]\nrecent=/" + b"9" * 400 + b"\n",
        b"[window]\ntheme=HALF\ndocks=HALF\n[tools]\nstate=HALF\n[files]\nrecent=HALF\n".replace(b"HALF", UNKNOWN_TYPE),
    ],
    ids=["garbage", "other types", "cut", "endless", "types without Python's"],
)
def test_broken_settings_do_not_stop_the_start(qtbot, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "landseg.ini"
    path.write_bytes(content)
    settings = Settings(path)
    window = QMainWindow()
    qtbot.addWidget(window)
    settings.restore_window(window)
    assert settings.recent_files() == []
    assert settings.tools == {}
    assert isinstance(settings.theme, str)
    settings.save_window(window)


def test_suggestions_are_on_until_they_are_switched_off(tmp_path) -> None:
    path = tmp_path / "landseg.ini"
    assert Settings(path).suggestions == {"on": True, "only_when_asked": False}
    first = Settings(path)
    first.suggestions = {"on": False, "only_when_asked": True}
    del first
    assert Settings(path).suggestions == {"on": False, "only_when_asked": True}


@pytest.mark.parametrize("odd", ["perhaps", "1, 2", ""])
def test_odd_switches_count_as_never_set(tmp_path, odd: str) -> None:
    path = tmp_path / "landseg.ini"
    path.write_text(f"[suggestions]\non={odd}\nonly_when_asked={odd}\n")
    assert Settings(path).suggestions == {"on": True, "only_when_asked": False}

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landseg_core import leftovers
from landseg_core.leftovers import is_left_behind, scratch_folder, sweep, unfinished_path
from landseg_core.output_files import OutputFiles, write_atomically

DAY = 24 * 3600
LEAVE = """
import os, sys
from pathlib import Path
from landseg_core.leftovers import scratch_folder, unfinished_path
place = Path(sys.argv[1])
unfinished_path(place / "map.tif").write_text("half")
made = scratch_folder(place)
scratch = made.__enter__()
(scratch / "mask.tif").write_text("half")
print(unfinished_path(place / "p.landseg").name, flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
os._exit(9)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_dead_process_left_goes_with_the_next_write_there(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LEAVE, tmp_path], capture_output=True, text=True, check=False)
    (tmp_path / f"{done.stdout.strip()}-journal").write_text("of SQLite")
    (tmp_path / f"{done.stdout.strip()}.ovr").write_text("of GDAL")
    assert len(names(tmp_path)) == 4
    write_atomically(tmp_path / "result", b"whole")
    assert names(tmp_path) == ["result"]


def test_what_a_living_process_makes_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LEAVE, str(tmp_path), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before = names(tmp_path)
        for path in tmp_path.iterdir():
            os.utime(path, (1, 1))  # also one that takes days
        sweep(tmp_path)
        assert names(tmp_path) == before
        process.kill()
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_a_number_that_another_process_has_now_saves_nothing(tmp_path: Path) -> None:
    machine, pid, began = leftovers.owner().split("-")
    other = f"{machine}-{pid}-{int(began, 16) - 1:x}"
    path = tmp_path / f"map.tif.unfinished-{other}-abcdef"
    path.touch()
    assert is_left_behind(path) == sys.platform.startswith("linux")


@pytest.mark.parametrize("name", ["map.tif.unfinished-012345-1-1-abcdef", "map.tif.unfinished-0123abcd"])
def test_what_another_computer_or_an_older_version_left_goes_after_a_day(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch()
    sweep(tmp_path)
    assert path.exists()
    os.utime(path, (time.time() - DAY - 60,) * 2)
    sweep(tmp_path)
    assert not path.exists()


def test_a_scratch_folder_of_an_older_version_goes_only_with_what_was_put_there(tmp_path: Path) -> None:
    ours, others = tmp_path / ".landseg-ab12cd34", tmp_path / ".landseg-settings"
    for folder, name in ((ours, "mask.tif"), (others, "my settings")):
        folder.mkdir()
        (folder / name).touch()
        for path in (folder / name, folder):
            os.utime(path, (1, 1))
    sweep(tmp_path)
    assert names(tmp_path) == [".landseg-settings"]


@pytest.mark.parametrize(
    "name",
    ["map.unfinished", "map.unfinished-mine", "unfinished-0123abcd", ".landseg", ".landseg-shards", "map.tif"],
)
def test_nothing_else_is_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file" / name).touch()
    (tmp_path / "folder" / name).mkdir()
    for path in (tmp_path / "file" / name, tmp_path / "folder" / name):
        os.utime(path, (1, 1))
    for folder in (tmp_path, tmp_path / "file", tmp_path / "folder"):
        sweep(folder)
    assert (tmp_path / "file" / name).exists()
    assert (tmp_path / "folder" / name).exists()


def test_links_stay_and_what_they_lead_to_as_well(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").touch()
    link = tmp_path / f".landseg-{leftovers.owner()[:6]}-7fffffff-1-abcdef"
    link.symlink_to(tmp_path / "kept")
    sweep(tmp_path)
    assert (tmp_path / "kept" / "mine").exists()


def test_a_name_as_long_as_can_be_has_an_unfinished_one(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127 + "a")
    with OutputFiles() as outputs:
        unfinished = outputs.add(path)
        assert re.search(r"é\.unfinished-", unfinished.name)
        assert len(os.fsencode(unfinished.name)) <= 255
        unfinished.write_text("whole")
    assert path.read_text() == "whole"


def test_a_scratch_folder_is_gone_after_its_use(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "x").touch()
        assert unfinished_path(tmp_path / "y").parent == tmp_path
        assert folder.exists()
    assert names(tmp_path) == []

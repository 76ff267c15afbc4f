"""Work beyond a limit is refused before it begins, in one sentence with its size, unless it is agreed to."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from landseg_core import limits
from landseg_core.limits import LargeWorkError, WorkSize, all_together, is_far_off, require_agreed, si_number

AT_THE_LIMITS = WorkSize("the map of a.tif", pixels=20_000_000_000, computed=50.0, seconds=7200.0)


def test_work_at_the_limits_is_done() -> None:
    require_agreed(AT_THE_LIMITS, large=False)


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        ({"pixels": 20_100_000_000}, "the map of a.tif: 20.1 Gpx, more than 20 Gpx"),
        ({"pixels": 10**12}, "the map of a.tif: 1000 Gpx, more than 20 Gpx"),
        ({"computed": 50.1}, "the map of a.tif: 50.1 px to compute for each px of the image, more than 50"),
        ({"seconds": 7201.0}, "the map of a.tif: about 2 h 0 min of work, more than 2 h"),
        ({"seconds": 90_000.0}, "the map of a.tif: about 25 h 0 min of work, more than 2 h"),
    ],
)
def test_work_beyond_one_is_refused_with_its_size(beyond: dict[str, float], said: str) -> None:
    work = replace(AT_THE_LIMITS, **beyond)  # type: ignore[arg-type]
    with pytest.raises(LargeWorkError) as caught:
        require_agreed(work, large=False)
    assert said in str(caught.value)
    assert str(caught.value).endswith("; give large=True to do it anyway")
    require_agreed(work, large=True)


def test_what_the_disk_has_not_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may not be there yet."""
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _place: type("Usage", (), {"free": 5_000_000_000}))
    work = WorkSize("the labels of a", pixels=5_000_000_000, folder=tmp_path / "new" / "folder", bytes=5_000_000_000)
    require_agreed(work, large=False)
    with pytest.raises(
        LargeWorkError, match=r"up to 6\.67 GB to write, but .*folder has 5 GB of free space; give large=True"
    ):
        require_agreed(replace(work, bytes=6_666_666_666), large=False)


def test_a_folder_that_cannot_be_looked_at_has_unknown_space(tmp_path: Path) -> None:
    require_agreed(WorkSize("a map", folder=tmp_path / ("long" * 100) / "maps", bytes=10**18), large=False)


def test_many_small_pieces_are_together_too_much() -> None:
    piece = WorkSize("the map of a.tif", pixels=10**9, seconds=400.0)
    work = all_together([piece] * 18, "the maps of 18 rasters")
    require_agreed(work, large=False)
    assert work.summary == "This is 18 Gpx of work (about 2 h 0 min)"
    with pytest.raises(LargeWorkError, match="the maps of 21 rasters: 21 Gpx"):
        require_agreed(all_together([piece] * 21, "the maps of 21 rasters"), large=False)
    assert all_together([piece], "all") == piece


@pytest.mark.parametrize(
    ("resolutions", "far"),
    [
        ((0.25, 5.0), False),
        ((0.25, 5.01), True),
        ((5.01, 0.25), True),
        ((0.25, 54_000.0), True),
        ((0.25, 1e-9), True),
        ((0.25, 0.0), True),
        ((0.25, -0.25), True),
        ((0.25, math.nan), True),
        ((math.inf, math.inf), True),
    ],
)
def test_ground_resolutions_that_are_far_off(resolutions: tuple[float, float], far: bool) -> None:
    assert is_far_off(resolutions) is far


@pytest.mark.parametrize(("number", "written"), [(25e9, "25 G"), (1e12, "1000 G"), (3.2e6, "3.2 M"), (20e9, "20 G")])
def test_large_numbers(number: float, written: str) -> None:
    assert si_number(number) == written

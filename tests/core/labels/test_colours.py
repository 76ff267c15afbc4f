from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseg_core.labels.classes import LandClass
from landseg_core.labels.colours import distinct_colours

OKABE_ITO = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000"]


def test_the_first_are_those_of_okabe_and_ito() -> None:
    assert distinct_colours(8) == OKABE_ITO
    assert distinct_colours(0) == []


def test_as_many_as_a_map_can_have_are_all_different() -> None:
    colours = distinct_colours(250)
    assert len(set(colours)) == 250
    for colour in colours:
        LandClass(value=1, name="any", colour=colour)


def test_a_longer_list_begins_as_the_shorter_one() -> None:
    assert distinct_colours(40)[:25] == distinct_colours(25)


def test_the_first_twenty_stand_well_apart() -> None:
    rgb = np.array([list(bytes.fromhex(colour[1:])) for colour in distinct_colours(20)], float)
    assert min(np.abs(one - other).max() for one, other in itertools.combinations(rgb, 2)) > 24


def test_red_and_green_of_one_brightness_are_not_both_offered() -> None:
    """To one who sees no red or no green they are the same brown."""
    assert not {"#bb5500", "#777700"} <= set(distinct_colours(20, ["#bb5500"]))


@given(st.lists(st.sampled_from(OKABE_ITO), unique=True, max_size=8))
def test_what_is_in_use_is_not_offered_again(used) -> None:
    offered = distinct_colours(8 - len(used), used)
    assert offered == [colour for colour in OKABE_ITO if colour not in used]
    assert distinct_colours(1, [colour.upper() for colour in OKABE_ITO])[0] not in OKABE_ITO


@pytest.mark.parametrize("near", ["#e69e00", "#E8A203"])
def test_what_looks_like_one_in_use_is_not_offered(near) -> None:
    assert distinct_colours(1, [near]) == ["#56b4e9"]


def test_one_by_one_they_stay_different() -> None:
    used = ["#ffffff", "#ff0000"]
    for _ in range(30):
        used += distinct_colours(1, used)
    assert len(set(used)) == 32

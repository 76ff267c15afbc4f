from __future__ import annotations

import pytest
import typer

from landseg_core.cli.options import parse_bands, parse_window
from landseg_core.cli.predict import parse_formats
from landseg_core.geo.window import PixelWindow


def test_a_window_is_four_whole_numbers() -> None:
    assert parse_window("1,-2,30,40") == PixelWindow(1, -2, 30, 40)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,5", "1.5,2,3,4"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "bands"),
    [
        (None, ()),
        ("1", ("1",)),
        ("1, 3,Red", ("1", "3", "Red")),
        ('Red,"Near infrared"', ("Red", "Near infrared")),
        ('"height, m", 2', ("height, m", "2")),
    ],
)
def test_bands_are_numbers_or_names(text: str | None, bands: tuple[str, ...]) -> None:
    assert parse_bands(text) == bands


@pytest.mark.parametrize("text", ["", ",", "1,,2", "1,"])
def test_an_empty_band_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_bands(text)


@pytest.mark.parametrize("text", ["", "jpg", "tif,", "tif,jpg"])
def test_unknown_formats_are_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_formats(text)

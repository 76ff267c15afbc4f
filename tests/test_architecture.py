"""The page on the architecture says what import-linter checks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def rooms_of_contract(package: str) -> list[set[str]]:
    (layers,) = (contract["layers"] for contract in CONTRACTS if contract.get("containers") == [package])
    return [set(layer.split(" | ")) for layer in layers]


def rooms_of_page(package: str) -> list[set[str]]:
    table = re.split(rf"<!-- \w+ of {package} -->", PAGE)[1].split("\n\n")[0]
    return [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.strip().splitlines()[2:]]


@pytest.mark.parametrize("package", ["landseg_core", "landseg_gui"])
def test_the_rooms_are_those_of_the_contract_in_its_order(package: str) -> None:
    assert rooms_of_page(package) == rooms_of_contract(package)


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:landseg_core/|landseg_gui/)?[a-z_]+/[a-z_/]+(?:\.py)?)`", PAGE)
    assert named
    missing = [
        name for name in named if not any((ROOT / room / name).exists() for room in ("", "landseg_core", "landseg_gui"))
    ]
    assert missing == []


def test_only_the_front_door_passes_on_what_is_defined_elsewhere() -> None:
    listing = [
        path.relative_to(ROOT).as_posix()
        for package in ("landseg_core", "landseg_gui")
        for path in (ROOT / package).rglob("*.py")
        if "__all__" in path.read_text(encoding="utf-8")
    ]
    assert listing == ["landseg_core/__init__.py"]

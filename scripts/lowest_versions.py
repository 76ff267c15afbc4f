"""Prints constraints for pip: the lowest version of every package that `pyproject.toml` allows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lowest(requirements: list[str]) -> dict[str, str]:
    """Return the lower bound of each requirement that has one; the highest, where a package is named twice."""
    found = (re.match(r"([A-Za-z0-9_.-]+)(?:\[.*\])?\s*>=\s*([0-9.]+)", text) for text in requirements)
    bounds = sorted(
        ((match[1], match[2]) for match in found if match),
        key=lambda bound: [int(part) for part in bound[1].split(".")],
    )
    return dict(bounds)


def constraint(name: str, version: str) -> str:
    """Return a constraint to the lowest series, such as `numpy==1.26.*`: not every first release is still there."""
    return f"{name}=={version if '.' in version else version + '.0'}.*"


if __name__ == "__main__":
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for name, version in lowest([text for group in groups for text in group]).items():
        print(constraint(name, version))

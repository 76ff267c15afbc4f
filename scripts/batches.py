"""What the scripts that run in batches share: their options, and the file of JSON lines that the batches add up in."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def batch_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of `--seed`, `--append` and `--report`, to which a script adds its own options."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--append", type=Path, help="a file of results, which further runs add to")
    parser.add_argument(
        "--report", type=Path, help="write what --append holds into this Markdown file, and run nothing"
    )
    return parser


def add_record(path: Path | None, record: Mapping[str, Any]) -> None:
    """Add a line to the file of a batch, which is made where it is not there yet; no `path`, no file."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def records_in(path: Path) -> list[dict[str, Any]]:
    """Return what the batches have added to a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]

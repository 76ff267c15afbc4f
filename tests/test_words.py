"""Names and phrases of a private vocabulary do not come back: what a thing is called in the field is its name here."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("landseg_core", "landseg_gui")
CODE = (*PACKAGES, "tests", "benchmarks", "scripts", "examples")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/motivation.md",
    "docs/python.md",
)

IDENTIFIERS = """
AllScores CorrectedLabels Decisions EarlierLabels FormMemory Gathered GroundPlan ImageView JoinedPieces LabelCells
LabelPart LastEdits MapFigures OwnGrid OwnPixels QuarterTurns RecordList Reviser RunShelf SeenAt StoredField Taps
ToolRow TrialMemory Untrained ViewPlace Workbench
at_hand burning chips_around foreign_log judging_areas keep_before kept_before kept_ground leave_one_file look_away
processor_layers quarter_turns require_fit seen_size straightened suit_processor told_bands turn_average
until_memory_suffices view_memory without_all
"""
PHRASES = (
    "at hand",
    "goes from the disk",
    "goes on from",
    "learn from",
    "learns from",
    "learnt from",
    "let go of",
    "lets go of",
    "of its own accord",
    "quarter turn",
    "take note",
    "takes note",
    "taken back",
    "tell of itself",
    "tell whether",
    "tells of itself",
    "until memory suffices",
)


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert found
    return [path for path in found if path != Path(__file__)]


@cache
def names(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.NAME
    }


def strings(path: Path) -> Iterator[str]:
    """Yield docstrings, messages and all other strings of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def as_read(text: str) -> str:
    """Return a text as it is read: in lower case, on one line."""
    return re.sub(r"\s+", " ", text).lower()


@cache
def texts() -> dict[str, str]:
    """Return what people read, by file: pages, and the strings of modules."""
    pages = {page: as_read((ROOT / page).read_text(encoding="utf-8")) for page in PAGES}
    modules = {str(path.relative_to(ROOT)): as_read("\n".join(strings(path))) for path in sources(*PACKAGES)}
    return pages | modules


def test_the_private_names_are_gone() -> None:
    found = {str(path.relative_to(ROOT)): sorted(names(path) & set(IDENTIFIERS.split())) for path in sources(*CODE)}
    assert not {path: left for path, left in found.items() if left}


@pytest.mark.parametrize("phrase", PHRASES)
def test_the_private_phrases_are_gone(phrase: str) -> None:
    assert not [name for name, text in texts().items() if re.search(rf"\b{phrase}\b", text)]


@pytest.mark.parametrize(("words", "most"), [(r"told|tells?", 60), (r"places?", 170)])
def test_words_that_mean_anything_are_rare(words: str, most: int) -> None:
    """Some uses are right; a new one is a reason to look for the word that says which is meant."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sources(*PACKAGES)
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(rf"\b({words})\b", line, re.IGNORECASE)
    ]
    assert len(found) < most, "\n".join(found)

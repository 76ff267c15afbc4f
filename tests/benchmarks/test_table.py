from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import report
from benchmarks.table import HEADER, Line, Target, in_turns, interleaved


def test_a_ratio_is_the_median_over_the_rounds() -> None:
    assert Line("a", [1.0, 2.0, 4.0], "b", [2.0, 6.0, 40.0]).ratio == 3
    assert Line("a", [10.0, 20.0], "b", [5.0, 5.0], more=True).ratio == 3
    assert Line("a", [1.0]).ratio is None


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        (Line("a", [1.0], "b", [4.0], target=Target(ratio=4)), True),
        (Line("a", [1.0], "b", [3.9], target=Target(ratio=4)), False),
        (Line("a", [5.0, 6.0, 99.0], target=Target(value=6)), True),
        (Line("a", [7.0], target=Target(value=6)), False),
        (Line("a", [1.0], target=Target(ratio=1)), False),
    ],
)
def test_a_target_is_reached_or_not(line: Line, reached: bool) -> None:
    assert line.as_dict()["reached"] is reached
    assert line.markdown().endswith("| yes |" if reached else "| **no** |")


def test_rows_have_the_cells_of_the_header() -> None:
    for line in (Line("a", [1.0]), Line("a", [1.0, 2.0], "b", [2.0, 4.0], "ms", target=Target(value=3))):
        assert line.markdown().count("|") == HEADER.splitlines()[0].count("|")
    assert (
        Line("a", [1.0, 2.0], "b", [2.0, 4.0], "ms")
        .markdown()
        .startswith("| a | 1.5 ms (1-2) | b: 3 ms (2-4) | 2.00x |")
    )


def test_works_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return float(len(order))

    figures = in_turns([lambda: work("a"), lambda: work("b")], rounds=2)
    assert order == ["a", "b"] * 3
    assert figures == [[3.0, 5.0], [4.0, 6.0]]
    line = interleaved("a", lambda: None, "b", lambda: None, rounds=3)
    assert len(line.landseg) == len(line.baseline) == 3


def test_the_report_is_markdown_json_and_a_chart(tmp_path: Path) -> None:
    machine = report.facts()
    lines = [Line("quick & <small>", [1.0], "b", [8.0]), Line("slow", [4.0], "b", [1.0]), Line("alone", [1.0])]
    report.write(tmp_path, {"Painting": report.Part(machine, lines[:1])}, ["Prediction", "Painting"])
    report.write(tmp_path, {"Prediction": report.Part(machine, lines)}, ["Prediction", "Painting"])
    text = (tmp_path / "bench.md").read_text()
    assert machine["processor"] in text
    assert "## Prediction" in text
    record = json.loads((tmp_path / "bench.json").read_text())
    assert list(record["parts"]) == ["Prediction", "Painting"]
    assert record["parts"]["Prediction"]["machine"]["versions"]["torch"]
    told = record["parts"]["Prediction"]["lines"]
    assert [line["name"] for line in told] == ["quick & <small>", "slow", "alone"]
    assert [Line.of(line) for line in told] == lines
    assert (told[0]["ratio"], told[0]["landseg"]["median"], told[0]["baseline"]["median"]) == (8.0, 1.0, 8.0)
    chart = ET.fromstring((tmp_path / "bench.svg").read_text())
    texts = [node.text for node in chart.iter() if node.tag.endswith("text")]
    assert texts == [
        *("Prediction", "quick & <small> vs b", "8x", "slow vs b", "0.25x"),
        *("Painting", "quick & <small> vs b", "8x"),
    ]

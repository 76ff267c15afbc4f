from __future__ import annotations

from pathlib import Path

import pytest

from landseg_core import machine


def test_a_processor_without_a_name_in_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "none")
    assert machine.processor()


def test_the_name_comes_from_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: AMD EPYC: 9B14\nmodel name\t: other\n")
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "cpuinfo")
    assert machine.processor() == "AMD EPYC: 9B14"


def test_there_is_a_core() -> None:
    assert machine.cores() >= 1

from __future__ import annotations

import pytest

from landseg_core.cli.jobs import EventPrinter, run_job
from landseg_core.errors import RasterError
from landseg_core.events import EpochFinished, ItemFailed, Notice, Progress
from landseg_core.limits import LargeWorkError, WorkSize


def test_an_epoch_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with EventPrinter() as printer:
        printer.show(Progress("reading", 1, 2, 3.0))
        printer.show(EpochFinished(3, 30, 0.5, 0.625, 0.81, 0.54, {"water": None}, 1e-3, 12.0, best=True, val_pixels=9))
        printer.show(Notice("class [water] never occurs"))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "epoch   3  loss 0.500 train 0.625 validation  accuracy 0.810  mIoU 0.540  best so far",
        "note: class [water] never occurs",
    ]


def epoch(number: int, *warnings: str) -> EpochFinished:
    return EpochFinished(number, 30, 0.5, 0.6, 0.8, 0.5, {}, 1e-3, 12.0, best=False, val_pixels=9, warnings=warnings)


def test_a_warning_is_told_once_and_counted_after_that(capsys: pytest.CaptureFixture[str]) -> None:
    with EventPrinter() as printer:
        for number, warnings in enumerate([("a [b] is dead",), ("a [b] is dead",), (), ("a [b] is dead", "small")]):
            printer.show(epoch(number, *warnings))
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("mIoU 0.500")[2] for line in lines] == [
        "  1 warning",
        "warning: a [b] is dead",
        "  1 warning",
        "",
        "  2 warnings",
        "warning: small",
    ]


def test_the_result_comes_back() -> None:
    assert run_job(lambda _on_event, _control: 42) == 42


def test_what_fails_among_others_is_told_in_the_words_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with EventPrinter() as printer:
        printer.show(ItemFailed(RasterError("a.tif is damaged")))
        printer.show(ItemFailed(LargeWorkError(WorkSize("the map of b.tif"), "the map of b.tif: 1000 Gpx")))
    assert capsys.readouterr().err.splitlines() == [
        "landseg: a.tif is damaged",
        "landseg: the map of b.tif: 1000 Gpx; give --large to do it anyway",
    ]

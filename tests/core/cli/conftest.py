from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from landseg_core.cli.main import run

Landseg = Callable[..., tuple[str, str]]


@pytest.fixture
def landseg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Landseg:
    """Return `landseg(*arguments, expect=0)`, which runs a command and returns what it printed and its errors."""

    def call(*arguments: object, expect: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        try:
            code = run()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert code == expect, printed.err
        return printed.out, printed.err

    return call

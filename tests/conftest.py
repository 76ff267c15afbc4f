"""What every test shares: an offscreen Qt, a cache folder of its own, and the real imagery where it is at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from landseg_core.cli.main import run

# The assertions of shared modules explain themselves, too.
pytest.register_assert_rewrite("support")

# How long an example takes says nothing on a busy machine. Where CI decides, examples are the same for the same code;
# everyone else draws new ones each time, which is how a wrong one is found.
hypothesis.settings.register_profile("landseg", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("landseg")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches, settings and logs of a test away from the user's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture
def landseg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
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


@pytest.fixture(scope="session")
def imagery() -> Path:
    """Return the folder of real imagery, or skip."""
    folder = os.environ.get("LANDSEG_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LANDSEG_DATA names no folder of real imagery")
    return Path(folder)

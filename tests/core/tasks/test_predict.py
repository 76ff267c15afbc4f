from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from landseg_core.errors import OutputError
from landseg_core.tasks.predict import planned_maps


def test_maps_are_named_after_their_raster() -> None:
    (files,) = planned_maps([Path("a/town.jp2")], Path("out"), ["tif", "png"], confidence=True)
    assert [path.name for path in files.all] == ["town_mask.tif", "town_mask.png", "town_confidence.tif"]


def test_two_rasters_of_one_stem_are_refused() -> None:
    with pytest.raises(OutputError, match="2 rasters are called town"):
        planned_maps([Path("a/town.tif"), Path("b/town.jpg")], Path("out"), ["tif"], confidence=False)


NEW_FIELD = """
import sys
from typing import Annotated
from pydantic import Field
from landseg_core.tasks import predict

class WithNewField(predict.PredictTask):
    sharpen: Annotated[int, Field(ge=2, title="Sharpening", description="How far edges are sharpened")] = 3

predict.PredictTask = WithNewField
from landseg_core.cli.main import main
sys.argv = ["landseg", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--help"], "<int range> [x>=2] How far edges are sharpened."), (["--sharpen", "1"], "Invalid value")],
)
def test_a_new_field_is_an_option_of_the_command(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-c", NEW_FIELD, "predict", "model", "a.tif", "--out", "maps", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert "--sharpen" in text
    assert said in text

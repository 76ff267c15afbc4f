"""What all tasks have in common: both doors can show their fields, and importing them costs little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from landseg_core.tasks.evaluate import EvaluateTask
from landseg_core.tasks.export import ExportModelTask, ExportTask
from landseg_core.tasks.fields import Alpha, Model, header_of, loaded
from landseg_core.tasks.predict import PredictTask
from landseg_core.tasks.train import TrainTask
from tests.support.models import random_bundle


class WithModel(pydantic.BaseModel):
    model: Model


class WithAlpha(pydantic.BaseModel):
    alpha: Alpha


@pytest.mark.parametrize("task", [TrainTask, PredictTask, EvaluateTask, ExportTask, ExportModelTask])
def test_every_field_says_what_it_is(task: type[pydantic.BaseModel]) -> None:
    for name, field in task.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert not field.description.endswith("."), name
        assert field.description[0].isupper() or field.description.startswith("auto"), name


def test_tasks_load_neither_torch_nor_what_reads_rasters() -> None:
    program = "import sys, landseg_core.cli.app; print({'torch', 'rasterio', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_model_is_a_file_or_in_memory(tmp_path: Path) -> None:
    bundle = random_bundle("unet16")
    bundle.save(tmp_path / "model.safetensors")
    of_file = WithModel(model=str(tmp_path / "model.safetensors")).model
    in_memory = WithModel(model=bundle).model
    assert header_of(of_file) == header_of(in_memory) == bundle.header
    assert loaded(of_file) == loaded(in_memory) == bundle
    with pytest.raises(pydantic.ValidationError, match="should be a model file"):
        WithModel(model=3)


def test_alpha_is_a_band_or_says_which_one_is_missing() -> None:
    assert WithAlpha(alpha=None).alpha is None
    assert WithAlpha(alpha="4").alpha == "4"
    with pytest.raises(pydantic.ValidationError, match="give auto, none, or a band"):
        WithAlpha(alpha=" ")

"""What all tasks have in common: both doors can show their fields, and importing them costs little."""

from __future__ import annotations

import subprocess
import sys

import pydantic
import pytest

from landseg_core.tasks.evaluate import EvaluateTask
from landseg_core.tasks.export import ExportModelTask, ExportTask
from landseg_core.tasks.predict import PredictTask
from landseg_core.tasks.train import TrainTask


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

"""Where a run was made and from what: saved in its folder for the report."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic

from landseg_core import __version__
from landseg_core.data.areas import pixels
from landseg_core.input_files import read_file
from landseg_core.machine import cores, processor, version_of
from landseg_core.output_files import write_atomically
from landseg_core.runs.evaluation import damaged_record

if TYPE_CHECKING:
    import torch

    from landseg_core.data.training_data import TrainingData


class MachineInfo(pydantic.BaseModel):
    """The machine of a run; `cores` are those that the process may use, `graphics` the name of its GPU."""

    system: str
    processor: str
    cores: int
    graphics: str | None
    python: str
    torch: str
    landseg: str


class DataInfo(pydantic.BaseModel):
    """What a run is trained on. `shared_images` have pixels on both sides: they were split into disjoint areas."""

    train_images: int
    val_images: int
    shared_images: int
    train_pixels: int
    val_pixels: int
    bands: tuple[int, ...]
    dtype: str
    ground_resolution_m: float | None


class RunEnvironment(pydantic.BaseModel):
    """Machine and data of a run, and when it was `started` (ISO 8601, UTC), or was last resumed."""

    started: str
    machine: MachineInfo
    data: DataInfo


def save_environment(path: Path, data: TrainingData, device: torch.device) -> None:
    """Write machine and data of a run that begins now on `device` to `path`.

    Raises:
        OutputError: it cannot be written.
    """
    environment = RunEnvironment(
        started=datetime.now(UTC).isoformat(timespec="seconds"), machine=_machine_info(device), data=_data_info(data)
    )
    write_atomically(path, (environment.model_dump_json(indent=2) + "\n").encode())


def read_environment(path: Path) -> RunEnvironment | None:
    """Return the environment in `path`, or None where there is no such file.

    Raises:
        TrainingError: the file cannot be read or is damaged.
    """
    try:
        return RunEnvironment.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, pydantic.ValidationError) as error:
        raise damaged_record(path, error) from error


def _data_info(data: TrainingData) -> DataInfo:
    train, val = ({area.image for area in side} for side in (data.train, data.val))
    return DataInfo(
        train_images=len(train),
        val_images=len(val),
        shared_images=len(train & val),
        train_pixels=pixels(data.train),
        val_pixels=pixels(data.val),
        bands=data.bands,
        dtype=data.dtype,
        ground_resolution_m=data.ground_resolution_m,
    )


def _machine_info(device: torch.device) -> MachineInfo:
    from landseg_core.compute.devices import gpu_name

    return MachineInfo(
        system=f"{platform.system()} {platform.release()}",
        processor=processor(),
        cores=cores(),
        graphics=gpu_name(device),
        python=platform.python_version(),
        torch=version_of("torch") or "unknown",
        landseg=__version__,
    )

"""The settings of a training run; checking them loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from landseg_core.errors import TrainingError
from landseg_core.models.catalog import CATALOG

DEFAULT_EPOCHS = 20
"""How long a run is when neither epochs nor minutes are given."""


def _known_model(name: str) -> str:
    if name not in CATALOG:
        raise ValueError(f"there is no network {name!r}; choose {', '.join(CATALOG)}")
    return name


class TrainConfig(pydantic.BaseModel):
    """How to train; either `epochs` or `minutes` says how long, and without either it is `DEFAULT_EPOCHS`.

    `batch` is in chips, `chip` their side in px; `learning_rate` is the highest of the one-cycle schedule.
    `precision` "auto" takes the fastest arithmetic that the device is good at. `bands`, by number or name, are all by
    default; `resolution_m` is the ground (m) per pixel to learn at, by default that of the images.
    Where no list says what validates, `split` holds back blocks or whole images; `buffer` px of the images lie between
    what is trained on and what validates.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, pydantic.AfterValidator(_known_model)] = "unet16"
    epochs: Annotated[int, pydantic.Field(ge=1, le=100_000)] | None = None
    minutes: Annotated[float, pydantic.Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    batch: Annotated[int, pydantic.Field(ge=1, le=1024)] = 8
    chip: Annotated[int, pydantic.Field(ge=32, le=4096)] = 256
    learning_rate: Annotated[float, pydantic.Field(gt=0, le=1, allow_inf_nan=False)] = 2e-3
    weight_decay: Annotated[float, pydantic.Field(ge=0, le=1, allow_inf_nan=False)] = 1e-2
    device: Annotated[str, pydantic.Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto", "fp32"] = "auto"
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**63)] = 0
    bands: tuple[str, ...] = ()
    resolution_m: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)] | None = None
    split: Literal["blocks", "images"] = "blocks"
    buffer: Annotated[int, pydantic.Field(ge=0, le=4096)] = 64

    @pydantic.model_validator(mode="before")
    @classmethod
    def _one_length(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = [name for name in ("epochs", "minutes") if values.get(name) is not None]
        if len(given) == 2:
            raise ValueError("a run lasts either a number of epochs or a number of minutes, not both")
        return dict(values) if given else {**values, "epochs": DEFAULT_EPOCHS}


def field_problems(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with `settings`, by field; a problem of several fields together stands under ""."""
    try:
        TrainConfig.model_validate(settings)
    except pydantic.ValidationError as error:
        return {_place(item): _sentence(item) for item in error.errors(include_url=False)}
    return {}


def checked_config(settings: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that `settings` make.

    Raises:
        TrainingError: a setting is wrong; the sentence names the first.
    """
    for field, problem in field_problems(settings).items():
        raise TrainingError(f"{field}: {problem}" if field else problem)
    return TrainConfig.model_validate(settings)


def _place(item: Any) -> str:
    return str(item["loc"][0]) if item["loc"] else ""


def _sentence(item: Any) -> str:
    message = str(item["msg"])
    if item["type"] == "string_pattern_mismatch":
        return f"{item['input']!r} is no device; choose auto, cpu, cuda, cuda:0 or mps"
    return message.removeprefix("Value error, ").replace("Input should be", "should be")

"""The settings of a training run; checking them loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from landseg_core.compute.device_names import DeviceError, require_device_name
from landseg_core.data.read_options import ReadOptions
from landseg_core.errors import TrainingError
from landseg_core.labels.masks.value_mapping import parse_value_mapping
from landseg_core.models.catalog import CATALOG, DEFAULT_MODEL
from landseg_core.raster.alpha import alpha_choice
from landseg_core.task_fields import problems_of

DEFAULT_EPOCHS = 20
"""How long a run is when neither epochs nor minutes are given."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ScaleFactor = Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)]


def _known_model(name: str) -> str:
    if name not in CATALOG:
        raise ValueError(f"there is no network {name!r}; choose {', '.join(CATALOG)}")
    return name


def _device(name: str) -> str:
    try:
        require_device_name(name)
    except DeviceError as error:
        raise ValueError(str(error)) from error
    return name


def _alpha(text: str) -> str:
    if not text.strip():
        raise ValueError("should be auto, none, or a band by number or name")
    return alpha_choice(text)


class TrainConfig(pydantic.BaseModel):
    """How to train; either `epochs` or `minutes` says how long, and without either it is `DEFAULT_EPOCHS`.

    Every setting has a default that needs no tuning, and a description in one line, which the window shows.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, pydantic.AfterValidator(_known_model)] = Field(
        DEFAULT_MODEL, title="Network", description="Larger networks learn more and take longer"
    )
    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, title="Epochs", description="How many passes over the training pixels"
    )
    minutes: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = Field(
        None, title="Minutes", description="How long the run takes by the clock; its schedule is completed in that time"
    )
    batch: Annotated[int, Field(ge=1, le=1024)] = Field(
        8,
        title="Batch",
        description="Chips that are learnt from at once; halved by itself where memory does not suffice",
    )
    chip: Annotated[int, Field(ge=32, le=4096)] = Field(
        256, title="Chip", description="Side of a training window in px: larger ones show more around each pixel"
    )
    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        1e-3, title="Learning rate", description="The highest of the run, after the warm-up"
    )
    warm_up: Share = Field(
        0.1,
        title="Warm-up",
        description="Share of the run in which the learning rate rises; after that it falls to nothing",
    )
    weight_decay: Share = Field(
        1e-2,
        title="Weight decay",
        description="How strongly weights are kept small: more generalises, too much learns little",
    )
    pretrained: bool = Field(
        default=True,
        title="Pretrained",
        description="Start from weights learnt on photographs, if the network has some",
    )
    start_from: str | None = Field(
        None,
        title="Start from",
        description="Model or run to go on from; it tells network, bands and ground resolution",
    )
    corrected: Share = Field(
        0.5,
        title="Corrected",
        description="Share of the chips drawn around what was labelled since that model; the rest repeats older labels",
    )
    encoder_rate: Share = Field(
        0.3, title="Encoder rate", description="Learning rate of pretrained weights, as a share of that of the others"
    )
    dice: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        1.0,
        title="Dice weight",
        description="Weight of the Dice loss beside cross-entropy: it asks as much of rare classes",
    )
    balance: Share = Field(
        0.25,
        title="Class balance",
        description="Share of the chips drawn around a class, each class as often as any other",
    )
    flips: bool = Field(default=True, title="Flips", description="Show chips mirrored, too")
    turns: bool = Field(default=True, title="Quarter turns", description="Show chips turned by quarters, too")
    scale_low: ScaleFactor = Field(0.7, title="Smallest scale", description="Show chips at this scale at least")
    scale_high: ScaleFactor = Field(1.4, title="Largest scale", description="Show chips at this scale at most")
    colour: Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)] = Field(
        1.0, title="Colour change", description="Strength of random light, contrast and saturation; 0 is none"
    )
    blur: Share = Field(0.2, title="Blur", description="Share of the chips that are softened a little")
    mix: Share = Field(
        0.5, title="Mix", description="Share of the chips that get a piece of another one, with its labels"
    )
    average: Share = Field(
        0.05,
        title="Weight average",
        description="Share of the run that the model's weights are averaged over; 0 is none",
    )
    patience: Annotated[int, Field(ge=0, le=100_000)] = Field(
        30,
        title="Patience",
        description="End a run by epochs early, in its second half, after this many without a better model; 0 never",
    )
    bands: tuple[str, ...] = Field(
        (), title="Bands", description="Names or numbers of the bands to learn from; all where none are given"
    )
    resolution_m: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = Field(
        None, title="Ground resolution", description="Metres per px to learn at; that of the images where not given"
    )
    mask_values: tuple[str, ...] = Field(
        (),
        title="Mask values",
        description="Class of a value of the masks, such as 255=building; 255= leaves the value out",
    )
    alpha: Annotated[str, Field(max_length=200), pydantic.AfterValidator(_alpha)] | None = Field(
        None,
        title="Alpha",
        description="Band that is 0 where there is no data: auto, none, number or name; by default as each image says",
    )
    split: Literal["blocks", "images"] = Field(
        "blocks",
        title="Split",
        description="What validates where no list says it: blocks or whole images",
    )
    buffer: Annotated[int, Field(ge=0, le=4096)] = Field(
        64, title="Buffer", description="Px of the images between what is trained on and what validates"
    )
    device: Annotated[str, pydantic.AfterValidator(_device)] = Field(
        "auto", title="Device", description="What computes: auto takes the graphics card where there is one"
    )
    precision: Literal["auto", "fp32"] = Field(
        "auto", title="Precision", description="auto takes the fastest arithmetic that the device is good at"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        0, title="Seed", description="The same seed gives the same run on the CPU"
    )

    @pydantic.field_validator("mask_values")
    @classmethod
    def _values_with_classes(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(f"{value}={name}" for value, name in parse_value_mapping(texts).items()))

    @property
    def value_mapping(self) -> dict[str, str]:
        """Return class names by value of the masks, "" for a value that is left out."""
        return parse_value_mapping(self.mask_values)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _one_length(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = [name for name in ("epochs", "minutes") if values.get(name) is not None]
        if len(given) == 2:
            raise ValueError("a run lasts either a number of epochs or a number of minutes, not both")
        return dict(values) if given else {**values, "epochs": DEFAULT_EPOCHS}

    @pydantic.model_validator(mode="after")
    def _scales_in_order(self) -> TrainConfig:
        if self.scale_low > self.scale_high:
            raise ValueError(f"the smallest scale ({self.scale_low:g}) is over the largest ({self.scale_high:g})")
        return self

    @property
    def reading(self) -> ReadOptions:
        """Return how images are read; what is of the model to go on from need only nearly be theirs.

        The first run left images as they were that were nearly at its resolution, and so must the next one.
        """
        return ReadOptions(self.bands, self.resolution_m, self.alpha, of_model=self.start_from is not None)


def field_problems(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with `settings`, by field; a problem of several fields together stands under ""."""
    return problems_of(TrainConfig, settings)


def checked_config(settings: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that `settings` make.

    Raises:
        TrainingError: a setting is wrong; the sentence names the first.
    """
    for field, problem in field_problems(settings).items():
        raise TrainingError(f"{field}: {problem}" if field else problem)
    return TrainConfig.model_validate(settings)

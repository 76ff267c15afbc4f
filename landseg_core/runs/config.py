"""The settings of a training run. Importing this loads neither torch nor what reads rasters; checking them no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import Field

from landseg_core.compute.device_names import DeviceError, require_device_name
from landseg_core.errors import TrainingError
from landseg_core.messages import N_
from landseg_core.models.catalog import CATALOG, DEFAULT_MODEL
from landseg_core.models.starter import STARTER
from landseg_core.task_fields import FieldHints, problems_of

if TYPE_CHECKING:
    from landseg_core.data.read_options import ReadOptions

DEFAULT_EPOCHS = 20
"""How long a run is when neither epochs nor minutes are given."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ScaleFactor = Annotated[float, Field(ge=0.1, le=10, allow_inf_nan=False)]

RENAMED_SETTINGS = {
    "mix": "cutmix",
    "average": "ema",
    "turns": "rotations",
    "balance": "class_balanced",
    "corrected": "new_label_share",
    "colour": "colour_jitter",
}
"""The present names of settings by those that landseg 0.1 stored."""


def _known_model(name: str) -> str:
    if name not in CATALOG:
        raise ValueError(N_("there is no network {name!r}; choose {catalog}", name=name, catalog=", ".join(CATALOG)))
    return name


def _device(name: str) -> str:
    try:
        require_device_name(name)
    except DeviceError as error:
        raise ValueError(str(error)) from error
    return name


def _alpha(text: str) -> str:
    if not text.strip():
        raise ValueError(N_("should be auto, none, or a band by number or name"))
    from landseg_core.raster.alpha import alpha_choice

    return alpha_choice(text)


_SPLITS = {"blocks": N_("Blocks"), "images": N_("Whole images")}
NEW_MODEL = "new"
"""What `start_from` is where the user wants a new model; without a value it is up to landseg."""
_STARTS = {STARTER: N_("Starter model, trained on aerial images"), NEW_MODEL: N_("A new model")}
_PRECISIONS = {"auto": N_("Automatic"), "fp32": "fp32"}


class TrainConfig(pydantic.BaseModel):
    """How to train; either `epochs` or `minutes` says how long, and without either it is `DEFAULT_EPOCHS`.

    Every setting has a default that needs no tuning, and a description in one line, which window and report show.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, pydantic.AfterValidator(_known_model), FieldHints(metavar="NETWORK")] = Field(
        DEFAULT_MODEL, title=N_("Network"), description=N_("Larger networks are more accurate and slower")
    )
    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, title=N_("Epochs"), description=N_("Number of passes over the training data")
    )
    minutes: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = Field(
        None, title=N_("Minutes"), description=N_("Duration of the run; its schedule is completed in that time")
    )
    batch: Annotated[int, Field(ge=1, le=1024)] = Field(
        8,
        title=N_("Batch size"),
        description=N_("Training patches (chips) per step; halved automatically if memory runs out"),
    )
    chip: Annotated[int, Field(ge=32, le=4096)] = Field(
        256,
        title=N_("Chip size"),
        description=N_("Side of a training patch in pixels; larger patches show more context around each pixel"),
    )
    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        1e-3, title=N_("Learning rate"), description=N_("Peak learning rate, reached after warm-up")
    )
    warm_up: Share = Field(
        0.1,
        title=N_("Warm-up"),
        description=N_("Fraction of the run in which the learning rate rises; after that it falls to zero"),
    )
    weight_decay: Share = Field(
        1e-2,
        title=N_("Weight decay"),
        description=N_("Regularisation strength; higher reduces overfitting, too high prevents learning"),
    )
    pretrained: bool = Field(
        default=True,
        title=N_("Pretrained"),
        description=N_("Start from weights pretrained on photographs, if the network has them"),
    )
    start_from: Annotated[
        str | None,
        FieldHints(
            option="--from", metavar="MODEL|RUN|starter|new", choices=_STARTS, others=True, unset=N_("Automatic")
        ),
    ] = Field(
        None,
        title=N_("Start from"),
        description=N_(
            "Model or run to fine-tune, which sets network, bands and ground resolution. Automatic: the starter model "
            "where few pixels are labelled, else a new model"
        ),
    )
    new_label_share: Share = Field(
        0.5,
        title=N_("New label share"),
        description=N_("Share of patches around new labels, when fine-tuning; the rest repeats earlier labels"),
    )
    encoder_rate: Share = Field(
        0.3,
        title=N_("Encoder rate"),
        description=N_("Learning rate of pretrained weights, as a fraction of that of the other weights"),
    )
    dice: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        1.0,
        title=N_("Dice weight"),
        description=N_("Weight of the Dice loss beside cross-entropy: it counts rare classes as much as common ones"),
    )
    class_balanced: Share = Field(
        0.25,
        title=N_("Class-balanced share"),
        description=N_("Fraction of patches sampled equally per class (oversamples rare classes)"),
    )
    teacher_weight: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = Field(
        24.0,
        title=N_("Teacher weight"),
        description=N_(
            "Where few pixels are labelled: weight of what a random forest fitted to them predicts elsewhere"
        ),
    )
    flips: bool = Field(default=True, title=N_("Random flips"), description=N_("Mirror patches at random"))
    rotations: bool = Field(
        default=True,
        title=N_("Random 90-degree rotations"),
        description=N_("Rotate patches by 0, 90, 180 or 270 degrees at random"),
    )
    scale_low: ScaleFactor = Field(
        0.7, title=N_("Smallest scale"), description=N_("Lower limit of the random scaling of patches")
    )
    scale_high: ScaleFactor = Field(
        1.4, title=N_("Largest scale"), description=N_("Upper limit of the random scaling of patches")
    )
    colour_jitter: Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)] = Field(
        1.0,
        title=N_("Colour jitter"),
        description=N_("Strength of random changes of brightness, contrast and saturation; 0 turns them off"),
    )
    blur: Share = Field(0.2, title=N_("Blur"), description=N_("Fraction of patches that are blurred slightly"))
    cutmix: Share = Field(
        0.5,
        title=N_("CutMix"),
        description=N_("Fraction of patches with a rectangle replaced by that of another patch, labels included"),
    )
    ema: Share = Field(
        0.05,
        title=N_("Model EMA"),
        description=N_(
            "Fraction of the run over which the weights are averaged (exponential moving average); 0 turns it off"
        ),
    )
    patience: Annotated[int, Field(ge=0, le=100_000)] = Field(
        30,
        title=N_("Patience"),
        description=N_(
            "Epochs without a better model after which a run by epochs ends, in its second half; 0 turns it off"
        ),
    )
    bands: Annotated[tuple[str, ...], FieldHints(metavar="LIST")] = Field(
        (), title=N_("Bands"), description=N_("Names or numbers of the bands to use; all if empty")
    )
    resolution_m: Annotated[
        Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None, FieldHints(option="--resolution")
    ] = Field(
        None,
        title=N_("Ground resolution"),
        description=N_("Metres per pixel to train at; that of the images if empty"),
    )
    mask_values: Annotated[tuple[str, ...], FieldHints(option="--map", metavar="VALUE=CLASSNAME", repeats=True)] = (
        Field(
            (),
            title=N_("Mask values"),
            description=N_("Class of a value of the masks, such as 255=building; 255= ignores the value"),
        )
    )
    alpha: Annotated[
        Annotated[str, Field(max_length=200), pydantic.AfterValidator(_alpha)] | None,
        FieldHints(metavar="auto|none|BAND"),
    ] = Field(
        None,
        title=N_("Alpha"),
        description=N_(
            "Band that is 0 where there is no data: auto, none, number or name; as each image says if empty"
        ),
    )
    split: Annotated[Literal["blocks", "images"], FieldHints(choices=_SPLITS)] = Field(
        "blocks",
        title=N_("Split"),
        description=N_("Validate on blocks or on whole images, where no list of validation images is given"),
    )
    buffer: Annotated[int, Field(ge=0, le=4096)] = Field(
        64, title=N_("Buffer"), description=N_("Buffer between training and validation areas, in pixels")
    )
    device: Annotated[str, pydantic.AfterValidator(_device), FieldHints(metavar="auto|cpu|cuda|cuda:N|mps")] = Field(
        "auto", title=N_("Device"), description=N_("Where to compute; auto uses the GPU if there is one")
    )
    precision: Annotated[Literal["auto", "fp32"], FieldHints(choices=_PRECISIONS)] = Field(
        "auto", title=N_("Precision"), description=N_("auto uses the fastest arithmetic that the device supports well")
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        0, title=N_("Seed"), description=N_("The same seed reproduces a run on the CPU")
    )

    @pydantic.field_validator("mask_values")
    @classmethod
    def _values_with_classes(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        from landseg_core.labels.masks.value_mapping import parse_value_mapping

        return tuple(sorted(f"{value}={name}" for value, name in parse_value_mapping(texts).items()))

    @property
    def value_mapping(self) -> dict[str, str]:
        """Return class names by value of the masks, "" for a value that is left out."""
        from landseg_core.labels.masks.value_mapping import parse_value_mapping

        return parse_value_mapping(self.mask_values)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _one_length(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = [name for name in ("epochs", "minutes") if values.get(name) is not None]
        if len(given) == 2:
            raise ValueError(N_("a run lasts either a number of epochs or a number of minutes, not both"))
        return dict(values) if given else {**values, "epochs": DEFAULT_EPOCHS}

    @pydantic.model_validator(mode="after")
    def _scales_in_order(self) -> TrainConfig:
        if self.scale_low > self.scale_high:
            raise ValueError(
                N_(
                    "the smallest scale ({scale_low:g}) is over the largest ({scale_high:g})",
                    scale_low=self.scale_low,
                    scale_high=self.scale_high,
                )
            )
        return self

    @property
    def start_model(self) -> str | None:
        """The model or run to start from, None for a new model."""
        return None if self.start_from == NEW_MODEL else self.start_from

    @property
    def read_options(self) -> ReadOptions:
        """Return how images are read; when fine-tuning, they need only nearly have the parent model's resolution.

        The first run did not resample images that were nearly at its resolution, and so must the next one.
        """
        from landseg_core.data.read_options import ReadOptions

        return ReadOptions(self.bands, self.resolution_m, self.alpha, of_model=self.start_model is not None)


def renamed_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that some version of landseg stored, under their present names."""
    return {RENAMED_SETTINGS.get(name, name): value for name, value in stored.items()}


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

"""The data of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from landseg_core.data.areas import LabelledArea
from landseg_core.data.chips import ChipSampler
from landseg_core.data.label_changes import PreviousLabels
from landseg_core.data.reader import AreaReader
from landseg_core.labels.classes import ClassSchema
from landseg_core.models.normalisation import Normalisation, measure_normalisation
from landseg_core.raster.alpha import AUTO

SAMPLE_CHIPS, SAMPLE_CHIP_SIZE = 128, 256
"""The normalisation is measured on this many windows of this size (px)."""


@dataclass(frozen=True)
class TrainingData:
    """The data of a training run: areas to train and validate on, and what their images have in common.

    `bands` are GDAL band numbers, those of the first image where they are chosen by name; `dtype` is numpy's name of
    the pixel type, `ground_resolution_m` what is trained at (None if no image knows it), `notices` are sentences that
    the user should read before training, `band_names` what the bands show (nothing where that is not known), `alpha`
    what a model of them records, `previous_labels` those that the parent model was trained on, where they were saved,
    `values` the class indices of values of the masks as the user says them, 255 for one that is left out.
    """

    schema: ClassSchema
    train: tuple[LabelledArea, ...]
    val: tuple[LabelledArea, ...]
    bands: tuple[int, ...]
    dtype: str
    ground_resolution_m: float | None
    notices: tuple[str, ...]
    band_names: tuple[str, ...] = ()
    alpha: str = AUTO
    previous_labels: PreviousLabels | None = None
    values: tuple[tuple[int, int], ...] = ()

    def reader(self) -> AreaReader:
        """Return a new reader of these areas."""
        return AreaReader(self.schema, self.bands, mapping=dict(self.values))

    def normalisation(self, reader: AreaReader | None = None) -> Normalisation:
        """Return the normalisation, measured on a fixed sample of the training areas; nodata does not count.

        Raises:
            RasterError: an image cannot be read.
            DatasetError: the images hold no data.
        """
        source = reader or self.reader()
        sampler = ChipSampler(self.train, SAMPLE_CHIP_SIZE)
        windows = sorted((sampler.first_window(0, chip) for chip in range(SAMPLE_CHIPS)), key=lambda one: one[0].stem)
        return measure_normalisation(source.read_image(area, window) for area, window in windows)

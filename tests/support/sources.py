"""A source of training data that somebody adds: a file such as this one, and a row of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from landseg_core.data.loading.extent import Extent
from landseg_core.data.loading.folders import folder_data
from landseg_core.data.sources.fields import FolderField
from landseg_core.data.sources.source import DataOptions, DataSource
from landseg_core.data.training_data import TrainingData
from landseg_core.events import JobControl, OnEvent


class Archive(DataSource):
    """A folder that holds `images` and `masks`."""

    title = "An archive of images"

    archive: Annotated[Path, FolderField(entries=("images", "masks"))] = Field(
        title="Archive", description="Folder of an archive"
    )
    season: Annotated[Path | None, FolderField()] = Field(None, title="Season", description="Folder of a season")

    def load(self, options: DataOptions, on_event: OnEvent, control: JobControl) -> TrainingData:
        where = self.archive / "images", self.archive / "masks"
        return folder_data(*where, options.mask_classes, on_event=on_event, control=control)

    def extent(self, options: DataOptions, control: JobControl) -> Extent:
        return Extent(8e6, 2e6)

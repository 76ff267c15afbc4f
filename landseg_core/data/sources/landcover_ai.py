"""LandCover.ai as downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from landseg_core.data.sources.fields import FolderField
from landseg_core.data.sources.source import DataOptions, DataSource
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.data.loading.extent import Extent
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent


class LandCoverAi(DataSource):
    """The folder of LandCover.ai, with its own lists; see `landcover_ai_data`."""

    title = N_("LandCover.ai as downloaded")

    landcover_ai: Annotated[Path, FolderField(entries=("images", "masks", "train.txt", "val.txt"))] = Field(
        title=N_("Folder"), description=N_("Folder of LandCover.ai, as downloaded")
    )

    @property
    def has_own_split(self) -> bool:
        """Return True: its lists define the split."""
        return True

    def load(self, options: DataOptions, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read and check the data; errors are those of `landcover_ai_data`."""
        from landseg_core.data.loading.landcover_ai import landcover_ai_data

        return landcover_ai_data(
            self.landcover_ai,
            options.mask_classes,
            read_options=options.read_options,
            mapping=options.mapping,
            on_event=on_event,
            control=control,
        )

    def extent(self, _options: DataOptions, _control: JobControl) -> Extent:
        """Return the size of what the lists name; a DatasetError if they cannot be read."""
        from landseg_core.data.loading.landcover_ai import landcover_ai_extent

        return landcover_ai_extent(self.landcover_ai)

"""Images and masks in two folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from landseg_core.data.sources.fields import FolderField, ListField
from landseg_core.data.sources.source import DataOptions, DataSource
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.data.loading.extent import Extent
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent


class Folders(DataSource):
    """Two folders, matched by stem, with lists of stems or without; see `folder_data`."""

    title = N_("Folders of images and masks")

    images: Annotated[Path, FolderField(rasters="images")] = Field(
        title=N_("Images"), description=N_("Folder of images")
    )
    masks: Annotated[Path, FolderField(rasters="masks")] = Field(
        title=N_("Masks"), description=N_("Folder of masks, matched by file name without suffix")
    )
    train_list: Annotated[Path | None, ListField()] = Field(
        None,
        title=N_("Training list"),
        description=N_("Text file with the names of the images to train on, one per line"),
    )
    val_list: Annotated[Path | None, ListField()] = Field(
        None,
        title=N_("Validation list"),
        description=N_("Text file with the names of the images to validate on, one per line"),
    )

    @property
    def has_own_split(self) -> bool:
        """Return whether there is a list."""
        return self.train_list is not None or self.val_list is not None

    def load(self, options: DataOptions, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read, check and split the data; errors are those of `folder_data`."""
        from landseg_core.data.loading.folders import folder_data

        return folder_data(
            self.images,
            self.masks,
            options.mask_classes,
            self.train_list,
            self.val_list,
            seed=options.seed,
            chip=options.chip,
            split=options.split,
            buffer=options.buffer,
            find_trained=options.find_trained,
            read_options=options.read_options,
            mapping=options.mapping,
            on_event=on_event,
            control=control,
        )

    def extent(self, options: DataOptions, control: JobControl) -> Extent:
        """Return approximately how much there is to train on; errors are those of `folder_extent`."""
        from landseg_core.data.loading.folders import folder_extent

        return folder_extent(self.images, self.masks, self.train_list, self.val_list, options.read_options, control)

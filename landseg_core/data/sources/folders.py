"""Images and masks in two folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from landseg_core.data.sources.fields import FolderField, ListField
from landseg_core.data.sources.source import DataOptions, DataSource

if TYPE_CHECKING:
    from landseg_core.data.loading.extent import Extent
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent


class Folders(DataSource):
    """Two folders, matched by stem, with lists of stems or without; see `folder_data`."""

    title = "Folders of images and masks"

    images: Annotated[Path, FolderField(rasters="images")] = Field(title="Images", description="Folder of images")
    masks: Annotated[Path, FolderField(rasters="masks")] = Field(
        title="Masks", description="Folder of masks, matched by stem"
    )
    train_list: Annotated[Path | None, ListField()] = Field(
        None, title="Training list", description="Stems to train on, one per line"
    )
    val_list: Annotated[Path | None, ListField()] = Field(
        None, title="Validation list", description="Stems to validate on, one per line"
    )

    @property
    def names_sides(self) -> bool:
        """Tell whether there is a list."""
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
        """Return about how much there is to learn from; errors are those of `folder_extent`."""
        from landseg_core.data.loading.folders import folder_extent

        return folder_extent(self.images, self.masks, self.train_list, self.val_list, options.read_options, control)

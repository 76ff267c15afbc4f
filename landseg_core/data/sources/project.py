"""The labels of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from landseg_core.data.sources.fields import ProjectField
from landseg_core.data.sources.source import DataOptions, DataSource
from landseg_core.messages import N_

if TYPE_CHECKING:
    from landseg_core.data.loading.extent import Extent
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent


class ProjectLabels(DataSource):
    """The labels of a project, as they are when the run starts; see `labels_for_run` and `project_data`."""

    title = N_("This project")
    has_classes = True

    project: Annotated[Path, ProjectField()] = Field(
        title=N_("Labels"), description=N_("Train on the labels of a project")
    )

    @property
    def project_file(self) -> Path | None:
        """Return the project."""
        return self.project

    def load(self, options: DataOptions, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Copy the labels into the folder of the run and read them; the project is open for the copying only."""
        from landseg_core.data.loading.project import labels_for_run, project_data

        with options.open_project(self.project) as project:
            labels = labels_for_run(
                project,
                options.run,
                resume=options.resume,
                start_from=options.start_from,
                on_event=on_event,
                control=control,
            )
        return project_data(
            labels,
            options.seed,
            options.chip,
            on_event,
            control,
            read_options=options.read_options,
            split=options.split,
            buffer=options.buffer,
        )

    def extent(self, options: DataOptions, control: JobControl) -> Extent:
        """Return how much is labelled now; errors are those of `project_extent`."""
        from landseg_core.data.loading.project import project_extent

        with options.open_project(self.project) as project:
            return project_extent(
                project,
                options.seed,
                options.chip,
                control,
                read_options=options.read_options,
                split=options.split,
                buffer=options.buffer,
            )

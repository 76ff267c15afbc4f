"""What a source of training data is: a model of fields that the user fills in, which loads the data that they name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pydantic

if TYPE_CHECKING:
    from landseg_core.data.loading.extent import Extent
    from landseg_core.data.read_options import ReadOptions
    from landseg_core.data.split.folders import FindTrained
    from landseg_core.data.split.splits import SplitBy
    from landseg_core.data.training_data import TrainingData
    from landseg_core.events import JobControl, OnEvent
    from landseg_core.labels.classes import ClassSchema
    from landseg_core.project.project import Project

OpenProject = Callable[[Path], "AbstractContextManager[Project]"]
"""Opens a project to read its labels, or returns the one that is already open."""


def open_read_only(file: Path) -> Project:
    """Open a project for read_options only: another program may have it open.

    Raises:
        ProjectError: it cannot be opened.
    """
    from landseg_core.project.project import Project

    return Project.open(file, read_only=True)


@dataclass(frozen=True)
class DataOptions:
    """How a run reads and splits its data.

    Attributes:
        read_options: how images are read.
        seed, chip, split, buffer: how labels are split if the source does not define the split itself; see
            `label_split`.
        find_trained: finds what the parent model was trained on, none of which validates.
        classes: those of the masks; None for a source that has its own.
        mapping: class names by value of the masks, "" to leave a value out; it takes precedence over the masks.
        run: the folder of the run, which stores the labels of a project.
        resume: the run is resumed, with the labels that it started with.
        start_from: the model or run to fine-tune.
        open_project: how a project is opened.
    """

    read_options: ReadOptions
    seed: int
    chip: int
    split: SplitBy
    buffer: int
    find_trained: FindTrained | None = None
    classes: ClassSchema | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    run: Path = Path()
    resume: bool = False
    start_from: str | None = None
    open_project: OpenProject = open_read_only

    @property
    def mask_classes(self) -> ClassSchema:
        """Return the classes, without which no mask can be read."""
        assert self.classes is not None, "masks need classes"
        return self.classes


class DataSource(pydantic.BaseModel, ABC):
    """A kind of training data; an instance names one data set.

    Its fields have titles, descriptions and hints, such as a `FolderField`: the command line has an option of the
    field's name for each, and the window a row of its form. Fields without a default identify the source. A file with a
    source imports what reads data only where it loads: the command line imports all sources before it runs anything.

    Attributes:
        title: the kind of data, for a user to choose.
        has_classes: its labels have their classes already.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    title: ClassVar[str]
    has_classes: ClassVar[bool] = False

    @property
    def has_own_split(self) -> bool:
        """Return whether the source itself defines what to validate on."""
        return False

    @property
    def project_file(self) -> Path | None:
        """Return the project that keeps a record of the run, if there is one."""
        return None

    @abstractmethod
    def load(self, options: DataOptions, on_event: OnEvent, control: JobControl) -> TrainingData:
        """Read, check and split the data; from any thread.

        Raises:
            LandsegError: the data cannot be used; the sentence names the file.
            JobStopped: the user asked for it.
        """

    @abstractmethod
    def extent(self, options: DataOptions, control: JobControl) -> Extent:
        """Return approximately how much a run is trained on, estimated from names and headers; from any thread.

        Raises:
            LandsegError: the data cannot be used.
            JobStopped: the user asked for it.
        """

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Return the fields that must be given."""
        return tuple(name for name, info in cls.model_fields.items() if info.is_required())

"""Expected failures: each is one sentence for the user - what is wrong, where, and what to do."""


class LandsegError(Exception):
    """An expected failure whose text is written for the user; the command line ends with exit code 1.

    It is made with a `Text` (see `messages`), which `str` returns unchanged: template and values stay with the error.
    """

    def __str__(self) -> str:
        """Return the sentence."""
        return str(self.args[0]) if self.args else ""


class RasterError(LandsegError):
    """A raster cannot be opened or read."""


class RasterChangedError(RasterError):
    """A raster's file is not the one that was opened: it has been replaced or removed."""


class ClassSchemaError(LandsegError):
    """A class file is wrong, or a value has no class."""


class DatasetError(LandsegError):
    """Images, masks and lists do not make a training set."""


class ModelError(LandsegError):
    """A model file cannot be used, or does not fit the raster."""


class TrainingError(LandsegError):
    """A run cannot start or continue."""


class ProjectError(LandsegError):
    """A project file cannot be opened, read or written, or does not allow what is asked."""


class InterchangeError(LandsegError):
    """A file cannot become labels, or labels cannot become a file."""


class OutputError(LandsegError):
    """A result cannot be written."""


class JobStopped(Exception):  # noqa: N818 - the user's wish, not a failure
    """Raised inside a job when the user has asked it to stop."""

"""Expected failures: each is one sentence for the user - what is wrong, where, and what to do."""


class LandsegError(Exception):
    """An expected failure whose text is written for the user; the command line ends with exit code 1.

    It is made with a `Text` (see `messages`), which `str` returns as it is: template and values go where the error
    goes.
    """

    def __str__(self) -> str:
        """Return the sentence."""
        return str(self.args[0]) if self.args else ""


class RasterError(LandsegError):
    """A raster cannot be opened or read."""


class RasterChangedError(RasterError):
    """A raster's file is not the one that was opened: another has taken its place, or it is gone."""


class ClassSchemaError(LandsegError):
    """A class file is wrong, or a value has no class."""


class DatasetError(LandsegError):
    """Images, masks and lists do not make a training set."""


class ModelError(LandsegError):
    """A model file cannot be used, or does not fit the raster."""


class TrainingError(LandsegError):
    """A run cannot start or go on."""


class ProjectError(LandsegError):
    """A project file cannot be opened, read or written, or does not allow what is asked."""


class InterchangeError(LandsegError):
    """A file cannot become labels, or labels cannot become a file."""


class OutputError(LandsegError):
    """A result cannot be written."""


class JobStopped(Exception):  # noqa: N818 - it is the answer to a wish, not a failure
    """Raised inside a job when the user has asked it to stop."""

"""The landseg engine: rasters, labels, models, training, prediction and export. Knows no window.

    import landseg_core as landseg

What is in `__all__` is the front door; each name is loaded when it is asked for, and torch when a network runs.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would load modules before a command takes signals; type checkers know the name
if TYPE_CHECKING:
    from typing import Any

    from landseg_core.api import (
        Evaluation,
        MapResult,
        RunResult,
        evaluate,
        load_model,
        open_raster,
        predict,
        predict_array,
        train,
    )
    from landseg_core.errors import LandsegError
    from landseg_core.labels.classes import load_classes
    from landseg_core.project.project import Project

    __version__: str

__all__ = [
    "Evaluation",
    "LandsegError",
    "MapResult",
    "Project",
    "RunResult",
    "evaluate",
    "load_classes",
    "load_model",
    "open_raster",
    "predict",
    "predict_array",
    "train",
]

_ELSEWHERE = {
    "LandsegError": "landseg_core.errors",
    "Project": "landseg_core.project.project",
    "load_classes": "landseg_core.labels.classes",
}
"""The modules of those that are not in `api`."""


def __getattr__(name: str) -> Any:
    """Load what the front door offers; `__version__` too: a command must be able to end before that is looked up."""
    if name == "__version__":
        from importlib.metadata import version

        return version("landseg")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ELSEWHERE.get(name, "landseg_core.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

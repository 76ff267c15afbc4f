"""The landseg engine: rasters, labels, models, training, prediction and export. Knows no window."""


def __getattr__(name: str) -> str:
    """Return `__version__` when it is asked for: a command must be able to end before that is looked up."""
    if name == "__version__":
        from importlib.metadata import version

        return version("landseg")
    raise AttributeError(name)

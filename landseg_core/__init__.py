"""The landseg engine: rasters, labels, models, training, prediction and export. Knows no window."""

from importlib.metadata import version

__version__ = version("landseg")

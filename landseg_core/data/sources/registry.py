"""The sources of training data, by name. A new one is one file with its `DataSource`, and one row here."""

from __future__ import annotations

from landseg_core.data.sources.folders import Folders
from landseg_core.data.sources.landcover_ai import LandCoverAi
from landseg_core.data.sources.project import ProjectLabels
from landseg_core.data.sources.source import DataSource

SOURCES: dict[str, type[DataSource]] = {
    "project": ProjectLabels,
    "folders": Folders,
    "landcover_ai": LandCoverAi,
}
"""In the order in which they are offered to users."""

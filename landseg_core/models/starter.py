"""The starter model: trained beforehand on aerial images, so that a run need not begin from photographs.

`make starter` builds it (see `docs/models.md`); it comes with landseg as one file.
"""

from __future__ import annotations

from pathlib import Path

from landseg_core.errors import ModelError
from landseg_core.messages import N_
from landseg_core.resource_files import resource_path

STARTER = "starter"
"""The name of the starter model, wherever the path of a model can be given."""
STARTER_NETWORK = "lite0"
"""Its network in the catalogue."""
_FILE = "starter.safetensors"


def starter_path() -> Path:
    """Return the file of the starter model.

    Raises:
        ModelError: it is missing.
    """
    try:
        return resource_path(_FILE)
    except FileNotFoundError as error:
        raise ModelError(N_("the starter model is missing from this installation; install landseg again")) from error

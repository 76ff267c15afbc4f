"""Finds the files of `resources/`: inside an installed package, or in the checkout of an editable install."""

from pathlib import Path

from landseg_core.messages import N_

_PACKAGE = Path(__file__).parent
# A wheel has the folder inside the package; in an editable install it is next to the packages.
_FOLDERS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def resource_path(name: str) -> Path:
    """Return the path of `name` (such as `icons/open.svg`).

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for folder in _FOLDERS:
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(N_("landseg's own file resources/{name} is missing; install landseg again", name=name))

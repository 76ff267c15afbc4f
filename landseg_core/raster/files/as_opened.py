"""The files of a raster as they were when it was opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from landseg_core.file_identity import FileIdentity
from landseg_core.raster.files.integrity import check_file

_FEW = 16
_SECONDS = 1.0


@dataclass
class _LastCheck:
    """When files were last checked, in seconds of `time.monotonic`."""

    seconds: float = -_SECONDS


@dataclass(frozen=True)
class FilesAsOpened:
    """The `files` of a raster, itself first, with their identities at that time.

    `masks` are the `.msk` files next to them, which mark where they hold data.
    """

    files: tuple[Path, ...]
    identities: tuple[FileIdentity | None, ...]
    masks: tuple[tuple[Path, FileIdentity | None], ...] = ()
    _last: _LastCheck = field(default_factory=_LastCheck, repr=False, compare=False)

    @classmethod
    def checked(cls, path: Path) -> Self:
        """Return the files that the raster at `path` consists of.

        Raises:
            RasterError: one is missing, empty, cut short or not permitted.
        """
        first = FileIdentity.of(path)  # before its content is read: what happens in between is a change
        files = check_file(path)
        identities = (first, *map(FileIdentity.of, files[1:]))
        masks = [(mask, FileIdentity.of(mask)) for mask in (file.with_name(f"{file.name}.msk") for file in files)]
        return cls(files, identities, tuple((mask, known) for mask, known in masks if known))

    def changed(self) -> Path | None:
        """Return a file that has been replaced, rewritten or removed since; None where there is none."""
        known = (*zip(self.files, self.identities, strict=True), *self.masks)
        return next((path for path, identity in known if FileIdentity.of(path) != identity), None)

    def changed_of_late(self) -> Path | None:
        """Return the same as `changed`, but check many files no more than once a second."""
        if len(self.files) > _FEW:
            now = time.monotonic()
            if now - self._last.seconds < _SECONDS:
                return None
            self._last.seconds = now
        return self.changed()

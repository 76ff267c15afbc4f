"""Result files that appear complete, together and only at the end - or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from landseg_core.errors import OutputError
from landseg_core.input_files import begins_as_address
from landseg_core.leftovers import COMMIT, may_be_a_name, note_kept, note_made, unfinished_path
from landseg_core.messages import N_, Text
from landseg_core.plain_text import name_message


class OutputFiles:
    """The files that one piece of work writes.

    Each is written next to its path as `<name>.unfinished-<process>-<random>` and renamed to its path when the `with`
    block succeeds. On any exception, a stop included, what was written is removed and nothing has changed; what a
    killed process has left is removed by the next one that writes to the same folder.
    `inputs` are the files being read: they are never replaced, not even with `overwrite`.
    """

    def __init__(self, *, overwrite: bool = False, inputs: Iterable[Path] = ()) -> None:
        self._overwrite = overwrite
        self._inputs = tuple(inputs)
        self._unfinished: dict[Path, Path] = {}
        self._stale: list[Path] = []

    def add(self, path: Path) -> Path:
        """Reserve `path` and return the unfinished file, still empty, to write its content to.

        Raises:
            OutputError: the path exists, is an input, or cannot be written to.
        """
        try:
            self._check(path)
            unfinished = unfinished_path(path)
            unfinished.touch(exist_ok=False)
        except OSError as error:
            raise unwritable(path, error) from error
        self._unfinished[path] = unfinished
        return unfinished

    def drop(self, path: Path) -> None:
        """Have an older file at `path`, which would be read with the new ones and contradict them, removed at the end.

        Raises:
            OutputError: there is one, and it may not be overwritten.
        """
        check_free(path, overwrite=self._overwrite)
        self._stale.append(path)

    def _check(self, path: Path) -> None:
        if path in self._unfinished:
            raise OutputError(N_("{path} would be written twice; give each result a name of its own", path=path))
        if path.exists() and any(source.exists() and path.samefile(source) for source in self._inputs):
            raise OutputError(
                N_("{path} is being read and cannot be the result as well; choose another name", path=path)
            )
        check_free(path, overwrite=self._overwrite)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._rename_all()
        finally:
            for unfinished in self._unfinished.values():
                unfinished.unlink(missing_ok=True)

    def _rename_all(self) -> None:
        """Rename every file to its path; where one cannot be renamed, remove those that are new."""
        new: list[Path] = []
        try:
            for path, unfinished in self._unfinished.items():
                self._finish(path, unfinished)
            with COMMIT:
                for path, unfinished in self._unfinished.items():
                    self._rename(path, unfinished, new)
                for path in self._stale:
                    path.unlink(missing_ok=True)
        except (OSError, OutputError):
            for path in new:
                path.unlink(missing_ok=True)
            raise

    def _finish(self, path: Path, unfinished: Path) -> None:
        check_free(path, overwrite=self._overwrite)  # it may have appeared meanwhile
        try:
            _flush_to_disk(unfinished)
        except OSError as error:
            raise cannot_finish(path, error) from error

    def _rename(self, path: Path, unfinished: Path, new: list[Path]) -> None:
        try:
            if not path.exists():
                new.append(path)
            unfinished.replace(path)
        except OSError as error:
            raise cannot_finish(path, error) from error


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file of any size, as `write_atomically` writes one.

    Raises:
        OutputError: it cannot be read or written; what was at `path` before is untouched.
    """

    def pieces() -> Iterator[bytes]:
        with source.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    write_atomically(path, pieces())


def write_atomically(path: Path, parts: bytes | Iterable[bytes]) -> None:
    """Write a small file, or replace it: whatever happens, the file at `path` is complete, old or new.

    Raises:
        OutputError: the file cannot be written; what was at `path` before is untouched.
    """
    with OutputFiles(overwrite=True) as outputs:
        unfinished = outputs.add(path)
        try:
            with unfinished.open("wb") as file:
                file.writelines([parts] if isinstance(parts, bytes) else parts)
        except OSError as error:
            raise unwritable(path, error) from error


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Have `folder` for results; where the `with` block fails, folders made for it are removed if nothing is in them.

    Raises:
        OutputError: it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        _make(folder, missing)
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise
    finally:
        for path in missing:
            note_kept(path)


def _make(folder: Path, missing: Iterable[Path]) -> None:
    for path in missing:
        note_made(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            N_(
                "the folder {folder} cannot be made: {strerror}; choose another folder",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error


def check_name(path: Path) -> None:
    """Raise where `path` cannot be a file, whether its folder exists or not: an address, not UTF-8, or too long.

    Raises:
        OutputError: it is.
    """
    if not may_be_a_name(path.name):
        raise unwritable(path, OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)))
    if name_message(path):
        raise unwritable(path, OSError(errno.EILSEQ, N_("the name is not UTF-8")))
    if begins_as_address(path):
        raise unwritable(path, OSError(errno.EREMOTE, N_("it is an address and not a path on this computer")))


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """Raise unless a file may be made at `path`, or replaced.

    Raises:
        OutputError: the folder does not exist, or something is at `path` already.
    """
    try:
        problem = _problem(path, overwrite)
    except OSError as error:
        raise unwritable(path, error) from error
    if problem:
        raise OutputError(problem)


def _problem(path: Path, overwrite: bool) -> Text | None:
    """Return the sentence about what prevents writing to `path`."""
    if not path.parent.is_dir():
        if path.parent.exists():
            return N_("{path} cannot be written: {folder} is not a folder; choose one", path=path, folder=path.parent)
        return N_(
            "{path} cannot be written: the folder {folder} does not exist; choose another",
            path=path,
            folder=path.parent,
        )
    if path.is_dir():
        return N_("{path} cannot be written: it is a folder; choose another name", path=path)
    if path.exists() and not overwrite:
        return N_("{path} exists already; choose another name or allow overwriting (--overwrite)", path=path)
    return None


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the sentence for `path` that cannot be written because of `error`."""
    reason = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0, N_("free some space, check the permissions or choose another folder"))
    return OutputError(N_("{path} cannot be written: {reason}; {remedy}", path=path, reason=reason, remedy=remedy))


_PIECE = 1 << 20
_ANOTHER = N_("choose another name or folder")
_REMEDIES = {errno.ENAMETOOLONG: N_("choose a shorter name"), errno.EILSEQ: _ANOTHER, errno.EREMOTE: _ANOTHER}


def _flush_to_disk(path: Path) -> None:
    """Have the system write the file to disk now: some file systems report a full disk only then."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def cannot_finish(path: Path, error: BaseException) -> OutputError:
    """Return the sentence for a file that could not be completed because of `error`."""
    if isinstance(error, OSError) and error.strerror:
        return OutputError(
            N_(
                "{path} could not be completed ({reason}) and was not kept; make sure that the disk has room and that "
                "the file is not open in another program",
                path=path,
                reason=error.strerror,
            )
        )
    return OutputError(  # GDAL's own words, "TIFFAppendToStrip", help no user
        N_(
            "{path} could not be completed and was not kept; make sure that the disk has room and that the file is "
            "not open in another program",
            path=path,
        )
    )

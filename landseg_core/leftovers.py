"""Unfinished files and scratch folders: which process they belong to, and how those of a dead process are removed.

Each is named after its process: once that is dead, the next process that writes to the same folder removes it. Light to
import, since the process that watches over a command imports it too.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

LEFT_BEHIND_SECONDS = 24 * 3600
"""What nobody knows the process of counts as left behind when it has not changed for so long."""

LONGEST_NAME = 255
"""The most bytes that a name may have on common file systems."""

COMMIT = threading.RLock()
"""Held while finished files are renamed to their paths: a process that is asked to end at once waits for that."""

UNFINISHED, _SCRATCH = ".unfinished-", ".landseg-"
"""What an unfinished version appends to the name of its file; how the names of scratch folders begin."""
_OWNER = r"(?P<machine>[0-9a-f]{6})-(?P<pid>[0-9a-f]+)-(?P<began>[0-9a-f]+)"
_FILE = re.compile(rf".*\.unfinished-{_OWNER}-[0-9a-f]{{6}}(?:[-.].*)?", re.DOTALL)
_FOLDER = re.compile(rf"\.landseg-{_OWNER}-[0-9a-f]{{6}}")
# Of versions before 0.2, which did not name the process.
_OLD_FILE = re.compile(r".*\.unfinished-[0-9a-f]{8}", re.DOTALL)
_OLD_FOLDER = re.compile(r"\.landseg-[a-z0-9_]{8}")
_IN_OLD_FOLDER = re.compile(r"mask\.tif.*|.*\.gpkg.*", re.DOTALL)

Note = Callable[[str, str], None]
"""Called with a kind (`folder`, `made`, `kept`) and a path."""


class _Record:
    """What this process may leave behind: folders that it writes to, and those it has made for results."""

    def __init__(self) -> None:
        self.folders: dict[str, None] = {}
        self.made: dict[str, None] = {}
        self.listener: Note | None = None

    def report(self, kind: str, path: str) -> None:
        if self.listener is not None:
            self.listener(kind, path)


_record = _Record()


def listen(listener: Note | None) -> None:
    """Have `listener` called for each folder that this process writes to or makes, and for those that are kept."""
    _record.listener = listener


def unfinished_path(path: Path) -> Path:
    """Return a path next to `path` for its unfinished version, and remove what dead processes left in that folder.

    The name is as long as the system allows, even where that of `path` is too.
    """
    _enter(path.parent)
    mark = f"{UNFINISHED}{owner()}-{secrets.token_hex(3)}"
    return path.with_name(_shortened(path.name, LONGEST_NAME - len(mark)) + mark)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Give a new folder in `parent`, which is removed at the end, and remove what dead processes left in `parent`.

    Raises:
        OSError: it cannot be made.
    """
    _enter(parent)
    folder = parent / f"{_SCRATCH}{owner()}-{secrets.token_hex(3)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def note_made(folder: Path) -> None:
    """Record that `folder` was made for results, and is to be removed if there are none in the end."""
    _record.made[str(folder.absolute())] = None
    _record.report("made", str(folder.absolute()))


def note_kept(folder: Path) -> None:
    """Record that a folder that was made for results is kept."""
    _record.made.pop(str(folder.absolute()), None)
    _record.report("kept", str(folder.absolute()))


def _enter(folder: Path) -> None:
    path = str(folder.absolute())
    if path not in _record.folders:
        _record.folders[path] = None
        _record.report("folder", path)
    sweep(folder)


def may_be_a_name(name: str) -> bool:
    """Return whether file systems accept a name of that length."""
    return len(os.fsencode(name)) <= LONGEST_NAME


def _shortened(name: str, most: int) -> str:
    """Return as much of a name as `most` bytes hold."""
    return os.fsencode(name)[:most].decode("utf-8", "ignore")


def sweep(folder: Path) -> None:
    """Remove the unfinished files and scratch folders right in `folder` whose processes are dead; ignore errors.

    Those of a process on another computer, or whose process is unknown, are removed after a day without a change.
    """
    for entry in _entries(folder):
        if is_left_behind(Path(entry)):
            _remove(entry)


def remove_own() -> None:
    """Remove all that this process has not finished: it is about to end."""
    remove_of(owner(), _record.folders, _record.made)


def remove_of(process: str, folders: dict[str, None], made: dict[str, None]) -> None:
    """Remove what the `process` of that `owner` name has not finished in `folders`, and of `made` what is empty."""
    for folder in folders:
        for entry in _entries(Path(folder)):
            if f"-{process}-" in entry.name and _match(entry):
                _remove(entry)
    for folder in sorted(made, key=len, reverse=True):
        with suppress(OSError):
            Path(folder).rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if UNFINISHED in entry.name or entry.name.startswith(_SCRATCH)]
    except OSError:
        return []


def _match(entry: os.DirEntry[str]) -> re.Match[str] | None:
    """Return what the name of an unfinished file or scratch folder says of its process."""
    if entry.is_dir(follow_symlinks=False):
        return _FOLDER.fullmatch(entry.name)
    return _FILE.fullmatch(entry.name) if entry.is_file(follow_symlinks=False) else None


def is_left_behind(path: Path) -> bool:
    """Return whether `path` is an unfinished file or scratch folder that nobody will finish any more."""
    try:
        (entry,) = [entry for entry in _entries(path.parent) if entry.name == path.name]
        found = _match(entry)
        if found is None:
            return _is_of_older_version(entry) and _is_old(entry)
        alive = _lives(found["machine"], int(found["pid"], 16), int(found["began"], 16))
        return _is_old(entry) if alive is None else not alive
    except (OSError, ValueError):
        return False


def _is_of_older_version(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        inside = Path(entry.path).iterdir()
        return bool(_OLD_FOLDER.fullmatch(entry.name)) and all(_IN_OLD_FOLDER.fullmatch(path.name) for path in inside)
    return entry.is_file(follow_symlinks=False) and _OLD_FILE.fullmatch(entry.name) is not None


def _is_old(entry: os.DirEntry[str]) -> bool:
    """Return whether neither the file, nor the folder and what is in it, has changed for long."""
    paths = [entry.path]
    if entry.is_dir(follow_symlinks=False):
        paths += [inner.path for inner in os.scandir(entry.path)]
    return time.time() - max(os.lstat(path).st_mtime for path in paths) > LEFT_BEHIND_SECONDS


def _remove(entry: os.DirEntry[str]) -> None:
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)


def owner() -> str:
    """Return the name of this process: computer, number, and start time, since numbers are used again."""
    return f"{_machine()}-{os.getpid():x}-{_began(os.getpid()) or 0:x}"


@cache
def _machine() -> str:
    """Return a short name of this computer and, in a container, of its own numbering of processes."""
    parts = [os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")]
    with suppress(OSError):
        parts.append(Path("/etc/machine-id").read_text())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:6]


def _began(pid: int) -> int | None:
    """Return when a process began, in ticks since the system did; -1 if it has ended, None if that is unknown."""
    try:
        # The name in parentheses may hold anything, parentheses too; see proc(5).
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return -1 if fields[0] in (b"Z", b"X") else int(fields[19])


def _lives(machine: str, pid: int, began: int) -> bool | None:
    """Return whether a process is alive; None where that cannot be known on this computer."""
    if machine != _machine() or sys.platform == "win32":
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _began(pid) in (began, None)

"""Finds out whether a path is on a network drive, where SQLite's shared memory and thus its WAL do not work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

_NETWORK_TYPES = {
    *(
        "9p",
        "afs",
        "afp",
        "ceph",
        "cifs",
        "coda",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb2",
        "smb3",
        "smbfs",
    ),
    *("davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.sshfs"),
    *("fuse.vmhgfs-fuse", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"),  # folders of a virtual machine's host
}
_DRIVE_REMOTE = 4  # winbase.h


def is_network_path(path: Path) -> bool:
    """Return whether `path` is on a drive shared over a network or by a virtual machine's host."""
    check = _CHECKS.get(sys.platform)
    return check is not None and check(path.absolute())


def file_system(path: PurePosixPath, mounts: Iterable[str]) -> str:
    """Return the type of the file system that holds the absolute `path`.

    `mounts` are lines as in `/proc/self/mountinfo` (proc(5)); the last of the deepest mount points counts.
    """
    best, kind = -1, ""
    for line in mounts:
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = PurePosixPath(_unescaped(fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    """Undo the octal escapes of blanks and backslashes in a mount point."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text


def _linux(path: Path) -> bool:
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    return file_system(PurePosixPath(path), mounts) in _NETWORK_TYPES


def _windows(path: Path) -> bool:
    import ctypes

    if path.drive.startswith("\\\\"):
        return True
    kind: int = ctypes.windll.kernel32.GetDriveTypeW(f"{path.drive}\\")  # type: ignore[attr-defined,unused-ignore]
    return kind == _DRIVE_REMOTE


_CHECKS: dict[str, Callable[[Path], bool]] = {"linux": _linux, "win32": _windows}

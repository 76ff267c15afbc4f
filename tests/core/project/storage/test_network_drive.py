"""Which paths lie on a network drive."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from landseg_core.project.storage.network_drive import file_system, is_network_path

MOUNTS = """22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /mnt/share\\040one rw - cifs //server/share rw
31 22 0:26 / /mnt rw master:1 - nfs4 server:/ rw
32 31 0:27 / /mnt/local rw - tmpfs tmpfs rw
33 32 0:28 / /mnt/local rw - xfs over rw
a damaged line""".splitlines()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a.landseg", "ext4"),
        ("/mnt/share one/deep/a.landseg", "cifs"),
        ("/mnt/a.landseg", "nfs4"),
        ("/mnt/local/a.landseg", "xfs"),
        ("/mntx/a.landseg", "ext4"),
    ],
)
def test_the_last_of_the_deepest_mounts_counts(path: str, kind: str) -> None:
    assert file_system(PurePosixPath(path), MOUNTS) == kind


def test_a_folder_of_this_machine_is_on_no_network(tmp_path: Path) -> None:
    assert not is_network_path(tmp_path)

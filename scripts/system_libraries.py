"""Makes sure that the system libraries behind the Python packages are there (Debian and its kin).

Asks `ldd` what the installed packages miss, and looks for a font, for Qt's wheels carry none. Installs the Debian
packages where it may (root, or sudo without a password); else names them in one sentence and ends with exit code 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SITE_PACKAGES = Path(sysconfig.get_path("platlib"))
LIBRARIES = (
    "PySide6/Qt/lib/libQt6Gui.so.6",
    "PySide6/Qt/lib/libQt6Widgets.so.6",
    "PySide6/Qt/lib/libQt6Svg.so.6",
    "PySide6/Qt/lib/libQt6XcbQpa.so.6",
    "PySide6/Qt/plugins/platforms/libqxcb.so",
)
DEBIAN_PACKAGE = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
FONT = "fonts-dejavu-core"
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


def missing_libraries() -> set[str]:
    """Return the sonames that the loader does not find."""
    missing = set()
    for name in LIBRARIES:
        listing = subprocess.run(["ldd", SITE_PACKAGES / name], capture_output=True, text=True, check=False).stdout
        missing |= {line.split()[0] for line in listing.splitlines() if "not found" in line}
    return {soname for soname in missing if not soname.startswith("libQt6")}


def has_font() -> bool:
    """Tell whether any font file is installed."""
    return any(path.suffix in {".ttf", ".otf"} for folder in FONT_FOLDERS for path in folder.rglob("*.[to]tf"))


def missing_packages() -> list[str]:
    """Return the Debian packages to install; an unknown soname stands for itself."""
    packages = {DEBIAN_PACKAGE.get(soname, soname) for soname in missing_libraries()}
    return sorted(packages | (set() if has_font() else {FONT}))


def privilege() -> list[str] | None:
    """Return what to put before a command to run it as root, or None where that may not be."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def install(packages: list[str], prefix: list[str]) -> bool:
    """Install with apt-get; a missing package list is fetched first."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run([*prefix, "apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def main() -> int:
    """Check, install what is missing where allowed, and say what is left to do."""
    if sys.platform != "linux" or not shutil.which("ldd"):
        return 0
    packages = missing_packages()
    if not packages:
        return 0
    prefix = privilege() if shutil.which("apt-get") else None
    if prefix is not None:
        print(f"Installing system libraries: {' '.join(packages)}", flush=True)
        if install(packages, prefix) and not missing_packages():
            return 0
    print(f"Qt needs system libraries that are missing: sudo apt-get install {' '.join(packages)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""The wheel and the editable install both carry the packages, the commands and the resources."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESOURCES = sorted(path.relative_to(ROOT / "resources") for path in (ROOT / "resources").rglob("*") if path.is_file())
LIST_PRESETS = "from landseg_core.labels.classes import preset_names; print(preset_names())"


def build(kind: str, out: Path) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def bare_environment(tmp_path: Path) -> Path:
    """Return the Python of a new venv that sees this environment's dependencies, but not its landseg."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (site_packages,) = (folder / "lib").glob("python*/site-packages")
    (site_packages / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    return folder / "bin" / "python"


def install(python: Path, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    # The venv sees the landseg under test through the .pth file; --ignore-installed leaves that one alone.
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--ignore-installed", "--quiet"]
    subprocess.run([*pip, *options, *what], check=True, capture_output=True, text=True)


def output(python: Path, code: str, cwd: Path) -> str:
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=cwd).stdout.strip()


def test_wheel_carries_every_resource(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert RESOURCES
    assert {f"landseg_core/resources/{path.as_posix()}" for path in RESOURCES} <= names
    assert "landseg_gui/app.py" in names


def test_source_distribution_builds_again(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {
        "pyproject.toml",
        "LICENSE",
        "constraints.txt",
        "landseg_core/errors.py",
        "resources/classes/landcover-ai.json",
    } <= names


def test_installed_wheel_finds_its_resources(wheel: Path, bare_environment: Path, tmp_path: Path) -> None:
    install(bare_environment, str(wheel))
    place = output(bare_environment, "import landseg_core; print(landseg_core.__file__)", tmp_path)
    assert Path(place).is_relative_to(bare_environment.parents[1])
    assert "landcover-ai" in output(bare_environment, LIST_PRESETS, tmp_path)
    script = bare_environment.parent / "landseg"
    listing = subprocess.run([script, "--help"], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert "predict" in listing
    assert (bare_environment.parent / "landseg-gui").exists()


def test_editable_install_finds_its_resources(bare_environment: Path, tmp_path: Path) -> None:
    install(bare_environment, "--editable", str(ROOT))
    place = output(bare_environment, "import landseg_core; print(landseg_core.__file__)", tmp_path)
    assert Path(place).is_relative_to(ROOT)
    assert "landcover-ai" in output(bare_environment, LIST_PRESETS, tmp_path)

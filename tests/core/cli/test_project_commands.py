"""`landseg project ...`: what each command does and says, and its exit code."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from support.rasters import write_raster

from landseg_core.formats import importers
from landseg_core.labels.classes import ClassSchema
from landseg_core.project.storage.schema import VERSION
from landseg_core.raster.files.gdal import open_dataset

PLACE = {"transform": Affine(0.25, 0, 399_000, 0, -0.25, 5_131_000), "crs": CRS.from_epsg(32632)}
SIZE = (60, 50)

Landseg = Callable[..., tuple[str, str]]


@pytest.fixture
def labels() -> np.ndarray:
    """Return labels of the schema, with unlabelled pixels."""
    return np.random.default_rng(0).choice(np.array([0, 1, 4, 255], np.uint8), SIZE[::-1])


@pytest.fixture
def mask(labels: np.ndarray, tmp_path: Path) -> Path:
    return write_raster(tmp_path / "masks" / "field.tif", labels, **PLACE)


@pytest.fixture
def classes(schema: ClassSchema, tmp_path: Path) -> Path:
    path = tmp_path / "classes.json"
    path.write_text(schema.to_json())
    return path


@pytest.fixture
def project(landseg: Landseg, classes: Path, tmp_path: Path) -> Path:
    """Return a project of one image, `field`, without labels."""
    picture = write_raster(tmp_path / "images" / "field.tif", np.zeros(SIZE[::-1], np.uint8), **PLACE)
    file = tmp_path / "projects" / "land.landseg"
    file.parent.mkdir()
    landseg("project", "new", file, "--classes", classes)
    landseg("project", "add-image", file, picture)
    return file


@pytest.fixture
def filled(landseg: Landseg, project: Path, mask: Path) -> Path:
    """Return that project, labelled with the mask."""
    landseg("project", "import", project, "--image", "field", mask)
    return project


@pytest.fixture
def held(project: Path) -> Iterator[Path]:
    """Return a project that another process has open."""
    code = (
        "import sys; from pathlib import Path; from landseg_core.project.project import Project\n"
        "with Project.open(Path(sys.argv[1])) as project: print(project.read_only, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(project)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "False"
        yield project
        holder.communicate()


def read(path: Path) -> np.ndarray:
    with open_dataset(path) as dataset:
        return dataset.read(1)


def facts_of(landseg: Landseg, file: Path) -> dict:
    return json.loads(landseg("project", "info", file, "--json")[0])


def only_sentence(printed: tuple[str, str]) -> str:
    """Return the one line on stderr; nothing else was printed."""
    out, error = printed
    assert not out
    (line,) = error.splitlines()
    assert line.startswith("landseg: ")
    return line


def test_new_and_add_image(landseg, tmp_path: Path) -> None:
    file = tmp_path / "land.landseg"
    assert landseg("project", "new", file, "--classes", "landcover-dubai")[0].startswith(f"{file}: ")
    pictures = [write_raster(tmp_path / f"{name}.tif", np.zeros((30, 40), np.uint8)) for name in "ab"]
    out, _ = landseg("project", "add-image", file, *pictures)
    assert out.splitlines() == ["a: 40 x 30 px", "b: 40 x 30 px"]
    facts = facts_of(landseg, file)
    assert ([image["name"] for image in facts["images"]], facts["steps"]) == (["a", "b"], 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif", "land.landseg"]


def test_info_as_json(landseg, filled: Path, labels: np.ndarray, schema: ClassSchema) -> None:
    facts = facts_of(landseg, filled)
    (image,) = facts.pop("images")
    crs = image.pop("crs")
    counts = {item.name: int((labels == item.value).sum()) for item in schema.classes}
    assert facts == {
        "path": str(filled),
        "version": VERSION,
        "classes": schema.model_dump(mode="json")["classes"],
        "steps": 2,  # the image was added, and labelled
        "undo_position": 2,
        "runs": 0,
        "predictions": 0,
        "bytes": filled.stat().st_size,
    }
    assert CRS.from_wkt(crs) == PLACE["crs"]
    assert image == {
        "name": "field",
        "alpha": "auto",
        "path": str(filled.parents[1] / "images" / "field.tif"),
        "width": 60,
        "height": 50,
        "ground_resolution_m": pytest.approx(0.25, rel=0.01),
        "missing": False,
        "labelled_px": sum(counts.values()),
        "classes": counts,
    }


def test_info_for_people(landseg, filled: Path) -> None:
    told, _ = landseg("project", "info", filled)
    for part in (str(filled), "1 land, 4 water, 0 road", "2 of 2 steps done", "field: 60 x 50 px"):
        assert part in told
    assert "missing" not in told
    (filled.parents[1] / "images" / "field.tif").unlink()
    assert "(missing)" in landseg("project", "info", filled)[0]


def test_import_says_what_it_did(landseg, project: Path, mask: Path, labels: np.ndarray) -> None:
    out, _ = landseg("project", "import", project, "--image", "field", mask)
    assert out.startswith(f"{mask}: {(labels != 255).sum()} px of field changed; labelled now: land ")
    assert f"water {(labels == 4).sum()} px" in out
    assert sorted(path.name for path in project.parent.iterdir()) == ["land.landseg"]


def test_images_of_one_stem_go_by_their_paths(landseg, project: Path, mask: Path, tmp_path: Path) -> None:
    twin = write_raster(tmp_path / "later" / "field.tif", np.zeros(SIZE[::-1], np.uint8), **PLACE)
    landseg("project", "add-image", project, twin)
    assert str(twin) in only_sentence(landseg("project", "import", project, "--image", "field", mask, expect=1))
    landseg("project", "import", project, "--image", twin, mask)
    assert [image["labelled_px"] > 0 for image in facts_of(landseg, project)["images"]] == [False, True]


@pytest.mark.parametrize("form", ["png", "tif", "gpkg"])
def test_labels_go_out_and_come_back(landseg, form: str, filled: Path, classes: Path, labels, tmp_path: Path) -> None:
    out, image = tmp_path / f"labels.{form}", ("--image", "field")
    export = ("project", "export", filled, *image, "--format", form, "--out", out)
    assert landseg(*export)[0] == f"{out}\n"
    assert "exists already" in only_sentence(landseg(*export, expect=1))
    landseg(*export, "--overwrite")
    other = tmp_path / "other.landseg"
    landseg("project", "new", other, "--classes", classes)
    landseg("project", "add-image", other, tmp_path / "images" / "field.tif")
    landseg("project", "import", other, *image, out)
    landseg("project", "export", other, *image, "--format", "tif", "--out", tmp_path / "again.tif")
    np.testing.assert_array_equal(read(tmp_path / "again.tif"), labels)
    assert [path.name for path in filled.parent.iterdir()] == ["land.landseg"]


def test_a_mapping_and_a_field(landseg, filled: Path, labels: np.ndarray, tmp_path: Path) -> None:
    polygons = tmp_path / "labels.gpkg"
    landseg("project", "export", filled, "--image", "field", "--format", "gpkg", "--out", polygons)
    maps = [part for text in ("4=road", "0=", "1=unlabelled") for part in ("--map", text)]
    landseg("project", "import", filled, "--image", "field", polygons, "--attribute", "value", *maps)
    (image,) = facts_of(landseg, filled)["images"]
    roads = int((labels == 0).sum() + (labels == 4).sum())
    assert image["classes"] == {"land": int((labels == 1).sum()), "water": 0, "road": roads}


REFUSED = {
    "a class that there is not": (("--image", "field", "MASK", "--map", "1=lake"), "lake"),
    "a value that is none": (("--image", "field", "MASK", "--map", "lake=water"), "lake"),
    "an image that there is not": (("--image", "elsewhere", "MASK"), "elsewhere"),
    "a file that there is not": (("--image", "field", "gone.tif"), "gone.tif"),
    "a field of a mask": (("--image", "field", "MASK", "--attribute", "class"), "has no fields"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_import_is_refused_in_one_sentence(landseg, name: str, project: Path, mask: Path) -> None:
    arguments, expected = REFUSED[name]
    before = project.read_bytes()
    chosen = [mask if part == "MASK" else part for part in arguments]
    assert expected in only_sentence(landseg("project", "import", project, *chosen, expect=1))
    assert facts_of(landseg, project)["steps"] == 1  # that of adding the image
    assert len(project.read_bytes()) == len(before)


def test_a_project_that_is_open_elsewhere_can_only_be_read(landseg, held: Path, mask: Path, tmp_path: Path) -> None:
    for command in (("import", held, "--image", "field", mask), ("add-image", held, mask)):
        assert re.search("land.landseg can only be read: ", only_sentence(landseg("project", *command, expect=1)))
    assert facts_of(landseg, held)["images"][0]["labelled_px"] == 0
    landseg("project", "export", held, "--image", "field", "--format", "png", "--out", tmp_path / "labels.png")
    assert landseg("project", "check", held)[0] == f"{held}: fine\n"


def test_new_replaces_nothing(landseg, project: Path) -> None:
    before = project.read_bytes()
    done = landseg("project", "new", project, "--classes", "landcover-dubai", expect=1)
    assert str(project) in only_sentence(done)
    assert project.read_bytes() == before


def test_new_with_classes_that_there_are_not(landseg, tmp_path: Path) -> None:
    done = landseg("project", "new", tmp_path / "a.landseg", "--classes", "no-such-preset", expect=1)
    assert "landcover-dubai" in only_sentence(done)
    assert not list(tmp_path.iterdir())


def test_check_of_a_whole_project(landseg, filled: Path) -> None:
    assert landseg("project", "check", filled)[0] == f"{filled}: fine\n"


def test_check_says_what_is_wrong(landseg, filled: Path) -> None:
    connection = sqlite3.connect(filled)
    with connection:
        connection.execute("UPDATE tiles SET data = x'00' WHERE rowid = (SELECT min(rowid) FROM tiles)")
        connection.execute("UPDATE images SET path = 'gone.tif'")
    connection.close()
    out, error = landseg("project", "check", filled, expect=1)
    assert not out
    assert len(error.splitlines()) >= 2
    assert all(line.startswith("landseg: ") for line in error.splitlines())
    assert "gone.tif" in error


@pytest.mark.parametrize("command", ["info", "check", "add-image"])
@pytest.mark.parametrize("content", [None, b"", b"no project at all"])
def test_what_is_no_project(landseg, command: str, content: bytes | None, mask: Path, tmp_path: Path) -> None:
    file = tmp_path / "alone" / "wrong.landseg"
    file.parent.mkdir()
    if content is not None:
        file.write_bytes(content)
    more = (mask,) if command == "add-image" else ()
    assert "wrong.landseg" in only_sentence(landseg("project", command, file, *more, expect=1))
    assert [path.read_bytes() for path in file.parent.iterdir()] == ([] if content is None else [content])


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "a.landseg"),
        ("import", "a.landseg", "mask.tif"),
        ("import", "a.landseg", "--image", "a", "mask.tif", "--map", "7"),
        ("export", "a.landseg", "--image", "a", "--format", "shp", "--out", "a.shp"),
        ("export", "a.landseg", "--image", "a", "--format", "png"),
        ("paint",),
    ],
)
def test_wrong_usage_is_2(landseg, arguments: tuple[str, ...], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    landseg("project", *arguments, expect=2)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_is_130_and_changes_nothing(landseg, project: Path, mask: Path, monkeypatch) -> None:
    import_labels = importers.import_labels

    def interrupted(*arguments: object, **options: object) -> int:
        signal.raise_signal(signal.SIGINT)
        return import_labels(*arguments, **options)

    monkeypatch.setattr(importers, "import_labels", interrupted)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        printed = landseg("project", "import", project, "--image", "field", mask, expect=130)
    finally:
        signal.signal(signal.SIGINT, former)
    assert printed == ("", "")  # the one line comes from the command's end, see test_ending.py
    assert facts_of(landseg, project)["steps"] == 1  # that of adding the image
    assert [path.name for path in project.parent.iterdir()] == ["land.landseg"]


def test_images_are_added_with_an_alpha(landseg: Landseg, classes: Path, tmp_path: Path) -> None:
    near_infrared = np.random.default_rng(0).integers(20, 200, (4, 60, 80)).astype(np.uint8)
    image = write_raster(tmp_path / "a.tif", near_infrared, photometric="rgb", alpha="yes", **PLACE)
    for alpha, kept, doubts in ((None, "auto", 1), ("none", "none", 0), ("4", "4", 0)):
        file = tmp_path / f"{kept}.landseg"
        landseg("project", "new", file, "--classes", classes)
        _, told = landseg("project", "add-image", file, image, *(["--alpha", alpha] if alpha else []))
        assert told.count("may be near infrared") == doubts
        assert json.loads(landseg("project", "info", file, "--json")[0])["images"][0]["alpha"] == kept
    _, told = landseg("project", "add-image", tmp_path / "auto.landseg", image, "--alpha", "5", expect=1)
    assert "is in the project already" in told
    landseg("project", "new", tmp_path / "new.landseg", "--classes", classes)
    _, told = landseg("project", "add-image", tmp_path / "new.landseg", image, "--alpha", "5", expect=1)
    assert "no band '5' to use as alpha" in told
    assert "Traceback" not in told

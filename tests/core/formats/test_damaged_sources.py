"""Whatever is in a file to import: it becomes labels, or is refused in one sentence, and nothing else happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from support.label_files import labels_of, patchy_labels, write_vector
from support.rasters import write_raster

from landseg_core.errors import LandsegError
from landseg_core.formats.importers import describe_source, import_labels
from landseg_core.formats.vector.polygon_file import PolygonFile
from landseg_core.project.images import ImageEntry
from landseg_core.project.project import Project

UTM = {"transform": Affine(0.5, 0, 399_000, 0, -0.5, 5_131_000), "crs": CRS.from_epsg(32632)}
SIZE = (40, 30)
SUFFIXES = (".png", ".tif", ".gpkg", ".geojson", ".shp", ".fgb")

Damage = Callable[[bytes, random.Random], bytes]


def cut_short(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def overwritten(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 8, 64))):
        start = chance.randrange(len(changed))
        part = chance.randbytes(chance.choice((1, 4, 32)))
        changed[start : start + len(part)] = part[: len(changed) - start]
    return bytes(changed)


def overwritten_head(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(6):
        changed[chance.randrange(min(len(changed), 200))] = chance.randrange(256)
    return bytes(changed)


def random_bytes(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 16, 1000)))


def bytes_left_out(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 100) :]


DAMAGES: tuple[Damage, ...] = (cut_short, overwritten, overwritten_head, random_bytes, bytes_left_out)
ROUNDS = 4


@pytest.fixture
def whole(tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of a file of labels that is not damaged."""

    def make(suffix: str) -> Path:
        path = tmp_path / f"labels{suffix}"
        if suffix in (".png", ".tif"):
            georeference = UTM if suffix == ".tif" else {}
            return write_raster(path, patchy_labels(*SIZE), **georeference)
        crs, (left, top) = (
            ("EPSG:4326", (7.69, 46.31)) if suffix == ".geojson" else ("EPSG:32632", (399_000, 5_131_000))
        )
        scale = 1e-5 if suffix == ".geojson" else 1
        shapes = [shapely.box(left + x * scale, top - 9 * scale, left + (x + 2) * scale, top) for x in range(0, 20, 2)]
        return write_vector(path, shapes, crs, cover=["water", "road"] * 5, code=list(range(10)))

    return make


def parts_of(path: Path) -> list[Path]:
    """Return the files that make up one source: a Shapefile has several."""
    return sorted(path.parent.glob(f"{path.stem}.*"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_source_is_imported_or_refused(suffix: str, whole, new_image, tmp_path: Path) -> None:
    path = whole(suffix)
    contents = {part: part.read_bytes() for part in parts_of(path)}
    project, image = new_image(*SIZE, np.full(SIZE[::-1], 1, np.uint8), **UTM)
    chance = random.Random(suffix)
    refused = 0
    for damage in DAMAGES * ROUNDS:
        for part, content in contents.items():
            part.write_bytes(content)
        part = chance.choice(list(contents))
        part.write_bytes(damage(contents[part], chance))
        reason = refusal(project, image, path)
        if reason is None:
            while project.history.position > 1:
                project.undo()
        else:
            refused += 1
            assert len(reason.splitlines()) == 1
        assert project.history.position == 1
        assert (labels_of(project, image) == 1).all()
    assert refused > 5


def refusal(project: Project, image: ImageEntry, path: Path) -> str | None:
    """Import a file; return why it was refused, or None."""
    try:
        describe_source(path, project.schema)
        import_labels(project, image.id, path)
    except LandsegError as error:
        return str(error)
    return None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_another_kind_is_refused(suffix: str, whole, new_image, tmp_path: Path) -> None:
    project, image = new_image(*SIZE, **UTM)
    for other in SUFFIXES:
        if (other in (".png", ".tif")) == (suffix in (".png", ".tif")):
            continue
        wrong = tmp_path / f"wrong{suffix}"
        wrong.write_bytes(whole(other).read_bytes())
        with pytest.raises(LandsegError, match="wrong"):
            import_labels(project, image.id, wrong)
    assert not project.history.steps


def test_a_flatgeobuf_that_claims_more_than_it_holds_is_damaged(whole: Callable[[str], Path]) -> None:
    path = whole(".fgb")
    content = path.read_bytes()
    count = (10).to_bytes(8, "little")
    assert content.count(count, 0, 200) == 1
    for claimed in (11, 60, 17_700):  # GDAL, asked for a part, would write beyond its memory
        path.write_bytes(content.replace(count, claimed.to_bytes(8, "little"), 1))
        with pytest.raises(LandsegError, match=f"of its {claimed} polygons can be read|cannot be read"):
            PolygonFile(path).read((399_000, 5_130_000, 400_000, 5_132_000))

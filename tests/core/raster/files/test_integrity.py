"""Files that are missing, cut short or not what they seem are found when they are opened, in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.crs import CRS
from support.pyramids import write_grid_vrt

from landseg_core.errors import RasterError
from landseg_core.geo.rectangles import padded
from landseg_core.geo.window import PixelWindow
from landseg_core.raster.source import RasterSource

Save = Callable[..., Path]


def noise(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(1).integers(0, 200, shape).astype(dtype)


def refusal(path: Path) -> str:
    """Return the sentence with which a path is refused."""
    with pytest.raises(RasterError) as caught:
        RasterSource(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.tif")


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to(tmp_path / "none.tif")
    assert "does not exist" in refusal(tmp_path / "link.tif")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    assert "is empty" in refusal(tmp_path / "empty.tif")


@pytest.mark.parametrize("content", [b"just some words\n" * 100, b"\x00" * 5000, b"GIF", b"BM", b"<VRTDatas"])
def test_no_raster(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "words.tif"
    path.write_bytes(content)
    assert "cannot be opened as a raster" in refusal(path)


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Give up the superuser's right to read everything, where the tests have it."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


@pytest.fixture
def secret(save: Save) -> Path:
    path = save("secret.tif", noise(1, 8, 8))
    path.chmod(0)
    return path


@pytest.mark.usefixtures("secret", "ordinary_user")
def test_a_file_that_one_may_not_read(secret: Path) -> None:
    assert "you do not have permission to read" in refusal(secret)


CUT: dict[str, dict[str, Any]] = {
    "tiled.tif": {"driver": "GTiff", "tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"},
    "striped.tif": {"driver": "GTiff"},
    "big.tif": {"driver": "GTiff", "bigtiff": "yes", "compress": "lzw"},
    "motorola.tif": {"driver": "GTiff", "endianness": "big"},
    "big_motorola.tif": {"driver": "GTiff", "endianness": "big", "bigtiff": "yes", "tiled": True},
    "cog.tif": {"driver": "COG", "blocksize": 128},
    "picture.png": {"driver": "PNG"},
    "picture.jpg": {"driver": "JPEG"},
    "progressive.jpg": {"driver": "JPEG", "progressive": "on"},
    "picture.jp2": {"driver": "JP2OpenJPEG"},
    "stream.j2k": {"driver": "JP2OpenJPEG", "codec": "j2k"},
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.999])
def test_a_cut_file_is_refused_and_the_whole_one_is_not(save: Save, name: str, kept: float) -> None:
    path = save(name, noise(3, 300, 400), **CUT[name])
    RasterSource(path).close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert "is truncated" in refusal(path)


@pytest.mark.parametrize("name", ["picture.jp2", "stream.j2k"])
def test_a_code_stream_of_more_tiles_than_it_has_room_for_is_refused(save: Save, name: str) -> None:
    path = save(name, noise(3, 300, 400), **CUT[name])
    content = path.read_bytes()
    at = content.index(b"\xff\x4f\xff\x51") + 8  # the width
    path.write_bytes(content[:at] + (2**31).to_bytes(4, "big") + content[at + 4 :])
    assert "is truncated" in refusal(path)


@pytest.mark.parametrize("name", ["tiled.tif", "picture.png", "picture.jpg"])
def test_a_file_of_which_only_the_head_came_is_refused(save: Save, name: str) -> None:
    path = save(name, noise(3, 300, 400), **CUT[name])
    path.write_bytes(path.read_bytes()[:100])
    assert "is truncated" in refusal(path)


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
def test_what_a_camera_appends_does_no_harm(save: Save, name: str) -> None:
    path = save(name, noise(3, 60, 80), **CUT[name])
    path.write_bytes(path.read_bytes() + b"appended" * 20)
    RasterSource(path).close()


def test_a_sparse_tiff_is_whole(save: Save) -> None:
    path = save("sparse.tif", np.zeros((1, 600, 600), np.uint8), tiled=True, sparse_ok=True)
    with RasterSource(path) as source:
        assert not source.read(source.grid.window).any()


def test_damage_inside_a_file_becomes_one_sentence_on_reading(save: Save) -> None:
    path = save("damaged.tif", noise(1, 300, 400), compress="lzw", tiled=True, blockxsize=64, blockysize=64)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = b"\xff" * 3000
    path.write_bytes(content)
    with RasterSource(path) as source, pytest.raises(RasterError, match="cannot be read at pixel 0, 0") as caught:
        source.read(padded(source.grid.window, 16))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


# -- virtual rasters


def test_a_side_file_with_text_that_is_not_utf8_is_one_sentence(save: Save) -> None:
    path = save("picture.png", noise(1, 40, 50), driver="PNG")
    crs = CRS.from_epsg(32632).to_wkt().encode().replace(b"Greenwich", b"\xed\xa0\x80")
    path.with_name("picture.png.aux.xml").write_bytes(b"<PAMDataset><SRS>" + crs + b"</SRS></PAMDataset>")
    assert "a text in it is not UTF-8" in refusal(path)


def test_a_vrt_with_all_parts(save: Save) -> None:
    pixels = noise(3, 40, 50)
    part = save("part.tif", pixels)
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.tif", (50, 40), 3)
    with RasterSource(vrt) as source:
        assert source.files == (vrt, part)
        assert (source.read(source.grid.window) == np.tile(pixels, (1, 3, 3))).all()


@pytest.mark.parametrize("relative", [True, False])
def test_a_vrt_whose_part_is_gone(save: Save, relative: bool) -> None:
    part = save("part.tif", noise(3, 40, 50))
    vrt = write_grid_vrt(
        part.with_name("all.vrt"), part.name if relative else str(part), (50, 40), 2, relative=relative
    )
    RasterSource(vrt).close()
    part.unlink()
    sentence = refusal(vrt)
    assert "lacks one of its 1 parts" in sentence
    assert str(part) in sentence


def test_a_vrt_of_a_vrt_whose_part_is_gone(save: Save) -> None:
    part = save("part.tif", noise(3, 40, 50))
    inner = write_grid_vrt(part.with_name("inner.vrt"), "part.tif", (50, 40), 2)
    outer = write_grid_vrt(part.with_name("outer.vrt"), "inner.vrt", (100, 80), 2)
    with RasterSource(outer) as source:
        assert source.files == (outer, inner, part)
    part.unlink()
    with pytest.raises(RasterError, match=r"inner\.vrt lacks one of its 1 parts, .*part\.tif"):
        RasterSource(outer)


def test_a_vrt_with_a_cut_part(save: Save) -> None:
    part = save("part.png", noise(3, 40, 50), driver="PNG")
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.png", (50, 40), 2)
    part.write_bytes(part.read_bytes()[:-500])
    with pytest.raises(RasterError, match=r"part\.png is truncated"):
        RasterSource(vrt)


def read_corner(path: Path) -> None:
    with RasterSource(path) as source:
        source.read(PixelWindow(0, 0, 10, 10))


def test_a_vrt_that_draws_on_itself_does_not_hang(tmp_path: Path) -> None:
    vrt = write_grid_vrt(tmp_path / "snake.vrt", "snake.vrt", (50, 40), 1)
    with pytest.raises(RasterError, match=r"snake\.vrt cannot be"):
        read_corner(vrt)


def test_a_cut_vrt(save: Save) -> None:
    part = save("part.tif", noise(3, 40, 50))
    vrt = write_grid_vrt(part.with_name("all.vrt"), "part.tif", (50, 40), 2)
    vrt.write_text(vrt.read_text()[:-200])
    assert "is truncated or damaged" in refusal(vrt)


@pytest.mark.imagery
def test_a_cut_orthophoto(imagery: Path, tmp_path: Path) -> None:
    whole = imagery / "ortho" / "swissimage_brig_8704x6656.tif"
    cut = tmp_path / "cut.tif"
    with whole.open("rb") as file:
        cut.write_bytes(file.read(whole.stat().st_size - 1000))
    assert "is truncated" in refusal(cut)

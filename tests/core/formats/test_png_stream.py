"""The PNGs of our encoder are read by others: GDAL and OpenCV."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from landseg_core.formats.png_stream import GREY, PALETTE, RGBA, PixelKind, PngStream
from landseg_core.raster.files.gdal import open_dataset


def encoded(pixels: npt.NDArray[np.uint8], kind: PixelKind, cuts: list[int], palette: bool = False) -> bytes:
    file = io.BytesIO()
    height, width = pixels.shape[:2]
    stream = PngStream(file, width, height, kind)
    if palette:
        stream.palette(np.arange(1024, dtype=np.uint32).astype(np.uint8).reshape(256, 4))
    for part in np.split(pixels, cuts):
        if len(part):
            stream.write(part)
    stream.finish()
    return file.getvalue()


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([GREY, RGBA]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(0, 99),
)
def test_any_image_is_read_back_however_its_rows_were_written(
    kind: PixelKind, width: int, height: int, cuts: list[int], seed: int
) -> None:
    shape = (height, width, kind.samples) if kind.samples > 1 else (height, width)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    seen = cv2.imdecode(np.frombuffer(encoded(pixels, kind, sorted(cuts)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(seen[..., [2, 1, 0, 3]] if kind is RGBA else seen, pixels)


def test_a_palette_keeps_indices_colours_and_transparency(tmp_path: Path) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    (tmp_path / "a.png").write_bytes(encoded(pixels, PALETTE, [3], palette=True))
    with open_dataset(tmp_path / "a.png") as dataset:
        assert np.array_equal(dataset.read(1), pixels)
        assert dataset.colormap(1)[0] == (0, 1, 2, 3)
        assert dataset.colormap(1)[63] == (252, 253, 254, 255)


def test_every_chunk_carries_its_checksum() -> None:
    data = encoded(np.zeros((5, 5), np.uint8), GREY, [])
    offset = 8
    names = []
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 4])
        body = data[offset + 4 : offset + 8 + length]
        assert int.from_bytes(data[offset + 8 + length : offset + 12 + length]) == zlib.crc32(body)
        names.append(body[:4])
        offset += 12 + length
    assert (names[0], names[-1]) == (b"IHDR", b"IEND")


def test_memory_is_that_of_some_rows() -> None:
    class Nowhere(io.BytesIO):
        def write(self, data: object) -> int:  # type: ignore[override]
            return 0

    stream = PngStream(Nowhere(), 20_000, 2_000, RGBA)
    rows = np.zeros((500, 20_000, 4), np.uint8)
    tracemalloc.start()
    for _ in range(4):
        stream.write(rows)
    stream.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < rows.nbytes / 2

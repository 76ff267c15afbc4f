from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from landseg_core.data.loading.folders import folder_data
from landseg_core.errors import OutputError
from landseg_core.labels.classes import load_classes
from landseg_core.raster.source import RasterSource
from landseg_core.sample import write_sample
from landseg_core.sample.landscape import make_landscape
from landseg_core.sample.noise import fractal_noise, softened, value_noise

SIZE = (420, 300)
Landscape = tuple[np.ndarray, np.ndarray]


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_sample_is_a_data_set(tmp_path: Path) -> None:
    paths = write_sample(tmp_path / "new" / "sample", (1024, 768))
    schema = load_classes(paths.classes)
    assert schema == load_classes("landcover-ai")
    data = folder_data(paths.images, paths.masks, schema, paths.train_list, paths.val_list)
    assert [area.stem for area in (*data.train, *data.val)] == ["landscape_1", "landscape_2", "landscape_3"]
    assert data.notices == ()
    assert data.ground_resolution_m == pytest.approx(0.25, rel=0.001)


def test_pictures_are_tiled_and_lie_apart(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, SIZE)
    grids = []
    for path in sorted(paths.images.iterdir()):
        with RasterSource(path) as image, RasterSource(paths.masks / path.name) as mask:
            assert image.grid.matches(mask.grid)
            assert (image.data_bands, image.dtype, image.block_shape) == ((1, 2, 3), np.uint8, (256, 256))
            assert image.band_names == ("Red", "Green", "Blue")
            grids.append(image.grid)
    assert len({grid.transform.c for grid in grids}) == 3


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name, SIZE, seed)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert _files(tmp_path / "a") != _files(tmp_path / "c")


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, SIZE)
    before = _files(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        write_sample(tmp_path, SIZE, seed=1)
    assert _files(tmp_path) == before
    write_sample(tmp_path, SIZE, seed=1, overwrite=True)
    assert _files(tmp_path) != before
    assert len(list(paths.images.iterdir())) == 3


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "landscape_2" in path.name:
            raise OSError(28, "No space left on device")
        return written(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"landscape_2.tif cannot be written: No space left"):
        write_sample(tmp_path / "new" / "sample", SIZE)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(OutputError, match="cannot be created"):
        write_sample(tmp_path / "taken", SIZE)


def test_the_pixels_are_the_same_on_every_machine() -> None:
    picture, labels = make_landscape(300, 200, _generator(0))
    assert picture.shape == (3, 200, 300)
    assert hashlib.sha256(picture.tobytes()).hexdigest()[:16] == "7b64870a88517f19"
    assert hashlib.sha256(labels.tobytes()).hexdigest()[:16] == "95868cdfa26de1bf"


@pytest.mark.parametrize("size", [(1, 1), (7, 90), (200, 33)])
def test_any_size(size: tuple[int, int]) -> None:
    picture, labels = make_landscape(*size, _generator(1))
    assert picture.shape[:0:-1] == labels.shape[::-1] == size


def test_every_class_is_there_and_background_leads() -> None:
    _, labels = make_landscape(1024, 768, _generator(2))
    shares = np.bincount(labels.ravel(), minlength=5) / labels.size
    assert len(shares) == 5
    assert shares.argmax() == 0
    assert (shares > 0.005).all()


def _colour_codes(picture: np.ndarray) -> np.ndarray:
    """Return one number for each pixel's colour, coarsened to 16 levels a band."""
    red, green, blue = (picture // 16).astype(np.int64)
    return red * 256 + green * 16 + blue


def _iou_by_colour(known: Landscape, other: Landscape) -> float:
    """Return the mIoU on one landscape of the best map that looks at single pixels' colours, learnt on another."""
    counts = np.bincount((_colour_codes(known[0]) * 5 + known[1]).ravel(), minlength=4096 * 5).reshape(4096, 5)
    guess, truth = counts.argmax(axis=1)[_colour_codes(other[0])], other[1]
    both = [((guess == k) & (truth == k)).sum() / ((guess == k) | (truth == k)).sum() for k in range(5)]
    return float(np.mean(both))


def test_colours_alone_do_not_tell_the_classes() -> None:
    landscapes = [make_landscape(1024, 768, _generator(seed)) for seed in range(4)]
    assert np.mean([_iou_by_colour(known, other) for known, other in itertools.permutations(landscapes, 2)]) < 0.7


def test_noise_is_smooth_and_between_0_and_1() -> None:
    noise = value_noise(_generator(0), 300, 200, 50)
    assert 0 <= noise.min() < 0.2
    assert 0.8 < noise.max() <= 1
    assert np.abs(np.diff(noise)).max() < 0.05
    rough = fractal_noise(_generator(0), 300, 200, 50, 4)
    assert 0 <= rough.min() < rough.max() <= 1
    assert np.abs(np.diff(rough, 2)).mean() > 2 * np.abs(np.diff(noise, 2)).mean()


def test_blur_keeps_the_brightness() -> None:
    flat = np.full((3, 5, 6), 7, np.float32)
    np.testing.assert_array_equal(softened(flat), flat)
    dot = np.zeros((1, 5, 5), np.float32)
    dot[0, 2, 2] = 16
    assert softened(dot)[0, 1:4, 1:4].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]

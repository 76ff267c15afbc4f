"""Maps on disk: what a GIS finds in them, and that a full disk never leaves a broken one."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling

from landseg_core.errors import JobStopped, OutputError
from landseg_core.geo.grid import RasterGrid
from landseg_core.geo.tiling import pieces
from landseg_core.geo.window import PixelWindow
from landseg_core.output_files import OutputFiles
from landseg_core.raster import writer as writer_module
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.writer import MAP_BLOCK, MapInfo, MapWriter

INFO = MapInfo(
    title="land cover",
    colours={0: (1, 2, 3), 4: (200, 100, 50)},
    names={0: "land & sea", 4: "water"},
    tags={"MADE_BY": "a test"},
)
GRID = RasterGrid(1300, 700, Affine(0.25, 0.1, 400_000, 0.1, -0.25, 5_000_000), CRS.from_epsg(32632))
VALUES = np.random.default_rng(0).choice(np.array([0, 4, 255], np.uint8), (GRID.height, GRID.width))


def write(path: Path, grid: RasterGrid = GRID, info: MapInfo = INFO, overwrite: bool = False) -> None:
    with OutputFiles(overwrite=overwrite) as outputs, MapWriter(outputs, path, grid, info) as writer:
        for piece in pieces(grid.window, MAP_BLOCK, MAP_BLOCK):
            writer.write(piece, VALUES[piece.slices()])


def test_a_map_holds_its_values_place_colours_and_tags(tmp_path: Path) -> None:
    write(tmp_path / "map.tif")
    with open_dataset(tmp_path / "map.tif") as dataset:
        assert np.array_equal(dataset.read(1), VALUES)
        assert dataset.crs == GRID.crs
        assert dataset.transform == GRID.transform
        assert dataset.nodata == 255
        assert dataset.colorinterp == (ColorInterp.palette,)
        assert dataset.colormap(1)[4] == (200, 100, 50, 255)
        assert dataset.tags()["MADE_BY"] == "a test"
        assert dataset.descriptions == ("land cover",)
        assert dataset.block_shapes == [(MAP_BLOCK, MAP_BLOCK)]
        assert dataset.profile["compress"] == "deflate"


def test_gdal_reads_the_class_names_beside_the_map(tmp_path: Path) -> None:
    write(tmp_path / "map.tif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.tif", "map.tif.aux.xml"]
    rasterio.shutil.copy(tmp_path / "map.tif", tmp_path / "seen.vrt", driver="VRT")
    names = [line.strip() for line in (tmp_path / "seen.vrt").read_text().splitlines() if "Category>" in line]
    empty = "<Category></Category>"
    assert names == ["<Category>land &amp; sea</Category>", empty, empty, empty, "<Category>water</Category>"]


def test_overviews_reach_down_to_one_block_and_vote_on_classes(tmp_path: Path) -> None:
    values = np.full((GRID.height, GRID.width), 4, np.uint8)
    values[::3, ::3] = 0
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", GRID, INFO) as writer:
        writer.write(GRID.window, values)
    with open_dataset(tmp_path / "map.tif") as dataset:
        assert dataset.overviews(1) == [2, 4]
        assert (dataset.read(1, out_shape=(350, 650)) == 4).all()


def test_overviews_of_figures_are_their_means(tmp_path: Path) -> None:
    values = np.tile(np.array([[10, 30], [255, 20]], np.uint8), (350, 650))
    info = MapInfo(overviews=Resampling.average)
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", GRID, info) as writer:
        writer.write(GRID.window, values)
    with open_dataset(tmp_path / "map.tif", overview_level=0) as dataset:
        assert (dataset.read(1) == 20).all()


def test_a_map_without_georeference_or_colours_is_plain(tmp_path: Path) -> None:
    grid = RasterGrid(30, 20, Affine.identity(), None)
    write(tmp_path / "map.tif", grid, MapInfo())
    with open_dataset(tmp_path / "map.tif") as dataset:
        assert dataset.crs is None
        assert dataset.transform.is_identity
        assert dataset.colorinterp == (ColorInterp.gray,)
        assert dataset.overviews(1) == []
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]


def test_blocks_may_come_in_any_order(tmp_path: Path) -> None:
    order = list(pieces(GRID.window, 500, 300))
    np.random.default_rng(1).shuffle(order)  # type: ignore[arg-type]
    with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", GRID, INFO) as writer:
        for piece in order:
            writer.write(piece, VALUES[piece.slices()])
    with open_dataset(tmp_path / "map.tif") as dataset:
        assert np.array_equal(dataset.read(1), VALUES)


def test_companions_of_a_replaced_map_do_not_outlive_it(tmp_path: Path) -> None:
    write(tmp_path / "map.tif")
    (tmp_path / "map.tif.ovr").write_bytes(b"overviews of the old map")
    write(tmp_path / "map.tif", info=MapInfo(), overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]


@pytest.mark.parametrize("end", [JobStopped, KeyboardInterrupt])
def test_a_stop_leaves_nothing_behind(tmp_path: Path, end: type[BaseException]) -> None:
    def work() -> None:
        with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", GRID, INFO) as writer:
            writer.write(PixelWindow(0, 0, 512, 512), VALUES[:512, :512])
            raise end

    with pytest.raises(end):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_found_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "map.tif.aux.xml").write_text("of another file")
    with pytest.raises(OutputError, match=r"map\.tif\.aux\.xml exists already"):
        write(tmp_path / "map.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["map.tif.aux.xml"]


def test_a_block_that_never_reached_the_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(writer_module._LAYOUT, "sparse_ok", "YES")  # GDAL then leaves out what was not written

    def work() -> None:
        with OutputFiles() as outputs, MapWriter(outputs, tmp_path / "map.tif", GRID, INFO) as writer:
            writer.write(PixelWindow(0, 0, 512, 512), VALUES[:512, :512])

    with pytest.raises(OutputError, match=r"map\.tif could not be completed"):
        work()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_wherever_the_disk_gets_full_the_map_is_whole_or_not_there(tmp_path: Path) -> None:
    """Write the same map under limits from nothing to its size, close ones at the end: GDAL hides late failures."""
    program = """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from affine import Affine
        from landseg_core.errors import OutputError
        from landseg_core.geo.grid import RasterGrid
        from landseg_core.output_files import OutputFiles
        from landseg_core.raster.files.gdal import open_dataset
        from landseg_core.raster.writer import MapInfo, MapWriter

        path = Path(sys.argv[1]) / "map.tif"
        values = np.random.default_rng(0).integers(0, 5, (700, 700), np.uint8)
        grid = RasterGrid(700, 700, Affine.identity(), None)
        info = MapInfo("title", {1: (1, 2, 3)}, {1: "land"}, {"TAG": "text"})

        def write():
            with OutputFiles(overwrite=True) as outputs, MapWriter(outputs, path, grid, info) as writer:
                writer.write(grid.window, values)

        def limit(size):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        write()
        size = path.stat().st_size
        outcomes = {"whole": 0, "refused": 0}
        for most in [*range(0, size, size // 8), *range(size - 900, size + 60, 60)]:
            for file in path.parent.iterdir():
                file.unlink()
            limit(most)
            try:
                write()
            except OutputError as error:
                assert "map.tif" in str(error) and "could not be completed" in str(error), error
                assert not list(path.parent.iterdir()), most
                outcomes["refused"] += 1
            else:
                with open_dataset(path) as dataset:
                    assert np.array_equal(dataset.read(1), values), most
                    assert dataset.overviews(1) == [2], most
                outcomes["whole"] += 1
            finally:
                limit(resource.RLIM_INFINITY)
        print(outcomes)
        assert min(outcomes.values()) > 0
    """
    folder = tmp_path / "full"
    folder.mkdir()
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

"""No file makes landseg contact an address: every kind, by every way in, beside a server that counts.

The addresses are exempt from the dead proxy (`landseg_core.raster.files.offline`), so these
tests show that GDAL does not even ask for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from support.runs import LAND_AND_WATER, write_model

from landseg_core.cli.main import run
from landseg_core.errors import RasterError
from landseg_core.events import JobControl
from landseg_core.project.project import Project
from landseg_core.raster.files.gdal import open_dataset
from landseg_core.raster.source import RasterSource
from landseg_gui.session.files.opening import open_files, open_mask_alone

SIZE = 600
PLACE = {"crs": "EPSG:32632", "transform": Affine(1, 0, 400_000, 0, -1, 5_100_000)}
FEATURE = (
    '{"type":"Feature","properties":{"a":"land"},'
    '"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}'
)
SERVER = """
import http.server
class Counting(http.server.BaseHTTPRequestHandler):
    def answer(self):
        print(self.command, self.path, flush=True)
        self.send_error(404)
    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = answer
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


class Server:
    """A web server in a process of its own (GDAL does not let go of Python while it fetches) that notes requests."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=output)
        while not self._lines():
            assert self.process.poll() is None
        self.address = f"http://127.0.0.1:{self._lines()[0]}"

    def _lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def requests(self) -> list[str]:
        return self._lines()[1:]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "requests.txt")
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


def image(path: Path, **tags: str) -> Path:
    """Write an image of one band, with tags of GDAL's domain OVERVIEWS."""
    size = {"width": SIZE, "height": SIZE, "count": 1, "dtype": "uint8"}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), open_dataset(path, mode="w", driver="GTiff", **size, **PLACE) as dataset:
        dataset.write(np.ones((1, SIZE, SIZE), np.uint8))
        if tags:
            dataset.update_tags(ns="OVERVIEWS", **tags)
    return path


def text(path: Path, words: str) -> Path:
    path.write_text(words)
    return path


def wms(address: str) -> str:
    return (
        f'<GDAL_WMS><Service name="WMS"><ServerUrl>{address}?</ServerUrl><Layers>x</Layers></Service><DataWindow>'
        "<UpperLeftX>-180</UpperLeftX><UpperLeftY>90</UpperLeftY><LowerRightX>180</LowerRightX><LowerRightY>-90"
        "</LowerRightY><SizeX>512</SizeX><SizeY>512</SizeY></DataWindow><BandsCount>1</BandsCount></GDAL_WMS>"
    )


def vrt(source: str, extra: str = "") -> str:
    return (
        f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}">{extra}<VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource>{source}<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def named(name: str | Path, relative: int = 0) -> str:
    return f'<SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>'


def zipped(path: Path, words: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.tif", words)
    return f"/vsizip/{path}/a.tif"


def beside(path: Path, suffix: str, words: str) -> Path:
    """Write an image and a text beside it."""
    image(path)
    text(path.with_name(path.name + suffix), words)
    return path


def tile_index(path: Path, location: str) -> Path:
    square = shapely.to_wkb(np.array([shapely.box(400_000, 5_099_400, 400_600, 5_100_000)]))
    columns = [np.array([location], object)]
    pyogrio.raw.write(path, square, columns, ["location"], driver="GPKG", geometry_type="Polygon", crs="EPSG:32632")
    return path


def pam(name: str) -> str:
    return f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{name}</MDI></Metadata></PAMDataset>'


WARPED = (
    f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}" subClass="VRTWarpedDataset">'
    '<VRTRasterBand dataType="Byte" band="1" subClass="VRTWarpedRasterBand"/><GDALWarpOptions><SourceDataset>{}'
    "</SourceDataset></GDALWarpOptions></VRTDataset>"
)
SHARPENED = (
    f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}" subClass="VRTPansharpenedDataset">'
    '<VRTRasterBand dataType="Byte" band="1" subClass="VRTPansharpenedRasterBand"/><PansharpeningOptions><PanchroBand>'
    "<SourceFilename>{}</SourceFilename><SourceBand>1</SourceBand></PanchroBand></PansharpeningOptions></VRTDataset>"
)

# What writes a file that would contact the address, or a file beside it, by what kind of file it is.
RASTERS: dict[str, Callable[[Path, str], Path]] = {
    "WMS": lambda d, u: text(d / "a.tif", wms(u)),
    "WMS, small letters": lambda d, u: text(d / "a.png", "\n " + wms(u).replace("GDAL_WMS", "gdal_wms")),
    "WCS": lambda d, u: text(
        d / "a.xml",
        f"<WCS_GDAL><ServiceURL>{u}?</ServiceURL><Version>1.0.0</Version><CoverageName>c</CoverageName></WCS_GDAL>",
    ),
    "WMTS": lambda d, u: text(
        d / "a.png", f"<GDAL_WMTS><GetCapabilitiesUrl>{u}</GetCapabilitiesUrl><Layer>a</Layer></GDAL_WMTS>"
    ),
    "GTI": lambda d, u: text(
        d / "a.gti", f"<GDALTileIndexDataset><IndexDataset>/vsicurl/{u}.gpkg</IndexDataset></GDALTileIndexDataset>"
    ),
    "MRF": lambda d, u: text(
        d / "a.mrf",
        f"<MRF_META><CachedSource><Source>/vsicurl/{u}</Source></CachedSource><Raster><Size x='9' y='9' c='1'/>"
        f"<DataFile>/vsicurl/{u}.d</DataFile><IndexFile>/vsicurl/{u}.i</IndexFile></Raster></MRF_META>",
    ),
    "STACIT": lambda d, u: text(
        d / "a.json",
        json.dumps(
            {
                "type": "FeatureCollection",
                "stac_version": "1.0.0",
                "features": [
                    {
                        "type": "Feature",
                        "stac_version": "1.0.0",
                        "id": "a",
                        "collection": "c",
                        "properties": {"proj:epsg": 32632, "datetime": "2020-01-01T00:00:00Z"},
                        "assets": {
                            "B1": {
                                "href": f"{u}/a.tif",
                                "proj:epsg": 32632,
                                "proj:transform": [1, 0, 400000, 0, -1, 5100000],
                                "proj:shape": [SIZE, SIZE],
                            }
                        },
                    }
                ],
                "links": [{"rel": "next", "href": f"{u}/next"}],
            }
        ),
    ),
    "VRT of /vsicurl": lambda d, u: text(d / "a.vrt", vrt(named(f"/vsicurl/{u}.tif"))),
    "VRT of /vsicurl?": lambda d, u: text(d / "a.vrt", vrt(named(f"/vsicurl?url={u}.tif"))),
    "VRT of /vsis3": lambda d, u: text(d / "a.vrt", vrt(named("/vsis3/bucket/a.tif"))),
    "VRT of http": lambda d, u: text(d / "a.tif", vrt(named(f"{u}/a.tif"))),
    "VRT of an attribute": lambda d, u: text(d / "a.vrt", vrt(f'<x/><!-- --><Y SourceFilename="{u}"/>')),
    "VRT in capitals": lambda d, u: text(d / "a.vrt", vrt(f"<SOURCEFILENAME>{u}/a.tif</SOURCEFILENAME>")),
    "VRT with a namespace": lambda d, u: text(
        d / "a.vrt", vrt(named(f"{u}/a.tif")).replace("<VRTDataset", '<VRTDataset xmlns="urn:x"', 1)
    ),
    "VRT of a WMS file": lambda d, u: text(d / "a.vrt", vrt(named(text(d / "b.tif", wms(u))))),
    "VRT of a VRT of a WMS file": lambda d, u: text(
        d / "a.vrt", vrt(named(text(d / "b.vrt", vrt(named(text(d / "c.tif", wms(u)).name, 1)))))
    ),
    "VRT of text in it": lambda d, u: text(
        d / "a.vrt", vrt(named(vrt(named(u)).replace("<", "&lt;").replace('"', "&quot;")))
    ),
    "VRT of a WMS in it": lambda d, u: text(d / "a.vrt", vrt(named(wms(u).replace("<", "&lt;")))),
    "VRT of a WMS file in an archive": lambda d, u: text(d / "a.vrt", vrt(named(zipped(d / "a.zip", wms(u))))),
    "VRT of a VRT in an archive": lambda d, u: text(d / "a.vrt", vrt(named(zipped(d / "a.zip", vrt(named(u)))))),
    "VRT of /vsizip around /vsicurl": lambda d, u: text(d / "a.vrt", vrt(named(f"/vsizip/{{/vsicurl/{u}.zip}}/a.tif"))),
    "VRT of the driver WMS": lambda d, u: text(d / "a.vrt", vrt(named(f"WMS:{u}?LAYERS=a"))),
    "VRT of the driver WMS without //": lambda d, u: text(
        d / "a.vrt", vrt(named(f"WMS:{u.removeprefix('http://')}?SERVICE=WMS&amp;LAYERS=a"))
    ),
    "VRT of vrt://": lambda d, u: text(d / "a.vrt", vrt(named(f"vrt://{u}/a.tif"))),
    "VRT of an index of tiles": lambda d, u: text(
        d / "a.vrt", vrt(named(tile_index(d / "b.gti.gpkg", f"/vsicurl/{u}/i.tif")))
    ),
    "warped VRT": lambda d, u: text(d / "a.vrt", WARPED.format(f"/vsicurl/{u}/w.tif")),
    "pansharpened VRT": lambda d, u: text(d / "a.vrt", SHARPENED.format(f"{u}/p.tif")),
    "VRT with overviews elsewhere": lambda d, u: text(
        d / "a.vrt", vrt(named(image(d / "b.tif")), pam(f"{u}/o.tif").replace("PAMDataset>", "x>"))
    ),
    "overviews that are a WMS": lambda d, u: beside(d / "a.tif", ".ovr", wms(u)),
    "overviews that are a VRT": lambda d, u: beside(d / "a.tif", ".ovr", vrt(named(f"/vsicurl/{u}/v.tif"))),
    "a mask that is a WMS": lambda d, u: beside(d / "a.tif", ".msk", wms(u)),
    "overviews of a part": lambda d, u: text(d / "b.vrt", vrt(named(beside(d / "a.tif", ".ovr", wms(u))))),
    "overviews in .aux.xml": lambda d, u: beside(d / "a.tif", ".aux.xml", pam(f"/vsicurl/{u}/x.tif")),
    "overviews in .aux.xml, escaped": lambda d, u: beside(
        d / "a.tif", ".aux.xml", pam(f"{u}/x.tif").replace("OVERVIEW_FILE", "OVERVIEW&#95;FILE")
    ),
    "overviews in .aux.xml that are a WMS": lambda d, u: beside(
        d / "a.tif", ".aux.xml", pam(str(text(d / "w.tif", wms(u))))
    ),
    "overviews in a tag": lambda d, u: image(d / "a.tif", OVERVIEW_FILE=f"{u}/t.tif"),
    "an address": lambda d, u: Path(f"{u}/a.tif"),
    "an address of /vsicurl": lambda d, u: Path(f"/vsicurl/{u}/a.tif"),
    "an address of a driver": lambda d, u: Path(f"WMS:{u}?LAYERS=a"),
    "an address in an archive": lambda d, u: Path(f"/vsizip//vsicurl/{u}/a.zip/a.tif"),
}
OTHERS: dict[str, Callable[[Path, str], Path]] = {
    "crs link": lambda d, u: text(d / "a.geojson", collection(f'{{"type":"link","properties":{{"href":"{u}"}}}}')),
    "crs url": lambda d, u: text(d / "a.json", collection(f'{{"properties":{{"url":"{u}"}},"type":"url"}}')),
    "crs of a feature": lambda d, u: text(
        d / "a.geojson", FEATURE[:-1] + f',"crs":{{"type":"url","properties":{{"url":"{u}"}}}}}}'
    ),
    "crs of a geometry": lambda d, u: text(
        d / "a.geojson",
        FEATURE.replace('"Polygon",', f'"Polygon","crs":{{"type":"url","properties":{{"url":"{u}"}}}},'),
    ),
    "crs last, escaped": lambda d, u: text(
        d / "a.geojson",
        collection("null")[:-1] + f',"\\u0063R\\u0053": {{"type":"U\\u0052l","properties":{{"url":"{u}"}}}}}}',
    ),
    "crs with a comment": lambda d, u: text(
        d / "a.geojson", FEATURE[:-1] + f",'crs' /* */ : {{'type':'url', 'properties':{{'url':'{u}'}}}}}}"
    ),
    "crs in a GeoJSON called otherwise": lambda d, u: text(
        d / "a.gpkg", collection(f'{{"type":"url","properties":{{"url":"{u}"}}}}')
    ),
    "TopoJSON": lambda d, u: text(
        d / "a.json",
        f'{{"type":"Topology","crs":{{"type":"url","properties":{{"url":"{u}"}}}},"objects":{{"a":{{"type":"GeometryCollection",'
        '"geometries":[]}},"arcs":[]}',
    ),
    "OGR VRT": lambda d, u: text(
        d / "a.shp",
        f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{u}.geojson</SrcDataSource></OGRVRTLayer>'
        "</OGRVRTDataSource>",
    ),
    "WFS": lambda d, u: text(d / "a.json", f"<OGRWFSDataSource><URL>{u}?</URL></OGRWFSDataSource>"),
    "a pipeline of GDAL": lambda d, u: text(
        d / "a.gdalg.json",
        json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read /vsicurl/{u} ! write x"}
        ),
    ),
    "GML": lambda d, u: text(
        d / "a.gpkg",
        '<ogr:FeatureCollection xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://x'
        f' {u}/s.xsd" xmlns:ogr="http://x" xmlns:gml="http://www.opengis.net/gml"/>',
    ),
    "KML": lambda d, u: text(
        d / "a.json",
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link>'
        f"<href>{u}</href></Link></NetworkLink></Document></kml>",
    ),
    "an address of polygons": lambda d, u: Path(f"{u}/a.geojson"),
    "an address of /vsicurl of polygons": lambda d, u: Path(f"/vsicurl/{u}/a.geojson"),
}


def collection(crs: str) -> str:
    return f'{{"type":"FeatureCollection","crs":{crs},"features":[{FEATURE}]}}'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of a run whose model has a header and no weights."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_model(folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with Project.create(tmp_path / "p.landseg", LAND_AND_WATER) as project:
        project.add_image(image(tmp_path / "picture.tif"))
        return project.path


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Return `refused(*arguments)`: the command line ends with one sentence and exit code 1."""

    def check(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["landseg", *map(str, arguments)])
        code = run()
        sentence = capsys.readouterr().err
        assert code == 1
        assert sentence.startswith("landseg: ")
        assert sentence.count("\n") == 1

    return check


@pytest.mark.parametrize("kind", RASTERS)
def test_no_raster_phones(kind: str, server: Server, tmp_path: Path, project: Path, refused, model: Path) -> None:
    path = RASTERS[kind](tmp_path, f"{server.address}/{kind.encode().hex()}")
    before = server.requests()
    refused("info", path)
    refused("predict", model, path, "--out", tmp_path / "maps")
    refused("project", "add-image", project, path)
    refused("project", "import", project, "--image", "picture", path)
    assert open_files([path], None, JobControl()).problems
    with RasterSource(tmp_path / "picture.tif") as picture, pytest.raises(RasterError):
        open_mask_alone(path, picture.grid, None, None, JobControl())
    assert server.requests() == before


@pytest.mark.parametrize("kind", OTHERS)
def test_no_polygons_phone(kind: str, server: Server, tmp_path: Path, project: Path, refused) -> None:
    path = OTHERS[kind](tmp_path, f"{server.address}/{kind.encode().hex()}")
    before = server.requests()
    refused("project", "import", project, "--image", "picture", path, "--map", "=land")
    refused("info", path)
    assert open_files([path], None, JobControl()).problems
    assert server.requests() == before


@pytest.mark.parametrize("script", ["rasterio.open", "pyogrio.list_layers"])
def test_without_these_measures_the_server_counts(script: str, server: Server, tmp_path: Path) -> None:
    """What shows that the tests above can fail."""
    path = {
        "rasterio.open": text(tmp_path / "a.vrt", wms(f"{server.address}/raster")),
        "pyogrio.list_layers": OTHERS["crs link"](tmp_path, f"{server.address}/polygons"),
    }[script]
    before = len(server.requests())
    code = f"import sys, {script.split('.')[0]}; print({script}(sys.argv[1]))"
    reads = ".read()" if script == "rasterio.open" else ""
    unprotected = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL", "CPL"))}
    subprocess.run(
        [sys.executable, "-c", code.replace("(sys.argv[1])", f"(sys.argv[1]){reads}"), path],
        env=unprotected,
        capture_output=True,
        check=False,
    )
    assert len(server.requests()) > before


def test_a_dead_proxy_stands_behind(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's second line, with which not even GDAL on its own contacts anything."""
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY")
    path = text(
        tmp_path / "a.vrt", vrt(named(f"{server.address}/dead.tif"), "<GeoTransform>0,1,0,0,0,-1</GeoTransform>")
    )
    before = server.requests()
    with pytest.raises(rasterio.errors.RasterioIOError), rasterio.open(path) as dataset:
        dataset.read()
    assert server.requests() == before

"""Opens every file of a folder as `landseg info` and the window do, and looks at what landseg makes of it.

Child processes open each file, read windows at several scales, the pyramid, the thumbnail and statistics. What may
happen: all of it is shown, or landseg refuses in one sentence, at once or where the pixels are damaged. Anything else
is a failure: another exception, a crash, more than 10 s for a look, more than 1 GB of memory.

    python scripts/odd_rasters.py --corpus DIR --count 500 --seed 1 --append FILE     # 500 files not tried yet
    python scripts/odd_rasters.py --append FILE --report docs/reliability.md

The corpus is any folder of images. That of the report is the test images of python-pillow/Pillow, rasterio/rasterio,
uclouvain/openjpeg-data, vadz/libtiff, image-rs/image and imageio/test_images, each in a folder of its own.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from batches import add_record, batch_parser, records_in
from report_section import write_section
from trial_children import FAILURE, Outcome, Try, require_sentence, table, try_all

MOST_SECONDS = 10.0
OPENED = "opened, all of it"
IN_PART = "opened, some pixels refused in one sentence"
REFUSED = "refused in one sentence"
RESULTS = (OPENED, IN_PART, REFUSED, FAILURE)
SCALES = (1, 2, 7, 64)
WINDOW = 512  # px on the screen


def try_look(corpus: Path, item: tuple[str, str]) -> tuple[str, str]:
    """Take one look at a file of the corpus; return whether landseg refuses, and its sentence."""
    from landseg_core.errors import LandsegError

    name, look = item
    try:
        LOOKS[look](corpus / name)
    except LandsegError as error:
        require_sentence(str(error))
        return REFUSED, str(error).replace(f"{corpus}{os.sep}", "")
    return OPENED, ""


def told(path: Path) -> None:
    """Print what `landseg info` tells."""
    from landseg_core.cli.info import info

    info(path)
    info(path, as_json=True)


def windows(path: Path) -> None:
    """Read the middle and the last corner at several scales."""
    from landseg_core.geo.window import PixelWindow
    from landseg_core.raster.source import RasterSource

    with RasterSource(path) as source:
        width, height = source.grid.width, source.grid.height
        for scale in SCALES:
            side = WINDOW * scale
            for x, y in (((width - side) // 2, (height - side) // 2), (width - side // 2, height - side // 2)):
                window = PixelWindow(x, y, side, side)
                assert source.read(window, source.data_bands[:3], (WINDOW, WINDOW)).shape[1:] == (WINDOW, WINDOW)
                assert source.read_valid(window, (WINDOW, WINDOW)).shape == (WINDOW, WINDOW)


def view(path: Path) -> None:
    """Draw tiles of every level, before and after the pyramid is built, in the colours that the window takes."""
    from landseg_core.geo.tiling import TileKey
    from landseg_core.geo.window import PixelWindow
    from landseg_core.raster.pyramid.builder import build_pyramid
    from landseg_core.raster.pyramid.overviews import PyramidReader
    from landseg_core.raster.source import RasterSource
    from landseg_core.raster.stretch import default_rendering

    with RasterSource(path) as source, closing(PyramidReader(source)) as reader:
        rendering = default_rendering(source)
        if reader.needs_pyramid:
            if reader.has_quicklook:
                reader.read_tile(reader.pyramid.quicklook_key, rendering.bands)
            build_pyramid(source)
            reader.use_pyramid()
        for level in range(reader.pyramid.levels):
            whole = PixelWindow(0, 0, *reader.pyramid.level_size(level))
            for key in {TileKey(level, 0, 0), *list(reader.pyramid.tiles_in(level, whole))[-1:]}:
                rgba = rendering.to_rgba(*reader.read_tile(key, rendering.bands))
                assert rgba.dtype == np.uint8
                assert rgba.shape[2] == 4


def thumbnail(path: Path) -> None:
    """Make the small picture of the list of images."""
    from landseg_gui.panels.images.thumbnails import make_thumbnail

    assert not make_thumbnail(path).image.isNull()


def statistics(path: Path) -> None:
    """Take what training measures, what a project keeps to know the image again, and what a map tells of itself."""
    from landseg_core.errors import DatasetError
    from landseg_core.geo.window import PixelWindow
    from landseg_core.labels.masks.classes import mask_schema
    from landseg_core.models.normalisation import measure_normalisation
    from landseg_core.raster.files.content import RasterContent
    from landseg_core.raster.model_reference import read_model_reference
    from landseg_core.raster.source import RasterSource

    with RasterSource(path) as source:
        window = PixelWindow(0, 0, min(WINDOW, source.grid.width), min(WINDOW, source.grid.height))
        try:
            measure_normalisation([(source.read(window), source.read_valid(window))])
        except DatasetError as error:  # nothing but nodata
            require_sentence(str(error))
        RasterContent.of(source)
    mask_schema(path)
    read_model_reference(path)


LOOKS: dict[str, Callable[[Path], None]] = {
    "info": told,
    "windows": windows,
    "view": view,
    "thumbnail": thumbnail,
    "statistics": statistics,
}
"""What is tried, by name; the first opens the file."""


@contextmanager
def prepared(corpus: Path) -> Iterator[Try]:
    """Prepare a child: caches are its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            os.environ[name] = str(Path(home) / name.lower())
        import landseg_gui.panels.images.thumbnails  # noqa: F401 - loading it is no file's time

        yield partial(try_look, corpus)


def chosen(corpus: Path, seed: int, count: int, tried: set[str]) -> list[str]:
    """Return so many files of the corpus that were not tried, at random."""
    names = sorted(str(path.relative_to(corpus)) for path in corpus.rglob("*") if path.is_file())
    left = [name for name in names if name not in tried]
    return random.Random(seed).sample(left, min(count, len(left)))


def run(corpus: Path, seed: int, count: int, out: Path | None) -> int:
    """Try so many files and return how many failed; each goes into `out` as a line of JSON."""
    tried = {record["file"] for record in records_in(out)} if out is not None and out.exists() else set()
    items = [(name, look) for name in chosen(corpus, seed, count, tried) for look in LOOKS]
    tries = try_all(partial(prepared, corpus), items, MOST_SECONDS)
    failures = 0
    for name, looks in groupby(tries, key=lambda one: one[0][0]):
        record = {"seed": seed, "file": name} | summary([outcome for _, outcome in looks])
        if record["result"] == FAILURE:
            failures += 1
            print(record, flush=True)
        add_record(out, record)
    return failures


def summary(looks: Sequence[Outcome]) -> dict[str, Any]:
    """Return what came of a file, from what came of each look at it; times and memory are the largest of a look."""
    worst = next((look for look in looks if look.result == FAILURE), None)
    refused = next((look for look in looks if look.result == REFUSED), None)
    told_first = worst or refused or looks[0]
    in_part = told_first is refused and looks[0].result == OPENED
    return {
        "result": IN_PART if in_part else told_first.result,
        "sentence": told_first.sentence,
        "seconds": round(max(look.seconds for look in looks), 2),
        "megabytes": max(look.memory for look in looks) // 10**6,
    }


HEADING = "## Odd rasters"
EXPLANATION = """
Every file of the test folders of public image libraries, broken ones and formats that are none of landseg's included,
in a child process: `landseg info`, windows at four scales, the pyramid and its tiles, the thumbnail, statistics, each
in 10 s of the processor and 1 GB. The corpus is not part of landseg: it is all files but program text of the
repositories that the table names, on GitHub: python-pillow/Pillow, rasterio/rasterio, uclouvain/openjpeg-data,
vadz/libtiff, image-rs/image and imageio/test_images, each unpacked into a folder of its own.
"""


def report(records: list[dict[str, Any]]) -> str:
    """Return the tables for people."""
    seeds = ", ".join(map(str, sorted({record["seed"] for record in records})))
    most = max(record["seconds"] for record in records), max(record["megabytes"] for record in records)
    lines = [f"`python scripts/odd_rasters.py --corpus DIR --count ... --seed ... --append FILE`, seed {seeds}:", ""]
    lines += [*table(((record["file"].split("/")[0], record["result"]) for record in records), "from", RESULTS), ""]
    lines += [
        f"The slowest took {most[0]:.1f} s of the processor; the most memory was {most[1]} MB, with all libraries.",
        "",
    ]
    lines += ["What landseg said most often (names and numbers left out):", "", *sentences(records)]
    return "\n".join(lines)


def sentences(records: list[dict[str, Any]]) -> Iterator[str]:
    said = [record for record in records if record["sentence"] and record["result"] != FAILURE]
    counts = Counter((record["result"], shape_of(record["file"], record["sentence"])) for record in said)
    for (result, sentence), count in counts.most_common(15):
        yield f"- {count} x {result}: {sentence}"
    for record in records:
        if record["result"] == FAILURE:
            yield f"- {record['file']}: {record['sentence']}"


def shape_of(name: str, sentence: str) -> str:
    """Return a sentence without what differs from file to file."""
    bare = sentence.replace(name, "FILE").replace(Path(name).name, "FILE")
    return re.sub(r"\d+", "N", bare)[:200]


def main() -> None:
    parser = batch_parser(__doc__)
    parser.add_argument("--corpus", type=Path, help="the folder of the files, with folders in it")
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    if options.report is not None:
        text = report(records_in(options.append))
        write_section(options.report, "odd-rasters", HEADING, f"{EXPLANATION.strip()}\n\n{text}")
    else:
        sys.exit(run(options.corpus.absolute(), options.seed, options.count, options.append) > 0)


if __name__ == "__main__":
    main()

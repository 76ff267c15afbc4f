"""What is known before torch is loaded is said without loading it: nobody waits seconds to read of a wrong name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support.runs import LAND_AND_WATER, write_model, write_run

PROGRAM = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from landseg_core.cli import main

told = []
for arguments in json.load(sys.stdin):
    sys.argv = ["landseg", *arguments]
    said = io.StringIO()
    with redirect_stderr(said), redirect_stdout(said):
        code = main.run()
    told.append((code, said.getvalue(), sorted({"torch", "onnxruntime", "openvino", "safetensors"} & set(sys.modules))))
json.dump(told, sys.stdout)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a model of three bands, pictures that fit it and one that does not, and masks."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "run")
    write_model(tmp_path / "run")
    for name, resolution in (("far", 0.001), ("fine", 0.05)):
        write_run(tmp_path / name)
        write_model(tmp_path / name, resolution)
    for name in ("images", "masks", "nothing", "grey", "grey_masks"):
        (tmp_path / name).mkdir()
    look = {"driver": "GTiff", "width": 64, "height": 64, "dtype": "uint8", "crs": "EPSG:32633"}
    for file, bands in (("images/a.tif", 3), ("grey/a.tif", 1), ("masks/a.tif", 1), ("grey_masks/a.tif", 1)):
        with rasterio.open(tmp_path / file, "w", count=bands, transform=(0.5, 0, 4e5, 0, -0.5, 5e6), **look) as dataset:
            dataset.write(np.ones((bands, 64, 64), np.uint8))
    (tmp_path / "there.txt").write_text("no_such_stem\n")
    (tmp_path / "there.tif").write_text("")
    (tmp_path / "damaged.safetensors").write_bytes(b"no model")
    (tmp_path / "classes.json").write_text(LAND_AND_WATER.to_json())
    return tmp_path


PAIRS = "--images images --masks masks"
TRAIN = f"train {PAIRS} --classes classes.json --out new"
CASES = {
    "info no.tif": "does not exist",
    "info damaged.safetensors": "not written by landseg",
    "models": "lite0",
    "runs no": "cannot be read",
    "runs run": "run",
    "sample --out there.txt/x": "cannot be created",
    "bench no": "does not exist",
    "bench damaged.safetensors": "not written by landseg",
    f"evaluate no {PAIRS}": "does not exist",
    f"evaluate damaged.safetensors {PAIRS}": "not written by landseg",
    "evaluate run --images nothing --masks masks": "holds no image",
    "evaluate run --images grey --masks grey_masks": "needs the bands",
    f"evaluate run {PAIRS} --list no.txt": "no.txt",
    f"evaluate run {PAIRS} --device gpu": "is no device",
    f"evaluate run {PAIRS} --json there.txt": "exists already",
    "predict no images/a.tif --out maps": "does not exist",
    "predict run no.tif --out maps": "does not exist",
    "predict run grey/a.tif --out maps": "needs the bands",
    "predict run images/a.tif --bands 1,2 --out maps": "2 bands are chosen",
    "predict run images/a.tif --window 0,0,99,99 --out maps": "reaches",
    "predict run images/a.tif --device gpu --out maps": "is no device",
    "predict run images/a.tif --backend torch --precision int8 --out maps": "not in int8",
    "predict run images/a.tif --backend openvino --device cuda --out maps": "on the processor",
    "predict far images/a.tif --out maps": "more than 20",
    "predict fine images/a.tif --out maps": "give --large",
    "predict fine images/a.tif images/a.tif --large --out maps": "2 rasters are called a",
    f"evaluate far {PAIRS}": "more than 20",
    f"evaluate fine {PAIRS}": "give --large",
    "export onnx no --out new.onnx": "does not exist",
    "export onnx run --out there.txt": "exists already",
    "export onnx run --out new.onnx --tile 33": "multiple of 16",
    "export png no.tif --out new.png --style index": "no.tif",
    f"{TRAIN} --from no": "does not exist",
    f"{TRAIN} --from run --model unet32": "run has unet16, not unet32",
    f"{TRAIN} --resume": "no run that can be resumed",
    f"{TRAIN} --model no": "there is no network",
    f"{TRAIN} --set no=1": "there is no setting",
    f"{TRAIN} --device gpu": "is no device",
    f"train {PAIRS} --classes no --out new": "neither a class file nor a preset",
    f"train {PAIRS} --classes classes.json --out run": "is not empty",
    "train --images nothing --masks masks --classes classes.json --out new": "holds no image",
    "train --images no --masks masks --classes classes.json --out new": "does not exist",
    f"{TRAIN} --train-list there.txt": "no_such_stem",
    f"{TRAIN} --bands 1,9": "9",
    "train --project no.landseg --out new": "no.landseg",
    "train --landcover-ai nothing --classes landcover-ai --out new": "nothing",
    "project info no.landseg": "no.landseg",
    "project new new.landseg --classes no": "neither a class file nor a preset",
    "demo --out there.txt/x --no-window": "cannot",
    "predict run images/a.tif --out m\udce4ps": "m\ufffdps/a_mask.tif cannot be written: the name is not UTF-8",
    f"train {PAIRS} --classes classes.json --out n\udce4w": "n\ufffdw cannot be written: the name is not UTF-8",
    "demo --out d\udce4mo --no-window": "the name is not UTF-8",
    "predict run images/a.tif --out there.txt/x": "x cannot be made: Not a directory",
    f"train {PAIRS} --classes classes.json --out there.txt/x": "x cannot be",
    "predict run images/a.tif --out http://127.0.0.1/m": "it is an address and not a path on this computer",
    f"train {PAIRS} --classes classes.json --out /vsicurl/m": "it is an address and not a path on this computer",
}


def test_nothing_that_can_be_known_loads_torch(place: Path) -> None:
    (place / "demo" / "run").mkdir(parents=True)
    (place / "demo" / "run" / "config.json").write_text("{}")
    cases = CASES | {"demo --out demo --no-window": "is not empty"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        input=json.dumps([case.split() for case in cases]),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for (case, part), (code, said, loaded) in zip(cases.items(), json.loads(done.stdout), strict=True):
        assert loaded == [], f"landseg {case}"
        assert part in " ".join(said.replace("│", " ").split()), f"landseg {case}: {said}"
        assert code == 0 if case in {"models", "runs run"} else code in {1, 2}, f"landseg {case}"
    assert not (place / "new").exists()
    assert not (place / "maps").exists()
    assert not any("\udce4" in str(path) for path in place.iterdir())


def test_the_catalogue_knows_what_its_networks_tell() -> None:
    from landseg_core.models.catalog import CATALOG

    for name, architecture in CATALOG.items():
        if architecture.stride is not None:
            assert architecture.build(3, 2).stride == architecture.stride, name

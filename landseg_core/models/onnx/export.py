"""Writes a model as an ONNX file, in the form that the QGIS plugin Deepness needs, or for other programs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from landseg_core.errors import ModelError
from landseg_core.events import JobControl, Notice, OnEvent, ignore_event
from landseg_core.input_files import AnyPath
from landseg_core.messages import N_
from landseg_core.models.bundle import ModelBundle
from landseg_core.models.catalog import CATALOG
from landseg_core.models.header import model_path, read_header
from landseg_core.models.onnx.metadata import OnnxForm, input_scale, notices
from landseg_core.output_files import OutputFiles, cannot_finish
from landseg_core.progress import ProgressMeter

if TYPE_CHECKING:
    import onnx

TILE = 512
"""The default side of the square input of an exported graph, in px."""

MAX_TILE = 2048
"""The largest such side in px: tracing runs the network once, for which the widest one needs some gigabytes."""


def export_onnx(
    model: AnyPath,
    out: AnyPath,
    tile: int | None = TILE,
    overwrite: bool = False,
    on_event: OnEvent = ignore_event,
    control: JobControl | None = None,
) -> None:
    """Write the model file `model`, or the one in that run's folder, as ONNX.

    The graph maps (1, bands, tile, tile) float32 - any height and width where `tile` is None - to the class
    probabilities, (1, classes, tile, tile) float32. 8-bit images are to be divided by 255, others used as they are.

    Raises:
        ModelError: the model cannot be loaded, `tile` does not suit its network, or the package onnx is missing.
        OutputError: `out` exists already or cannot be written.
        JobStopped: `control` asked for it.
    """
    out = Path(out)
    control = control or JobControl()
    _require_onnx()
    found = model_path(model)
    with OutputFiles(overwrite=overwrite, inputs=[found]) as outputs:
        unfinished = outputs.add(out)
        _require_tile_of_catalogue(tile, read_header(found).architecture)
        meter = ProgressMeter(N_("exporting {file}", file=out.name), 3, on_event)
        graph = _described_graph(ModelBundle.load(found), tile, on_event, control, meter)
        _write(graph, unfinished, out)
        meter.add(1)
        control.checkpoint()


def _described_graph(
    bundle: ModelBundle, tile: int | None, on_event: OnEvent, control: JobControl, meter: ProgressMeter
) -> onnx.ModelProto:
    from landseg_core.models.onnx.graph import ProbabilityNetwork, trace_graph

    header = bundle.header
    network = ProbabilityNetwork(bundle, input_scale(header))
    form = OnnxForm(header, tile, network.network.stride)
    _require_tile(tile, form.multiple, header.architecture)
    meter.add(1)
    control.checkpoint()
    graph = trace_graph(network, len(header.bands), tile)
    _describe(graph, form)
    for sentence in notices(header, tile):
        on_event(Notice(sentence))
    meter.add(1)
    control.checkpoint()
    return graph


def _require_onnx() -> None:
    if find_spec("onnx") is None:
        raise ModelError(
            N_("the ONNX export needs the package onnx, which is not installed; run: pip install 'landseg[onnx]'")
        )


def _require_tile_of_catalogue(tile: int | None, architecture: str) -> None:
    """Check the tile before torch is loaded, where the catalogue knows the network's grid."""
    stride = CATALOG[architecture].stride
    if stride is not None:
        _require_tile(tile, stride, architecture)


def _require_tile(tile: int | None, stride: int, architecture: str) -> None:
    if tile is None or (0 < tile <= MAX_TILE and tile % stride == 0):
        return
    raise ModelError(
        N_(
            "a tile of {tile} px does not work with the network {architecture}; choose a multiple of "
            "{stride} from {stride} to {max_tile}",
            tile=tile,
            architecture=architecture,
            stride=stride,
            max_tile=MAX_TILE,
        )
    )


def _describe(graph: onnx.ModelProto, form: OnnxForm) -> None:
    import onnx

    graph.doc_string = f"Land cover: {', '.join(form.header.schema.names)}"
    onnx.helper.set_model_props(graph, form.metadata())


def _write(graph: onnx.ModelProto, unfinished: Path, out: Path) -> None:
    try:
        unfinished.write_bytes(graph.SerializeToString())
    except OSError as error:
        raise cannot_finish(out, error) from error

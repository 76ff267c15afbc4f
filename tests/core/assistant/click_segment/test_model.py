"""What is clicked is segmented, with models whose masks are circles around the clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.click_models import RADIUS, SIDE, sam2_pair, sam_decoder, sam_encoder, sam_pair

from landseg_core.assistant.click_segment import runtime
from landseg_core.assistant.click_segment.frame import Crop
from landseg_core.assistant.click_segment.model import Click, ClickModel, Segment
from landseg_core.errors import JobStopped, ModelError
from landseg_core.events import JobControl
from landseg_core.geo.window import PixelWindow

PAIRS: dict[str, Callable[[Path], tuple[Path, Path]]] = {
    "SAM": sam_pair,
    "SAM that is normalised outside": lambda folder: sam_pair(folder, channels_last=False),
    "SAM 2": sam2_pair,
}
X, Y, SCALE = 1000, 2000, 2
CLICK = Click(1101.0, 2061.0)


@pytest.fixture(scope="module", params=PAIRS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ClickModel:
    return ClickModel(*PAIRS[request.param](tmp_path_factory.mktemp("models")))


def crop(width: int = 160, height: int = 90, x: int = X, y: int = Y, scale: int = SCALE) -> Crop:
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Crop(rgb, x, y, scale)


def expected(
    model: ClickModel, view: Crop, clicks: list[Click], radius: float = RADIUS
) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels of a crop are segmented, and which of them lie too near the edge to be sure."""
    height, width = view.rgb.shape[:2]
    frame = model.pair.frame((width, height))
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = frame.position((columns, rows))

    def nearness(on: bool) -> np.ndarray:
        near = np.full(columns.shape, -np.inf)
        for click in clicks:
            if click.on == on and (at := view.inside((click.x, click.y))):
                a, b = frame.position(at)
                near = np.maximum(near, radius - np.hypot(x - a, y - b))
        return near

    found = np.minimum(nearness(on=True), -nearness(on=False))
    return found > 0, np.abs(found) < SIDE / model.pair.cells / 2


def mask_of(view: Crop, segment: Segment | None) -> np.ndarray:
    height, width = view.rgb.shape[:2]
    window = PixelWindow(view.x, view.y, width * view.scale, height * view.scale)
    if segment is None or segment.region is None:
        return np.zeros((height, width), bool)
    mask = segment.region.mask(window)
    squares = mask.reshape(height, view.scale, width, view.scale)
    assert (squares.all((1, 3)) == squares.any((1, 3))).all()
    return squares.any((1, 3))


def check(model: ClickModel, view: Crop, clicks: list[Click], segment: Segment | None, radius: float = RADIUS) -> None:
    mask, unsure = expected(model, view, clicks, radius)
    assert (mask_of(view, segment) == mask)[~unsure].all()


def test_a_click_segments_what_the_model_says(model: ClickModel) -> None:
    view = crop()
    segment = model.segment(model.encode(view), [CLICK])
    check(model, view, [CLICK], segment)
    assert mask_of(view, segment)[30, 50]


def test_the_decoder_is_asked_for_the_very_position(model: ClickModel) -> None:
    """The logits of these models are the radius squared less the distance squared, from the centres of their cells."""
    view, encoded = crop(), model.encode(crop())
    x, y = encoded.frame.position(view.inside(CLICK[:2]))
    centres = (np.arange(model.pair.cells) + 0.5) * SIDE / model.pair.cells
    distances = (centres - x) ** 2 + (centres[:, np.newaxis] - y) ** 2
    assert model.segment(encoded, [CLICK]).logits[0, 0] == pytest.approx(RADIUS**2 - distances, rel=1e-5, abs=1e-2)


@settings(max_examples=10)
@given(st.integers(20, 300), st.integers(20, 300), st.sampled_from((1, 4)), st.data())
def test_the_clicked_pixel_is_segmented_in_any_crop(
    model: ClickModel, width: int, height: int, scale: int, data: st.DataObject
) -> None:
    view = crop(width, height, data.draw(st.integers(0, 500)), 7, scale)
    column, row = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    click = Click(view.x + (column + 0.5) * scale, view.y + (row + 0.5) * scale)
    segment = model.segment(model.encode(view), [click])
    check(model, view, [click], segment)
    assert mask_of(view, segment)[row, column]


def test_a_click_on_something_else_takes_that_away(model: ClickModel) -> None:
    view = crop()
    clicks = [CLICK, Click(1115.0, 2071.0, on=False)]
    encoded = model.encode(view)
    segment = model.segment(encoded, clicks, model.segment(encoded, clicks[:1]))
    check(model, view, clicks, segment)
    assert not mask_of(view, segment)[35, 57]


def test_the_former_answer_is_fed_back(model: ClickModel) -> None:
    """These models keep what the former answer holds, and know nothing of the clicks before."""
    view, encoded = crop(), model.encode(crop())
    first, second = CLICK, Click(1250.0, 2100.0)
    check(model, view, [second], model.segment(encoded, [second]))
    refined = model.segment(encoded, [second], model.segment(encoded, [first]))
    check(model, view, [first, second], refined)


def test_clicks_outside_the_crop_do_not_count(model: ClickModel) -> None:
    view, encoded = crop(), model.encode(crop())
    outside = Click(X - 5.0, Y + 10.0)
    check(model, view, [CLICK], model.segment(encoded, [CLICK, outside]))
    assert model.segment(encoded, [outside]) is None
    assert model.segment(encoded, [outside, Click(*CLICK[:2], on=False)]) is None
    assert model.segment(encoded, []) is None


def test_what_is_taken_away_altogether_is_no_region(model: ClickModel) -> None:
    encoded = model.encode(crop())
    segment = model.segment(encoded, [CLICK, Click(*CLICK[:2], on=False)])
    assert segment.region is None
    assert segment.rings == ()


def test_the_outline_goes_around_the_region(model: ClickModel) -> None:
    segment = model.segment(model.encode(crop()), [CLICK])
    (ring,) = segment.rings
    bounds = segment.region.bounds
    columns, rows = zip(*ring, strict=True)
    assert (min(columns) - bounds.x, bounds.right - max(columns)) == (SCALE / 4, SCALE / 4)
    assert (min(rows) - bounds.y, bounds.bottom - max(rows)) == (SCALE / 4, SCALE / 4)


@pytest.mark.parametrize(("clicks", "radius"), [([CLICK], RADIUS), ([CLICK, Click(1250.0, 2100.0)], RADIUS / 2)])
def test_of_four_masks_the_first_is_for_many_clicks(tmp_path: Path, clicks: list[Click], radius: float) -> None:
    model = ClickModel(*sam_pair(tmp_path, masks=4))
    check(model, crop(), clicks, model.segment(model.encode(crop()), clicks), radius)


def test_the_encoder_sees_the_pixels_of_the_crop(tmp_path: Path) -> None:
    model = ClickModel(*sam_pair(tmp_path))
    rgb = np.zeros((64, 128, 3), np.uint8)
    rgb[:16, 112:] = (255, 51, 0)
    (found,) = model.encode(Crop(rgb, 0, 0)).features.values()
    expected = np.zeros((1, 3, 8, 8), np.float32)
    expected[0, :, 0, 7] = 1, 0.2, 0  # red, green, blue; the rest is black, or zero below the crop
    assert found == pytest.approx(expected, abs=1e-6)


def test_openvino_gives_the_answers_of_onnx_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair, view, clicks = sam_pair(tmp_path), crop(), [CLICK, Click(1115.0, 2071.0, on=False)]
    models = [ClickModel(*pair)]
    monkeypatch.setattr(runtime, "RUNTIMES", runtime.RUNTIMES[1:])
    models.append(ClickModel(*pair))
    one, other = (model.segment(model.encode(view), clicks).logits for model in models)
    assert one == pytest.approx(other, rel=1e-4, abs=1e-3)


def test_a_decoder_that_gives_other_masks_than_it_says_is_refused(tmp_path: Path) -> None:
    encoder, decoder = sam_pair(tmp_path)
    model = ClickModel(encoder, decoder)
    object.__setattr__(model.pair, "side", SIDE * 2)  # masks of another size than expected
    with pytest.raises(ModelError, match=r"choose another"):
        model.segment(model.encode(crop()), [CLICK])


def test_a_stopped_job_does_not_encode(model: ClickModel) -> None:
    control = JobControl()
    control.stop()
    with pytest.raises(JobStopped):
        model.encode(crop(), control)


def test_files_of_different_models_are_refused(tmp_path: Path) -> None:
    encoder, decoder = sam_encoder(tmp_path / "e.onnx", 64), sam_decoder(tmp_path / "d.onnx")
    with pytest.raises(ModelError, match="of different sizes"):
        ClickModel(encoder, decoder)
    with pytest.raises(ModelError, match=r"e\.onnx is not a decoder of SAM or SAM 2"):
        ClickModel(decoder, encoder)

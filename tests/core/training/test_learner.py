from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from landseg_core.compute.devices import Precision, precision_for
from landseg_core.models.catalog import build_model
from landseg_core.models.normalisation import Normalisation
from landseg_core.models.weights import weights_of
from landseg_core.runs.config import TrainConfig
from landseg_core.training.learner import Learner
from landseg_core.training.network import Network

CPU = torch.device("cpu")


def a_learner(config: TrainConfig, seed: int = 0) -> Learner:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(config.model, 3, 3)
    normalisation = Normalisation((128.0,) * 3, (50.0,) * 3)
    return Learner(Network(model, normalisation, CPU, precision_for(CPU, config.precision)), config)


def a_batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (2, 3, 32, 32), np.uint8), rng.integers(0, 3, (2, 32, 32)).astype(np.uint8)


def test_learns_a_batch_by_heart(config: TrainConfig) -> None:
    learner, batch = a_learner(config), a_batch(0)
    losses = [learner.step(*batch, 0.01) for _ in range(25)]
    assert losses[-1] < 0.9 * losses[0]


def test_a_restored_learner_goes_on_to_the_bit(config: TrainConfig) -> None:
    first, second = a_learner(config), a_learner(config, seed=1)
    for number in range(3):
        first.step(*a_batch(number), 0.01)
    second.restore(first.tensors())
    for number in range(3, 6):
        assert first.step(*a_batch(number), 0.01) == second.step(*a_batch(number), 0.01)
    for name, value in weights_of(first.network.model).items():
        assert torch.equal(value, weights_of(second.network.model)[name])


def test_the_random_numbers_are_restored_too(config: TrainConfig) -> None:
    learner = a_learner(config)
    with torch.random.fork_rng():
        learner.step(*a_batch(0), 0.01)
        tensors = learner.tensors()
        expected = torch.rand(2)
        torch.rand(5)
        learner.restore(tensors)
        assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("change", [{"optimiser.head.bias.exp_avg": torch.zeros(9)}, {"weights.head.bias": None}])
def test_tensors_of_another_network_are_refused(change: dict[str, torch.Tensor | None], config: TrainConfig) -> None:
    learner = a_learner(config)
    learner.step(*a_batch(0), 0.01)
    tensors = {name: value for name, value in (learner.tensors() | change).items() if value is not None}
    with pytest.raises((KeyError, RuntimeError)):
        learner.restore(tensors)


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_step_that_is_not_finite_is_left_out(where: str, config: TrainConfig) -> None:
    learner = a_learner(config)
    head = learner.network.model.head
    if where == "loss":
        head.bias.data[0] = math.nan
    else:
        head.weight.register_hook(lambda gradient: gradient * math.inf)
    before = weights_of(learner.network.model)
    assert math.isnan(learner.step(*a_batch(0), 0.01))
    after = weights_of(learner.network.model)
    trainable = [name for name, parameter in learner.network.model.named_parameters() if parameter.requires_grad]
    assert all(torch.equal(before[name], after[name]) or before[name].isnan().any() for name in trainable)


def test_only_convolutions_decay(config: TrainConfig) -> None:
    learner = a_learner(config.model_copy(update={"weight_decay": 0.5}))
    decay = {id(p): group["weight_decay"] for group in learner._optimiser.param_groups for p in group["params"]}
    for name, parameter in learner.network.model.named_parameters():
        assert decay.pop(id(parameter)) == (0.5 if parameter.ndim == 4 else 0.0), name
    assert not decay


def a_scaled_learner(config: TrainConfig) -> Learner:
    """Return a learner that scales its gradients as in fp16."""
    precision = Precision("fp16", None, torch.contiguous_format, scaled=True)
    model = build_model(config.model, 3, 3)
    return Learner(Network(model, Normalisation((128.0,) * 3, (50.0,) * 3), CPU, precision), config)


def test_gradients_that_overflow_at_any_scale_are_not_finite(config: TrainConfig) -> None:
    learner = a_scaled_learner(config)
    learner.network.model.head.weight.register_hook(lambda gradient: gradient * math.inf)
    losses = [learner.step(*a_batch(0), 0.01) for _ in range(17)]
    assert not any(map(math.isnan, losses[:16]))  # 65536, halved 16 times, is 1
    assert math.isnan(losses[16])


def test_the_scale_of_gradients_is_restored(config: TrainConfig) -> None:
    first, second = a_scaled_learner(config), a_scaled_learner(config)
    handle = first.network.model.head.weight.register_hook(lambda gradient: gradient * math.inf)
    first.step(*a_batch(0), 0.01)
    handle.remove()
    first.step(*a_batch(1), 0.01)
    second.restore(first.tensors())
    assert second.tensors()["scaling"].tolist() == [32768.0, 1.0]


@pytest.mark.parametrize("model", ["tiny", "lite0"])
def test_a_frozen_network_says_the_same_and_leaves_the_other_as_it_is(model: str, config: TrainConfig) -> None:
    learner, (pixels, _) = a_learner(config.model_copy(update={"model": model})), a_batch(1)
    learner.step(*a_batch(0), 0.01)  # so that the norms have statistics
    before = weights_of(learner.network.model)
    frozen = learner.network.frozen()
    learner.network.model.eval()
    with torch.inference_mode():
        torch.testing.assert_close(frozen.logits(pixels), learner.network.logits(pixels), atol=1e-3, rtol=1e-3)
    assert all(torch.equal(value, before[name]) for name, value in weights_of(learner.network.model).items())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in frozen.model.modules())


def test_cutmix_follows_the_settings(config: TrainConfig) -> None:
    plain = config.model_copy(update={"colour_jitter": 0, "blur": 0, "cutmix": 0})
    pixels, labels = a_batch(0)
    pixels[:], labels[:] = np.array([0, 255])[:, None, None, None], np.array([0, 1])[:, None, None]

    def loss(cutmix: float) -> float:
        return a_learner(plain.model_copy(update={"cutmix": cutmix})).step(pixels, labels, 0.01)

    assert loss(0) == loss(0)
    assert loss(1) != loss(0)


def test_a_gpu_leaves_out_a_step_that_is_not_finite_and_reports_it_later(config: TrainConfig) -> None:
    learner, yes, no = a_learner(config), torch.ones(()).bool(), torch.zeros(()).bool()
    learner._gradients(*a_batch(0), seed=(0,))
    before = weights_of(learner.network.model)
    assert learner._descend_on_gpu(no)
    assert all(torch.equal(value, before[name]) for name, value in weights_of(learner.network.model).items())
    assert not learner._descend_on_gpu(yes)
    assert any(not torch.equal(value, before[name]) for name, value in weights_of(learner.network.model).items())
    assert learner._descend_on_gpu(yes)

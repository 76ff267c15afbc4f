"""What a run tells of itself when it begins."""

from __future__ import annotations

from landseg_core.data.areas import pixels
from landseg_core.events import RunStarted
from landseg_core.training.state import RunState


def run_started(state: RunState, steps_per_epoch: int) -> RunStarted:
    """Return the event that opens a run in `state`, or opens it again."""
    config, data, network = state.config, state.data, state.learner.network
    return RunStarted(
        model=config.model,
        parameters=sum(parameter.numel() for parameter in network.model.parameters()),
        device=str(network.device),
        precision=network.precision.name,
        classes=data.schema.names,
        train_pixels=pixels(data.train),
        val_pixels=pixels(data.val),
        epochs=config.epochs,
        minutes=config.minutes,
        steps_per_epoch=steps_per_epoch,
        batch=config.batch,
        chip=config.chip,
        first_step=state.position.step,
    )

from __future__ import annotations

import pytest
import torch
from support.training import config, data, folders, tiny

__all__ = ["config", "data", "folders", "tiny"]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _small_network(tiny: str) -> None:
    """The catalogue has the network for tests, whichever test loads a model of it."""

from __future__ import annotations

import pytest
from support.label_rasters import DictStore


@pytest.fixture
def store() -> DictStore:
    return DictStore()

from __future__ import annotations

from collections.abc import Iterator

import pytest

from landseg_gui.jobs.runner import JobRunner


@pytest.fixture
def runner(qapp) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shut_down(30)

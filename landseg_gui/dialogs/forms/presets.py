"""Ready-made choices of network and duration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landseg_core.messages import N_


@dataclass(frozen=True)
class Preset:
    """A choice: its title, its settings, and what to expect of it."""

    title: str
    settings: Mapping[str, Any]
    expect: str

    def matches(self, settings: Mapping[str, Any]) -> bool:
        """Return whether `settings` are those of this choice."""
        return all(settings.get(name) == value for name, value in self.settings.items())


PRESETS = (
    Preset(
        N_("Quick"), {"model": "lite0", "minutes": 2.0}, N_("A first look: large areas are right, edges are coarse.")
    ),
    Preset(N_("Balanced"), {"model": "lite0", "minutes": 10.0}, N_("A good choice for few labels.")),
    Preset(
        N_("Thorough"),
        {"model": "lite0", "minutes": 60.0},
        N_("For many labels: improves rare classes and edges most."),
    ),
)
DEFAULT_PRESET = PRESETS[1]
CUSTOM, CUSTOM_EXPECT = N_("Custom"), N_("Network and duration as chosen below.")


def preset_of(settings: Mapping[str, Any]) -> Preset | None:
    """Return the preset that has these `settings`, or None."""
    return next((preset for preset in PRESETS if preset.matches(settings)), None)

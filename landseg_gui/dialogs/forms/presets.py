"""Ready choices of network and time, for those who do not want to choose themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landseg_core.messages import N_


@dataclass(frozen=True)
class Preset:
    """What a choice is called, the settings that it makes, and what to expect of it."""

    title: str
    settings: Mapping[str, Any]
    expect: str

    def matches(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether `settings` are those of this choice."""
        return all(settings.get(name) == value for name, value in self.settings.items())


PRESETS = (
    Preset(
        N_("Quick"), {"model": "lite0", "minutes": 3.0}, N_("A first look: large areas come right, edges are coarse.")
    ),
    Preset(N_("Balanced"), {"model": "lite0", "minutes": 10.0}, N_("Most of what there is to learn from few labels.")),
    Preset(
        N_("Thorough"), {"model": "lite0", "minutes": 60.0}, N_("For many labels: rare classes and edges gain most.")
    ),
)
DEFAULT_PRESET = PRESETS[1]
CUSTOM, CUSTOM_EXPECT = "Custom", "Network and length as you choose them below."


def preset_of(settings: Mapping[str, Any]) -> Preset | None:
    """Return the preset that `settings` are those of, or None."""
    return next((preset for preset in PRESETS if preset.matches(settings)), None)

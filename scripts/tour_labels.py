"""What the tour labels on the orthophoto of Brig: class, tool and positions, in px of the orthophoto."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gesture:
    """A polygon by its vertices, or a brush stroke by the places that it goes through."""

    name: str
    tool: str
    places: tuple[tuple[int, int], ...]


CLASSES = "landcover-ai"
BRUSH_PX = 40
GESTURES = (
    Gesture("woodland", "polygon", ((1514, 2828), (2256, 2404), (2573, 2828), (1726, 3357))),
    Gesture("woodland", "polygon", ((5433, 1345), (5962, 1239), (5962, 1663), (5486, 1769))),
    Gesture("background", "polygon", ((3368, 4416), (3897, 4151), (4003, 4395), (3474, 4681))),
    Gesture("background", "polygon", ((2256, 1239), (2891, 868), (3050, 974), (2467, 1345))),
    Gesture("building", "polygon", ((360, 5708), (773, 5496), (921, 5740), (519, 5983))),
    Gesture("water", "polygon", ((1726, 4482), (3060, 3840), (3090, 3890), (1779, 4570))),
    Gesture("water", "polygon", ((5856, 2407), (6880, 1990), (6900, 2040), (5890, 2470))),
    Gesture("water", "polygon", ((4799, 2907), (5434, 2643), (6122, 2351), (5964, 2497), (5302, 2788), (4879, 2973))),
)
"""Far from each other, over the whole image."""
CLICKS: tuple[tuple[str, tuple[int, int]], ...] = (
    ("water", (5431, 2714)),
    ("building", (6633, 3214)),
    ("road", (5574, 3357)),
    ("woodland", (5562, 3476)),
    ("background", (6157, 3310)),
    ("background", (5180, 3560)),
    ("building", (6371, 3310)),
    ("background", (6490, 3580)),
    ("woodland", (6824, 3547)),
    ("road", (5395, 3107)),
    ("building", (5610, 3833)),
    ("background", (6000, 3600)),
    ("road", (7038, 3524)),
    ("building", (6324, 2929)),
    ("water", (5800, 2500)),
    ("building", (6002, 3893)),
    ("woodland", (7062, 2976)),
)
"""Cells in the close view: class and position."""
REGIONS = ((5600, 2620),)
"""Where the suggestion is accepted by a click."""
ANSWER = "woodland"
"""What the first area is that landseg asks about then."""

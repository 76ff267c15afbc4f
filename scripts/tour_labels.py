"""What the tour paints on the orthophoto of Brig: class, tool and places, in px of the orthophoto."""

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
    Gesture(
        "building", "polygon", ((6551, 3119), (6678, 3066), (6797, 3119), (6824, 3225), (6731, 3317), (6599, 3278))
    ),
    Gesture("building", "polygon", ((6265, 3161), (6313, 3140), (6472, 3383), (6440, 3450))),
    Gesture("building", "polygon", ((6228, 2934), (6374, 2894), (6387, 2934), (6241, 2992))),
    Gesture("building", "polygon", ((5937, 3873), (6017, 3833), (6083, 3926), (6003, 3979))),
    Gesture("background", "polygon", ((5090, 3291), (5196, 3278), (5408, 3542), (5236, 3767), (4985, 3542))),
    Gesture("background", "polygon", ((6017, 3278), (6162, 3225), (6175, 3383), (6122, 3595), (6083, 3595))),
    Gesture("woodland", "brush", ((5739, 3569), (5765, 3503), (5699, 3489))),
    Gesture("woodland", "brush", ((6228, 3926), (6360, 3860), (6493, 3793))),
    Gesture("road", "brush", ((6943, 3595), (7022, 3516), (7128, 3383))),
    Gesture("road", "brush", ((6334, 3952), (6493, 3860), (6652, 3727), (6757, 3674))),
    Gesture("road", "brush", ((5501, 3489), (5580, 3357), (5699, 3238), (5884, 3092), (6069, 2939))),
)

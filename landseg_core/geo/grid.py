"""Size, transform and CRS of a raster: where its pixels are on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pyproj
from affine import Affine
from rasterio.crs import CRS

from landseg_core.geo.control import GroundControl
from landseg_core.geo.window import PixelWindow
from landseg_core.messages import N_

FINEST_M, COARSEST_M = 1e-6, 1e7
"""The finest and the coarsest plausible ground resolution, in metres."""


@dataclass(frozen=True)
class RasterGrid:
    """A raster's size in px, the affine transform from (column, row) to CRS coordinates, and its CRS if any.

    `control` georeferences an image without a transform. It is passed on to maps of that image; landseg itself uses
    such an image in pixel coordinates.
    """

    width: int
    height: int
    transform: Affine
    crs: CRS | None
    control: GroundControl | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        ground = self.ground_resolution()
        parts = (f"{self.width} x {self.height} px", self.crs_name or "no CRS", f"{ground:.3g} m" if ground else "")
        return f"<RasterGrid {', '.join(filter(None, parts))}>"

    @property
    def window(self) -> PixelWindow:
        """Return the window of the whole raster."""
        return PixelWindow(0, 0, self.width, self.height)

    @property
    def is_georeferenced(self) -> bool:
        """Return whether the transform is more than plain pixel coordinates."""
        return not self.transform.is_identity

    @property
    def is_north_up(self) -> bool:
        """Return whether north is up and east is right."""
        across, down = (self.transform.a, self.transform.d), (self.transform.b, self.transform.e)
        return self.crs is not None and across[0] > 0 > down[1] and across[1] == down[0] == 0

    @property
    def crs_name(self) -> str:
        """Return the name of the CRS, such as `EPSG:32632`; nothing where there is none."""
        code = self.crs.to_epsg() if self.crs else None
        return f"EPSG:{code}" if code else N_("custom CRS") if self.crs else ""

    def crop(self, window: PixelWindow) -> RasterGrid:
        """Return the grid of `window`: its size, and the transform, control points and RPC shifted to its corner."""
        control = self.control and self.control.cropped(window.x, window.y)
        by_control = control is not None and not self.is_georeferenced
        shift = Affine.identity() if by_control else Affine.translation(window.x, window.y)
        return RasterGrid(window.width, window.height, self.transform @ shift, self.crs, control)

    def resized(self, width: int, height: int) -> RasterGrid:
        """Return a grid of `width` x `height` px over the same area."""
        scale = Affine.scale(self.width / width, self.height / height)
        control = self.control and self.control.scaled(width / self.width, height / self.height)
        return RasterGrid(width, height, self.transform @ scale, self.crs, control)

    def to_crs(self, column: float, row: float) -> tuple[float, float]:
        """Return the CRS coordinates of a point given in pixels, (0, 0) being the upper left corner."""
        x, y = self.transform @ (column, row)
        return float(x), float(y)

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return the (column, row) of a point given in CRS coordinates."""
        column, row = ~self.transform @ (x, y)
        return float(column), float(row)

    def matches(self, other: RasterGrid) -> bool:
        """Return whether the pixels of both coincide: same size, and same position where both are georeferenced.

        Corners may differ by a hundredth of a pixel: formats round their transforms.
        """
        if (self.width, self.height) != (other.width, other.height):
            return False
        if not (self.is_georeferenced and other.is_georeferenced):
            return True
        if self.crs and other.crs and self.crs != other.crs:
            return False
        return self._corners_agree(other)

    def is_same(self, other: RasterGrid) -> bool:
        """Return whether both are one grid: same size, position and CRS, or both without georeference."""
        if (self.width, self.height) != (other.width, other.height) or not _same_crs(self.crs, other.crs):
            return False
        return self.is_georeferenced == other.is_georeferenced and self._corners_agree(other)

    def _corners_agree(self, other: RasterGrid) -> bool:
        corners = [(0, 0), (self.width, 0), (0, self.height), (self.width, self.height)]
        offsets = [math.dist(self.to_pixel(*other.to_crs(*corner)), corner) for corner in corners]
        return max(offsets) < 0.01

    def window_of(self, other: RasterGrid) -> PixelWindow | None:
        """Return the window of this grid whose pixels are those of `other`, or None where they do not match.

        The position of a cut-out comes from its transform, which is in pixels in a grid without CRS, or from control
        points that it shares with this grid. A cut-out with neither has no window, except in a grid of its own size:
        any corner would be a guess.
        """
        if other.matches(self):
            return self.window
        corner = self._corner_of(other)
        if corner is None:
            return None
        column, row = corner
        if not (math.isfinite(column) and math.isfinite(row)):
            return None
        window = PixelWindow(round(column), round(row), other.width, other.height)
        return window if self.crop(window).matches(other) and window.intersection(self.window) else None

    def _corner_of(self, other: RasterGrid) -> tuple[float, float] | None:
        """Return the (column, row) of the upper left corner of `other` in this grid, if that is known."""
        if other.is_georeferenced:
            return self.to_pixel(*other.to_crs(0, 0))
        if self.is_georeferenced or self.control is None or other.control is None:
            return None
        return self.control.offset_of(other.control)

    def ground_resolution(self) -> float | None:
        """Return the side of a pixel at the image's centre in true metres on the ground, or None if it is unknown.

        A size outside `FINEST_M` to `COARSEST_M` counts as unknown.

        The root of the pixel's area: its sides are geodesics on the CRS's own ellipsoid (Karney, "Algorithms for
        geodesics", 2013, by pyproj), so that EPSG:3857, degrees, feet and rotated grids come out right. A local CRS,
        such as that of a building site, has no ellipsoid: there the plane is the ground.
        """
        metres = self._metres_per_pixel()
        return metres if metres is not None and FINEST_M <= metres <= COARSEST_M else None

    def _metres_per_pixel(self) -> float | None:
        if self.crs is None or not self.is_georeferenced:
            return None
        earth = on_ellipsoid(self.crs)
        if earth is None:
            metres = local_unit(self.crs)
            return metres and math.sqrt(abs(self.transform.determinant)) * metres
        geod, to_degrees = earth
        middle = (self.width / 2, self.height / 2)
        across = self._geodesic(geod, to_degrees, middle, (1.0, 0.0))
        down = self._geodesic(geod, to_degrees, middle, (0.0, 1.0))
        sine = abs(math.sin(math.radians(across[1] - down[1])))
        area = across[0] * down[0] * sine
        return math.sqrt(area) if math.isfinite(area) and area > 0 else None

    def _geodesic(
        self,
        geod: pyproj.Geod,
        to_degrees: pyproj.Transformer,
        middle: tuple[float, float],
        step: tuple[float, float],
    ) -> tuple[float, float]:
        """Return length (m) and azimuth (degrees) of the line one `step` long, centred on `middle`."""
        ends = [
            to_degrees.transform(*self.to_crs(middle[0] + sign * step[0] / 2, middle[1] + sign * step[1] / 2))
            for sign in (-1, 1)
        ]
        azimuth, _, length = geod.inv(*ends[0], *ends[1])
        return float(length), float(azimuth)


def usable_transform(transform: Affine) -> Affine:
    """Return the transform of a file, or the identity where pixels would have no area, or no finite position.

    Damaged files and careless exports have such transforms; the image can be shown, but is not georeferenced.
    """
    sound = all(map(math.isfinite, transform[:6])) and not transform.is_degenerate
    return transform if sound else Affine.identity()


def _same_crs(one: CRS | None, other: CRS | None) -> bool:
    """Return whether both are the same CRS, or none; what is lost when a CRS is stored as WKT makes no difference."""
    return one == other or (one is not None and other is not None and one.to_wkt() == other.to_wkt())


def on_ellipsoid(crs: CRS) -> tuple[pyproj.Geod, pyproj.Transformer] | None:
    """Return the ellipsoid of a CRS and the transformation of x, y to degrees on it; None without a valid ellipsoid.

    GDAL keeps whatever a file says, such as a latitude of 400 degrees; PROJ refuses to compute with that.
    """
    try:
        projected = pyproj.CRS.from_wkt(crs.to_wkt())
        geodetic, geod = projected.geodetic_crs, projected.get_geod()
        if geodetic is None or geod is None:
            return None
        return geod, pyproj.Transformer.from_crs(projected, geodetic, always_xy=True)
    except pyproj.exceptions.ProjError:
        return None


def local_unit(crs: CRS) -> float | None:
    """Return the length in metres of the unit of a local CRS, one without an ellipsoid; None if that is unknown."""
    try:
        return _local_unit(pyproj.CRS.from_wkt(crs.to_wkt()))
    except pyproj.exceptions.ProjError:
        return None


def _local_unit(crs: pyproj.CRS) -> float | None:
    if crs.geodetic_crs is not None or not crs.is_engineering or "undefined" in crs.name.lower():
        return None
    units = {axis.unit_conversion_factor for axis in crs.axis_info if axis.unit_name.lower() != "unknown"}
    return units.pop() if len(units) == 1 else None

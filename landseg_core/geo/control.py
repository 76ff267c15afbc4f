"""Georeference of an image without a transform: ground control points, or the rational polynomials of its sensor."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from landseg_core.messages import N_, Text

_NEAR_PX = 0.01


@dataclass(frozen=True)
class ControlPoint:
    """A point of the image, in px from its upper left corner, and where it lies on the ground in the points' CRS."""

    column: float
    row: float
    x: float
    y: float
    z: float | None = None


@dataclass(frozen=True)
class GroundControl:
    """Ground control points with their CRS, and the RPC of a sensor (Grodecki and Dial, 2003) where there is one.

    Programs warp the image by them; there is no affine transform that says the same.
    """

    points: tuple[ControlPoint, ...] = ()
    crs: CRS | None = None
    rpc: RPC | None = None

    @classmethod
    def of(cls, dataset: Any) -> Self | None:
        """Return that of an open rasterio dataset; None where it has neither points nor RPC."""
        points, crs = dataset.gcps
        if not points and dataset.rpcs is None:
            return None
        return cls(tuple(ControlPoint(p.col, p.row, p.x, p.y, p.z) for p in points), crs or None, dataset.rpcs)

    @property
    def name(self) -> Text:
        """Return what it consists of, for a sentence."""
        count = len(self.points)
        if not count:
            return N_("RPC")
        if self.rpc is None:
            return N_("%n ground control points", n=count, one="1 ground control point")
        return N_("%n ground control points and RPC", n=count, one="1 ground control point and RPC")

    def cropped(self, column: float, row: float) -> GroundControl:
        """Return that of a part of the image whose upper left corner is at `column`, `row` (px)."""
        points = tuple(ControlPoint(p.column - column, p.row - row, p.x, p.y, p.z) for p in self.points)
        rpc = self.rpc and _changed(self.rpc, samp_off=self.rpc.samp_off - column, line_off=self.rpc.line_off - row)
        return GroundControl(points, self.crs, rpc)

    def offset_of(self, other: GroundControl) -> tuple[float, float] | None:
        """Return the (column, row) of the corner that `other` is a crop from, or None where it is none of this."""
        if other.points and len(other.points) == len(self.points):
            offset = (self.points[0].column - other.points[0].column, self.points[0].row - other.points[0].row)
        elif self.rpc is not None and other.rpc is not None:
            offset = (self.rpc.samp_off - other.rpc.samp_off, self.rpc.line_off - other.rpc.line_off)
        else:
            return None
        return offset if self.cropped(*offset).is_near(other) else None

    def is_near(self, other: GroundControl) -> bool:
        """Return whether both agree to a hundredth of a pixel."""
        if len(self.points) != len(other.points) or (self.rpc is None) != (other.rpc is None):
            return False
        return all(
            (here.x, here.y) == (there.x, there.y)
            and math.dist((here.column, here.row), (there.column, there.row)) < _NEAR_PX
            for here, there in zip(self.points, other.points, strict=True)
        ) and (self.rpc is None or _coefficients(self.rpc) == _coefficients(other.rpc))

    def scaled(self, across: float, down: float) -> GroundControl:
        """Return that of the image resampled to `across` times its width and `down` times its height.

        An RPC counts from the centre of the first pixel, control points from its corner.
        """
        points = tuple(ControlPoint(p.column * across, p.row * down, p.x, p.y, p.z) for p in self.points)
        rpc = self.rpc and _changed(
            self.rpc,
            samp_off=(self.rpc.samp_off + 0.5) * across - 0.5,
            line_off=(self.rpc.line_off + 0.5) * down - 0.5,
            samp_scale=self.rpc.samp_scale * across,
            line_scale=self.rpc.line_scale * down,
        )
        return GroundControl(points, self.crs, rpc)

    def write_to(self, dataset: Any) -> None:
        """Write it to an open rasterio dataset; only the RPC where that has a transform.

        A GeoTIFF holds either a transform or control points.
        """
        if self.points and dataset.transform.is_identity:
            points = [GroundControlPoint(p.row, p.column, p.x, p.y, p.z) for p in self.points]
            dataset.gcps = (points, self.crs or CRS())
        if self.rpc is not None:
            dataset.rpcs = self.rpc


def _changed(rpc: RPC, **values: float) -> RPC:
    other = copy(rpc)
    for name, value in values.items():
        setattr(other, name, value)
    return other


def _coefficients(rpc: RPC | None) -> list[object]:
    """Return what a crop does not change."""
    return [getattr(rpc, name) for name in ("line_num_coeff", "samp_num_coeff", "lat_off", "long_off", "height_off")]

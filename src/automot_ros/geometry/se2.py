"""Planar poses. `pose_a_to_b` is the pose of b seen from a: it carries coordinates in b to coordinates in a."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def wrap_angle(angle_rad: float) -> float:
    """The same angle in [-pi, pi)."""
    return (angle_rad + math.pi) % (2.0 * math.pi) - math.pi


@dataclass(frozen=True, slots=True)
class Pose2:
    """A planar pose: position in metres, yaw in radians counter-clockwise from x."""

    x_m: float
    y_m: float
    yaw_rad: float

    @property
    def position_m(self) -> Points:
        """(2,) position."""
        return np.array([self.x_m, self.y_m])

    @property
    def forward(self) -> Points:
        """(2,) unit vector of the x axis."""
        return np.array([math.cos(self.yaw_rad), math.sin(self.yaw_rad)])

    def apply(self, points_N2: Points) -> Points:
        """Carry (N, 2) points from this pose's frame to the frame it is seen from."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        p = np.asarray(points_N2, dtype=np.float64)
        return np.stack([self.x_m + c * p[..., 0] - s * p[..., 1], self.y_m + s * p[..., 0] + c * p[..., 1]], axis=-1)

    def inverse_apply(self, points_N2: Points) -> Points:
        """Carry (N, 2) points from the frame this pose is seen from into its own frame."""
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        p = np.asarray(points_N2, dtype=np.float64)
        dx, dy = p[..., 0] - self.x_m, p[..., 1] - self.y_m
        return np.stack([c * dx + s * dy, -s * dx + c * dy], axis=-1)

    def compose(self, other: Pose2) -> Pose2:
        """pose_a_to_c from self = pose_a_to_b and other = pose_b_to_c."""
        x, y = self.apply(np.array([[other.x_m, other.y_m]]))[0]
        return Pose2(float(x), float(y), wrap_angle(self.yaw_rad + other.yaw_rad))

    def inverse(self) -> Pose2:
        """pose_b_to_a from pose_a_to_b."""
        x, y = self.inverse_apply(np.zeros((1, 2)))[0]
        return Pose2(float(x), float(y), wrap_angle(-self.yaw_rad))

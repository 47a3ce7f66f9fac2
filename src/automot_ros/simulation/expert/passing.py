"""What has to be passed rather than waited for, and how far aside.

To be passed: things that belong to no traffic (cones, boards, doors), and vehicles that stand or crawl off the middle
of their lane, as broken-down cars, cars at an accident and bicycles do. Who stands in the middle of a lane queues.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.expert.path import OnPath, Shift

AHEAD_M = 45.0
CHAIN_M = 16.0
OFF_CENTRE_M = 0.3
CRAWLING_MPS = 4.5
BESIDE_S = 5.0
THINGS = (BodyKind.CONE, BodyKind.SIGN, BodyKind.DOOR, BodyKind.CONTAINER, BodyKind.OBSTACLE, BodyKind.POLE)
EDGE_M = 1.9
_FREE_M = 0.25


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A group of bodies to be passed: ahead of the ego from near_m to far_m, left_m and right_m its edges beside the
    route; speed_mps of its slowest; body_M indices.
    """

    near_m: float
    far_m: float
    left_m: float
    right_m: float
    speed_mps: float
    body_M: NDArray[np.int64]


def to_be_passed(boxes: Boxes, at: OnPath) -> NDArray[np.bool_]:
    """(M,) which bodies are passed when they are in the way. `at`: their place beside the route itself."""
    kinds, speed = boxes.kinds_N, boxes.speed_N
    things = np.isin(kinds, [int(k) for k in THINGS])
    off = np.abs(at.left_M) > OFF_CENTRE_M
    vehicle = np.isin(kinds, [int(BodyKind.CAR), int(BodyKind.TRUCK), int(BodyKind.EMERGENCY)])
    standing = vehicle & (speed < 0.1) & (off | (kinds == int(BodyKind.EMERGENCY)) | (np.abs(at.along_M) < 0.9))
    crawling = (kinds == int(BodyKind.BICYCLE)) & (speed < CRAWLING_MPS) & (at.along_M > 0.7)
    passed: NDArray[np.bool_] = things | standing | crawling
    return passed


def first_obstacle(boxes: Boxes, at: OnPath, passed_M: NDArray[np.bool_], half_width_m: float,
                   behind_m: float) -> Obstacle | None:
    """The first group in the way along the route, from `behind_m` behind the ego's centre on."""
    inside = passed_M & at.overlaps(half_width_m + _FREE_M) & (at.ahead_M + at.reach_ahead_M > -behind_m)
    inside &= at.ahead_M - at.reach_ahead_M < AHEAD_M
    if not inside.any():
        return None
    near, far = at.ahead_M - at.reach_ahead_M, at.ahead_M + at.reach_ahead_M
    far = far + boxes.speed_N * np.maximum(at.along_M, 0.0) * BESIDE_S
    # A site's cones at the edge of the lane belong to it, though one might squeeze by them.
    things = np.isin(boxes.kinds_N, [int(k) for k in THINGS if k is not BodyKind.POLE])
    inside |= things & (np.abs(at.left_M) - at.reach_left_M < EDGE_M) & (at.ahead_M > -behind_m)
    order = np.flatnonzero(inside)[np.argsort(near[inside], kind="stable")]
    group = [int(order[0])]
    end = float(far[order[0]])
    for i in order[1:]:
        if near[i] > end + CHAIN_M:
            break
        group.append(int(i))
        end = max(end, float(far[i]))
    g = np.array(group)
    return Obstacle(float(near[g].min()), end, float((at.left_M + at.reach_left_M)[g].max()),
                    float((at.left_M - at.reach_left_M)[g].min()), float(boxes.speed_N[g].min()), g)


def shift_round(obstacle: Obstacle, s_m: float, offset_m: float, half_length_m: float, speed_mps: float) -> Shift:
    """The sideways move that passes an obstacle at an offset from the route, for an ego at arc length `s_m`."""
    ramp = float(np.clip(1.6 * speed_mps + 2.6 * abs(offset_m), 8.5, 26.0))
    # The ends of a ramp are flat: a bumper beside the obstacle there is as far away as in the middle.
    begin = s_m + obstacle.near_m - 0.5 * half_length_m
    return Shift(begin, s_m + obstacle.far_m + 0.3 * half_length_m, offset_m, ramp)

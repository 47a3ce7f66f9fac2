"""From sensors to the arrays that the model reads; training stores these arrays, driving computes the same.

No torch here. All geometry is in the ego frame (x forward, y left, metres) at the observation's stamp. Images are RGB.
The understanding expert sees four frames over 0.75 s: the newest cut to the band around the horizon at full resolution,
the older ones at half. The action expert sees the present frame small and whole, its centre at full resolution (lamps
are small), and the LiDAR as a bird's-eye histogram of now and of half a second ago: what has moved, moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.policy.vocabulary import FARTHEST_M, Vocabulary
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import LATERAL_WORDS, Lateral
from automot_ros.scene.sensing import EgoState

CAMERA_SHAPE = (256, 512, 3)
UNDERSTANDING_ROWS, PAST_ROWS = slice(64, 160), slice(48, 176)
ACTION_ROWS = slice(48, 240)
CENTRE_ROWS, CENTRE_COLUMNS = slice(72, 136), slice(160, 352)
FRAME_AGES_S = (0.75, 0.5, 0.25, 0.0)
TARGET_AHEAD_M = (8.0, 20.0)
PAST_SWEEP_S = 0.5

BEV_CELLS = (128, 192)
BEV_CELL_M = 0.5
BEV_LOW_M = (-16.0, -48.0)
BEV_FLOOR_M, BEV_CEILING_M = 0.3, 3.0
BEV_MOST_POINTS = 5

Sweep = tuple[NDArray[np.float32], Pose2]
"""(N, 4) points in the LiDAR's frame, and the pose of the ego at that sweep seen from the ego now."""


@dataclass(frozen=True, slots=True)
class UnderstandingObservation:
    """What the understanding expert looks at. frames_4: (256, 512, 3) uint8, oldest first, at FRAME_AGES_S."""

    stamp_ns: int
    frames_4: tuple[NDArray[np.uint8], ...]
    speed_mps: float
    route_words: str


@dataclass(frozen=True, slots=True)
class ActionObservation:
    """What the action expert looks at.

    sweeps: the newest half sweeps, about two, newest first; past_sweeps: the two of about PAST_SWEEP_S ago.
    target_points_22: `target_points`. pose_context_to_ego: the ego now, seen from the ego at the context's stamp.
    """

    ego: EgoState
    image_HW3: NDArray[np.uint8]
    sweeps: tuple[Sweep, ...]
    past_sweeps: tuple[Sweep, ...]
    target_points_22: NDArray[np.float64]
    context: AttentionContext
    context_age_s: float
    pose_context_to_ego: Pose2


@dataclass(frozen=True, slots=True)
class ActionInputs:
    """The arrays of one action sample.

    images: uint8, the whole view (48, 128, 3) and its centre (64, 192, 3); bev_CXY (2, 128, 192) uint8: now and past,
    first axis forward from -16 m, second left from -48 m (a car that crosses at 60 km/h is seen for three seconds);
    target_points_22 float32 metres; state_5 float32: speed m/s, context age s, and the ego's motion since the context's
    stamp: forward m, left m, yaw rad.
    """

    images: tuple[NDArray[np.uint8], ...]
    bev_CXY: NDArray[np.uint8]
    target_points_22: NDArray[np.float32]
    state_5: NDArray[np.float32]


def understanding_band(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of the newest frame that the understanding expert sees: (96, 512, 3)."""
    return _camera(image_HW3)[UNDERSTANDING_ROWS]


def past_band(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The part of an older frame that the understanding expert sees, at half size: (64, 256, 3)."""
    return _halved(_camera(image_HW3)[PAST_ROWS])


def action_images(image_HW3: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """The frame at a quarter of its size, without sky and bonnet (48, 128, 3), and its centre as it is (64, 192, 3)."""
    whole = _camera(image_HW3)
    centre = np.ascontiguousarray(whole[CENTRE_ROWS, CENTRE_COLUMNS])
    return _halved(_halved(whole[ACTION_ROWS])), centre


def _halved(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 2 x 2 pixels, rounded."""
    pairs = image_HW3[0::2].astype(np.uint16) + image_HW3[1::2]
    half = np.empty((len(pairs), pairs.shape[1] // 2, 3), np.uint8)
    for channel in range(3):  # numpy's inner loop would else be these three
        half[..., channel] = (pairs[:, 0::2, channel] + pairs[:, 1::2, channel] + 2) >> 2
    return half


def bev_histogram(sweeps: tuple[Sweep, ...], lidar_position_ego_m: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Points between 0.3 and 3 m above the ground, counted a cell up to 5: (128, 192) uint8, 51 a point."""
    x0, y0, z0 = lidar_position_ego_m
    rows, columns = BEV_CELLS
    counts = np.zeros(rows * columns, np.int64)
    for points_N4, pose_ego_to_sweep in sweeps:
        z = points_N4[:, 2] + np.float32(z0)
        standing = np.flatnonzero((z >= BEV_FLOOR_M) & (z <= BEV_CEILING_M))  # few: most points are ground
        near = points_N4[standing, :2].astype(np.float64)
        xy = pose_ego_to_sweep.apply(near + np.array([x0, y0]))
        i, j = np.floor((xy - BEV_LOW_M) / BEV_CELL_M).astype(np.int64).T
        inside = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
        counts += np.bincount((i * columns + j)[inside], minlength=rows * columns)
    clipped = np.minimum(counts, BEV_MOST_POINTS) * (255 // BEV_MOST_POINTS)
    return clipped.astype(np.uint8).reshape(BEV_CELLS)


def state_vector(speed_mps: float, context_age_s: float, pose_context_to_ego: Pose2) -> NDArray[np.float32]:
    """state_5 of ActionInputs."""
    p = pose_context_to_ego
    return np.array([speed_mps, context_age_s, p.x_m, p.y_m, wrap_angle(p.yaw_rad)], np.float32)


def action_inputs(obs: ActionObservation, lidar_position_ego_m: tuple[float, float, float]) -> ActionInputs:
    """The arrays of one observation. MessageError when an image or a target is not usable."""
    targets = np.asarray(obs.target_points_22, np.float32)
    if targets.shape != (2, 2) or not np.all(np.isfinite(targets)):
        raise MessageError("target points not usable", got=targets.tolist(), wanted="finite (2, 2)")
    bev = np.stack([bev_histogram(obs.sweeps, lidar_position_ego_m),
                    bev_histogram(obs.past_sweeps, lidar_position_ego_m)])
    return ActionInputs(action_images(obs.image_HW3), bev, targets,
                        state_vector(obs.ego.speed_mps, obs.context_age_s, obs.pose_context_to_ego))


def understanding_inputs(obs: UnderstandingObservation,
                         vocabulary: Vocabulary | None = None) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
    """Older frames (3, 64, 256, 3) and the newest (1, 96, 512, 3), uint8, and the prompt's token ids (P,)."""
    if len(obs.frames_4) != len(FRAME_AGES_S):
        raise MessageError("frames of an understanding observation", got=len(obs.frames_4), wanted=len(FRAME_AGES_S))
    words = vocabulary or Vocabulary.nano()
    *older, newest = obs.frames_4
    frames = [np.stack([past_band(image) for image in older]), np.stack([understanding_band(newest)])]
    ids = words.prompt(obs.route_words, obs.speed_mps, FRAME_TOKENS)
    return frames, np.array(ids, np.int64)


FRAME_TOKENS = (16, 16, 16, 48)
"""64 x 256 and 96 x 512 pixels in patches of 16, merged 2 x 2. Checked against the variant where a policy is loaded."""


def target_points(route: Polyline, s_m: float, ego_pose: Pose2) -> NDArray[np.float64]:
    """(2, 2) route points 8 and 20 m of arc length after `s_m` (the ego's projection), in the ego frame.

    Beyond the route's end they go straight on: stopping at the goal is not for the model to guess.
    """
    ahead = s_m + np.array(TARGET_AHEAD_M)
    end = route.points_N2[-1] - route.points_N2[-2]
    beyond = np.maximum(ahead - route.length_m, 0.0)[:, None] * (end / np.hypot(*end))
    return ego_pose.inverse_apply(route.at(ahead) + beyond)


def route_words(route: Polyline, s_m: float) -> str:
    """Where the route turns next: "<lateral word> in N m", N to 5 m, "straight in 60 m" when it does not turn.

    A turn is a change of heading of more than 15 degrees within 15 m, a sharp one of more than 45.
    """
    steps = np.arange(0.0, FARTHEST_M + 1.0, 5.0)
    for ahead in steps:
        s = s_m + float(ahead)
        if s >= route.length_m:
            break
        near, far = (route.yaw_at(s + window) - route.yaw_at(s) for window in (15.0, 25.0))
        if abs(near) < math.radians(15.0):
            continue
        change = max(near, far, key=abs)
        sharp = abs(change) > math.radians(45.0)
        left = Lateral.TURN_LEFT if sharp else Lateral.SLIGHT_LEFT
        right = Lateral.TURN_RIGHT if sharp else Lateral.SLIGHT_RIGHT
        return f"{LATERAL_WORDS[left if change > 0.0 else right]} in {int(ahead)} m"
    return f"{LATERAL_WORDS[Lateral.STRAIGHT]} in {FARTHEST_M} m"


def _camera(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image_HW3.shape != CAMERA_SHAPE or image_HW3.dtype != np.uint8:
        raise MessageError("camera image", got=f"{image_HW3.shape} {image_HW3.dtype}", wanted=f"{CAMERA_SHAPE} uint8")
    return image_HW3

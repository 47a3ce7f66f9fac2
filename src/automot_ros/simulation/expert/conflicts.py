"""Whose predicted way crosses the expert's at the same time, and who has to give way.

Suffixes: H hypotheses, K instants, 3 circles of a body.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.expert.path import EgoPath
from automot_ros.simulation.expert.prediction import STEP_S, TIMES_K, Tracks, circles

Floats = NDArray[np.float64]
MARGIN_M = 0.35


@dataclass(frozen=True, slots=True)
class Conflict:
    """Hypothesis `track` and the ego come together `ahead_m` from the ego's place, at instant `at_k`.

    same_way: both head the same way there; other_ahead_m: how far the other has to go to that place.
    """

    track: int
    ahead_m: float
    at_k: int
    same_way: bool
    other_ahead_m: float


class Field:
    """All predicted ways round the ego, prepared for many questions in one plan."""

    def __init__(self, tracks: Tracks, boxes: Boxes, ego_half_m: tuple[float, float]) -> None:
        self.tracks, self.boxes = tracks, boxes
        half = 0.5 * boxes.sizes_N3[tracks.body_H]
        self._circles, self._radius = circles(tracks.xy_HK2, tracks.yaw_HK, half[:, 0], half[:, 1])
        self._ego_half = ego_half_m

    def conflicts(self, path: EgoPath, ahead_K: Floats, slack_s: float, keep_H: NDArray[np.bool_],
                  margin_m: float = MARGIN_M, until_s: float = np.inf) -> list[Conflict]:
        """First conflict with each hypothesis in `keep_H`, for the ego at distances `ahead_K` at TIMES_K.

        slack_s: the other may come so much earlier or later than predicted.
        """
        which = np.flatnonzero(keep_H)
        if not len(which):
            return []
        centre, yaw = path.at(ahead_K), path.yaw(ahead_K)
        own, own_radius = circles(centre[None], yaw[None], np.array([self._ego_half[0]]), np.array([self._ego_half[1]]))
        # Who is never within reach of the ego's stretch is dropped before the fine look.
        low, high = centre.min(axis=0) - 9.0, centre.max(axis=0) + 9.0
        xy = self.tracks.xy_HK2[which]
        near = np.any(np.all((xy > low) & (xy < high), axis=2), axis=1)
        which = which[near]
        if not len(which):
            return []
        other = self._circles[which]
        reach = (self._radius[which] + float(own_radius[0]) + margin_m)[:, None]
        steps = round(slack_s / STEP_S)
        shifts = sorted({0, *range(-steps, steps + 1, 2)})
        hit = np.zeros((len(which), len(TIMES_K)), dtype=np.bool_)
        for shift in shifts:
            at = np.clip(np.arange(len(TIMES_K)) + shift, 0, len(TIMES_K) - 1)
            d = other[:, at][:, :, :, None, :] - own[0][None, :, None, :, :]
            gap2 = np.min(d[..., 0] ** 2 + d[..., 1] ** 2, axis=(2, 3))
            hit |= gap2 < reach**2
        hit[:, until_s < TIMES_K] = False
        found = []
        for n in np.flatnonzero(hit.any(axis=1)):
            k = int(hit[n].argmax())
            h = int(which[n])
            turned = np.cos(self.tracks.yaw_HK[h, k] - yaw[k])
            found.append(Conflict(h, float(ahead_K[k]), k, bool(turned > 0.6),
                                  float(self.tracks.speed_H[h] * TIMES_K[k])))
        return sorted(found, key=lambda c: (c.at_k, c.ahead_m))

    def kind(self, conflict: Conflict) -> BodyKind:
        """What the other is."""
        return BodyKind(int(self.boxes.kinds_N[self.tracks.body_H[conflict.track]]))

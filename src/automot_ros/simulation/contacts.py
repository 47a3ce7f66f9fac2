"""Bodies that touch: they are parted and lose the speed they met with. Nobody drives through anybody."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import WHEELED, Actor, Cast
from automot_ros.simulation.collisions import StaticField, push_out
from automot_ros.simulation.events import STANDING_MPS, EventKind, EventLog
from automot_ros.simulation.traffic import FIRST_ID as FIRST_VEHICLE_ID
from automot_ros.simulation.traffic import Traffic
from automot_ros.simulation.walkers import FIRST_ID as FIRST_WALKER_ID
from automot_ros.simulation.walkers import Walkers
from automot_ros.vehicle.bicycle import BicycleState
from automot_ros.vehicle.specification import VehicleSpec

Floats = NDArray[np.float64]
_SIDESTEP_M = 0.06
_GLANCING = 0.7


class Contacts:
    """Resolves the touches of one tick, in a fixed order: traffic and walkers, the cast, things that stand."""

    def __init__(self, vehicle: VehicleSpec, static: StaticField, traffic: Traffic, walkers: Walkers, cast: Cast,
                 log: EventLog) -> None:
        self._vehicle, self._static = vehicle, static
        self._traffic, self._walkers, self._cast, self._log = traffic, walkers, cast, log

    def resolve(self, stamp_ns: int, ego: BicycleState) -> BicycleState:
        """The ego after all touches; the speed it came with decides whether one counts."""
        self._stamp_ns, self._came_mps = stamp_ns, ego.speed_mps
        self._log.moved(ego.pose)
        ego = self._users(ego)
        if len(self._cast):
            ego = self._actors(ego)
            self._among_others()
        return self._things(ego)

    def _note(self, kind: EventKind, other_id: int, ego: BicycleState) -> None:
        self._log.note(self._stamp_ns, kind, other_id, ego.pose, self._came_mps)

    def _hits(self, pose: Pose2, size: tuple[float, float], xy_N2: Floats, yaw_N: Floats,
              sizes_N2: Floats) -> list[tuple[int, Floats]]:
        """(index, way out for the one) of every box that one box overlaps."""
        d = xy_N2 - (pose.x_m, pose.y_m)
        # Boxes whose circles do not meet cannot overlap.
        reach_N = 0.5 * (math.hypot(*size) + np.hypot(sizes_N2[:, 0], sizes_N2[:, 1]))
        near = np.flatnonzero(d[:, 0] ** 2 + d[:, 1] ** 2 < reach_N**2)
        if not len(near):
            return []
        hit, push = push_out(pose, *size, xy_N2[near], yaw_N[near], sizes_N2[near])
        return [(int(near[k]), push[k]) for k in np.flatnonzero(hit)]

    def _users(self, ego: BicycleState) -> BicycleState:
        traffic, walkers, own = self._traffic, self._walkers, (self._vehicle.length_m, self._vehicle.width_m)
        n, people = len(traffic), len(walkers)
        found = self._hits(ego.pose, own, np.concatenate([traffic.xy_A2, walkers.xy_W2]),
                           np.concatenate([traffic.yaw_A, walkers.yaw_W]),
                           np.concatenate([traffic.size_A3[:, :2], np.full((people, 2), 0.5)]))
        for index, push in found:
            if index < n:
                self._note(EventKind.COLLISION_VEHICLE, FIRST_VEHICLE_ID + index, ego)
                ego = self._bump(ego, index, push)
            else:
                self._note(EventKind.COLLISION_WALKER, FIRST_WALKER_ID + index - n, ego)
                walkers.hit(index - n)
                walkers.shove(index - n, -push)
                ego = replace(ego, speed_mps=0.0)
        return ego

    def _bump(self, ego: BicycleState, index: int, push_2: Floats) -> BicycleState:
        """A plastic impact of equal masses along the push; the vehicle stays on its path, the ego is parted from it."""
        traffic, out = self._traffic, _unit(push_2)
        yaw = float(traffic.yaw_A[index])
        forward = np.array([math.cos(yaw), math.sin(yaw)])
        other_v, ego_v = float(traffic.speed_A[index]), ego.speed_mps
        closing = float(out @ (forward * other_v - ego.pose.forward * ego_v))
        if closing > 0.0:
            ego_v = max(0.0, ego_v + 0.5 * closing * float(out @ ego.pose.forward))
            other_v = max(0.0, other_v - 0.5 * closing * float(out @ forward))
        traffic.hit(index, other_v)
        return _moved(ego, push_2, ego_v)

    def _actors(self, ego: BicycleState) -> BicycleState:
        boxes, index = self._cast.solid()
        own = (self._vehicle.length_m, self._vehicle.width_m)
        for k, push in self._hits(ego.pose, own, boxes.xy_N2, boxes.yaw_N, boxes.sizes_N3[:, :2]):
            ego = self._hit_actor(ego, self._cast.actors[int(index[k])], push)
        return ego

    def _hit_actor(self, ego: BicycleState, actor: Actor, push_2: Floats) -> BicycleState:
        pose = ego.pose
        if actor.kind is BodyKind.WALKER:
            if self._came_mps < STANDING_MPS:  # who walks into a standing car walks round it
                ahead = 1.0 if float((actor.pose.position_m - pose.position_m) @ pose.forward) > 0.0 else -1.0
                actor.shove(ahead * _SIDESTEP_M * pose.forward - push_2)
                return ego
            self._note(EventKind.COLLISION_WALKER, actor.id, ego)
            actor.push_back(0.0)
            actor.shove(-push_2)
            return replace(ego, speed_mps=0.0)
        wheeled = actor.kind in WHEELED or actor.kind is BodyKind.DOOR
        self._note(EventKind.COLLISION_VEHICLE if wheeled else EventKind.COLLISION_STATIC, actor.id, ego)
        actor.push_back(max(0.0, float(push_2 @ actor.pose.forward)) if actor.speed_mps > 0.0 else 0.0)
        return _against_wall(ego, push_2)

    def _among_others(self) -> None:
        """Moving bodies of the cast against traffic and each other: both stop."""
        boxes, index = self._cast.solid()
        moving = np.flatnonzero(boxes.speed_N > 0.0)
        if not len(moving):
            return
        xy = np.concatenate([self._traffic.xy_A2, boxes.xy_N2])
        reach = 0.5 * np.concatenate([np.hypot(*self._traffic.size_A3[:, :2].T), np.hypot(*boxes.sizes_N3[:, :2].T)])
        d = boxes.xy_N2[moving, None] - xy[None]
        close = d[..., 0] ** 2 + d[..., 1] ** 2 < (reach[None] + reach[len(self._traffic) + moving][:, None]) ** 2
        for n in moving[close.sum(axis=1) > 1]:  # everybody is close to himself
            actor = self._cast.actors[int(index[n])]
            size = actor.size[:2]
            traffic = self._traffic
            for k, push in self._hits(actor.pose, size, traffic.xy_A2, traffic.yaw_A, traffic.size_A3[:, :2]):
                actor.push_back(max(0.0, -float(push @ actor.pose.forward)))
                traffic.hit(k, 0.0)
            for k, push in self._hits(actor.pose, size, boxes.xy_N2, boxes.yaw_N, boxes.sizes_N3[:, :2]):
                if k != n:
                    actor.push_back(max(0.0, -float(push @ actor.pose.forward)))
                    self._cast.actors[int(index[k])].push_back(0.0)

    def _things(self, ego: BicycleState) -> BicycleState:
        touched, push = self._static.touching(ego.pose, self._vehicle.length_m, self._vehicle.width_m)
        for i in range(len(touched)):
            self._note(EventKind.COLLISION_STATIC, int(touched.ids_N[i]), ego)
            ego = _against_wall(ego, push[i])
        return ego


def _against_wall(ego: BicycleState, push_2: Floats) -> BicycleState:
    """The ego is put back and keeps what speed goes along the obstacle."""
    into = max(0.0, -float(_unit(push_2) @ ego.pose.forward))
    return _moved(ego, push_2, ego.speed_mps * (1.0 - into) if into < _GLANCING else 0.0)


def _moved(ego: BicycleState, by_2: Floats, speed_mps: float) -> BicycleState:
    pose = Pose2(ego.pose.x_m + float(by_2[0]), ego.pose.y_m + float(by_2[1]), ego.pose.yaw_rad)
    return replace(ego, pose=pose, speed_mps=speed_mps)


def _unit(push_2: Floats) -> Floats:
    unit: Floats = push_2 / max(float(np.hypot(*push_2)), 1e-9)
    return unit

"""What a smaller number format of the context costs: size, time, and by how many metres the plan moves.

The shipped model drives a task in one process. At every tick with a plan, the same observation is planned again on
the same context after a way through the format, and the two plans are compared point by point.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automot_ros.context.codec import decode, in_band
from automot_ros.context.layout import ContextLayout
from automot_ros.driving.interfaces import ActionPolicy, RefinerPolicy
from automot_ros.evaluation.drivers import DriverSettings, assemble
from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.locations import model_folder
from automot_ros.policy.preprocess import ActionObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.world import World

FORMATS = ("float32", "bfloat16", "int8")


@dataclass(frozen=True, slots=True)
class FormatEffect:
    """Of one format, over all plans of a drive. Shifts are distances between matching points, metres."""

    dtype: str
    plans: int
    contexts: int
    payload_bytes: int
    encode_ms: float
    decode_ms: float
    waypoint_shift_mean_m: float
    waypoint_shift_worst_m: float
    route_shift_mean_m: float
    route_shift_worst_m: float


class Compared:
    """The action expert; beside each of its plans, the plan on the context after a way through `dtype`."""

    def __init__(self, action: ActionPolicy, refiner: RefinerPolicy, dtype: str) -> None:
        self._action, self._refiner, self._dtype = action, refiner, dtype
        self._coded: AttentionContext | None = None
        self.encode_s: list[float] = []
        self.decode_s: list[float] = []
        self.payload_bytes = 0
        self.waypoint_m: list[NDArray[np.float64]] = []
        self.route_m: list[NDArray[np.float64]] = []

    def act(self, obs: ActionObservation) -> Draft:
        """The draft on the context as it is."""
        coded = self._action.act(replace(obs, context=self._through(obs.context)))
        draft = self._action.act(obs)
        (a, b), (c, d) = self._refiner.refine(draft), self._refiner.refine(coded)
        self.waypoint_m.append(np.hypot(*(a - c).T.astype(np.float64)))
        self.route_m.append(np.hypot(*(b - d).T.astype(np.float64)))
        return draft

    def _through(self, context: AttentionContext) -> AttentionContext:
        if self._coded is None or self._coded.stamp_ns != context.stamp_ns:
            begin = time.perf_counter()
            record = in_band(context, self._dtype)
            middle = time.perf_counter()
            coded = decode(record, record.payload or b"")
            self.decode_s.append(time.perf_counter() - middle)
            self.encode_s.append(middle - begin)
            self.payload_bytes = record.layout.size_bytes
            # Another epoch: the action expert must not take it for the one it has loaded.
            self._coded = replace(coded, epoch=context.epoch + 1)
        return self._coded

    def effect(self) -> FormatEffect:
        """What was found."""
        waypoint_m, route_m = np.concatenate(self.waypoint_m), np.concatenate(self.route_m)
        return FormatEffect(self._dtype, len(self.waypoint_m), len(self.encode_s), self.payload_bytes,
                            1e3 * float(np.median(self.encode_s)), 1e3 * float(np.median(self.decode_s)),
                            float(waypoint_m.mean()), float(waypoint_m.max()), float(route_m.mean()),
                            float(route_m.max()))


def effect_of_formats(suite: str, seed: int, ticks: int, policy: str = "nano") -> list[FormatEffect]:
    """Drive a task once for each format; the drives are the same, as the plan on the context as it is drives."""
    from automot_ros.policy.nano import Action, Refiner, Understanding  # torch and transformers

    folder = model_folder(policy)
    understanding, action, refiner = Understanding(folder), Action(folder), Refiner(folder)
    found = []
    for dtype in FORMATS:
        world = World(task_of(suite, seed))
        compared = Compared(action, refiner, dtype)
        drive = assemble(DriverSettings(policy), world, understanding, compared, refiner, understanding.model_hash)
        sensors = SensorSuite(world)
        drive.observe_route(world.route)
        for _ in range(ticks):
            world.step(drive.step(sensors.sense()).command)
        found.append(compared.effect())
    return found


def as_rows(effects: list[FormatEffect]) -> list[dict[str, Any]]:
    """For result.json."""
    return [{name: getattr(effect, name) for name in effect.__slots__} for effect in effects]


def times_of_formats(layout: ContextLayout, repeats: int = 3) -> list[dict[str, Any]]:
    """Bytes and times of random numbers of a layout in each format: what a context of that size costs in band."""
    rng = np.random.default_rng(0)
    keys, values = (rng.standard_normal(shape, np.float32) for shape in (layout.keys_shape, layout.values_shape))
    context = AttentionContext(1, 1, 1, "", keys, values, layout.tokens, Pose2(0.0, 0.0, 0.0))
    rows = []
    for dtype in FORMATS:
        encode_s, decode_s, size = [], [], 0
        for _ in range(repeats):
            begin = time.perf_counter()
            record = in_band(context, dtype)
            middle = time.perf_counter()
            decode(record, record.payload or b"")
            encode_s.append(middle - begin)
            decode_s.append(time.perf_counter() - middle)
            size = record.layout.size_bytes
        rows.append({"dtype": dtype, "payload_bytes": size, "encode_ms": 1e3 * float(np.median(encode_s)),
                     "decode_ms": 1e3 * float(np.median(decode_s))})
    return rows

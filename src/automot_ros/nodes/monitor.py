"""Watches a drive from the process that started it: progress for people, figures for result.json."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from automot_ros.base.errors import AutomotError
from automot_ros.geometry.polyline import Polyline
from automot_ros.msg import AttentionContext, GuardStatus, PlannedTrajectory
from automot_ros.nodes import convert, convert_plan, qos, stack
from automot_ros.scene.plan import GuardMode
from automot_ros.scene.sensing import SECOND_NS

RATE_WINDOW_S = 3.0
WATCH = QoSProfile(depth=200, reliability=ReliabilityPolicy.RELIABLE)


@dataclass
class DriveFigures:
    """What was seen of one drive. Times in seconds; ages are those of the context behind each plan."""

    plan_stamps_s: list[float] = field(default_factory=list)
    plan_arrivals_s: list[float] = field(default_factory=list)
    context_ages_s: list[float] = field(default_factory=list)
    action_s: list[float] = field(default_factory=list)
    refiner_s: list[float] = field(default_factory=list)
    context_compute_s: list[float] = field(default_factory=list)
    modes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    interventions: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values; None where nothing was seen."""
        return {
            "plans": len(self.plan_stamps_s), "plans_per_s": _rate(self.plan_arrivals_s),
            "plans_per_simulated_s": _rate(self.plan_stamps_s), "contexts": len(self.context_compute_s),
            "context_age_s": _spread(self.context_ages_s), "action_compute_s": _spread(self.action_s),
            "refiner_compute_s": _spread(self.refiner_s), "understanding_compute_s": _spread(self.context_compute_s),
            "guard_cycles": dict(self.modes), "guard_reasons": dict(self.reasons), "interventions": self.interventions}


class Monitor:
    """Subscribes to what is small. A new route begins a new drive."""

    def __init__(self, node: Node) -> None:
        self.drives: list[DriveFigures] = []
        self.model_hash = ""
        self.speed_mps, self.context_age_s, self.guard = 0.0, 0.0, "-"
        self._line: Polyline | None = None
        self._s_m = 0.0
        on = node.create_subscription
        on(Path, stack.ROUTE_TOPIC, self._quietly(self._on_route), qos.LATCHED)
        on(Odometry, stack.ODOMETRY_TOPIC, self._quietly(self._on_odometry), qos.SENSOR)
        on(PlannedTrajectory, stack.TRAJECTORY_TOPIC, self._quietly(self._on_trajectory), WATCH)
        on(GuardStatus, stack.GUARD_TOPIC, self._quietly(self._on_guard), WATCH)
        on(AttentionContext, stack.CONTEXT_TOPIC, self._quietly(self._on_context), WATCH)

    @property
    def route_completion(self) -> float:
        """Percent of the present route, from odometry alone."""
        return 0.0 if self._line is None else min(100.0, 100.0 * self._s_m / self._line.length_m)

    @property
    def plans_per_s(self) -> float:
        """Plans a second over the last seconds of wall time."""
        now = time.monotonic()
        recent = [t for t in self.drives[-1].plan_arrivals_s[-100:] if now - t < RATE_WINDOW_S] if self.drives else []
        return len(recent) / RATE_WINDOW_S

    @staticmethod
    def _quietly(handler: Any) -> Any:
        """Who only watches does not complain about garbage; the nodes do."""

        def call(message: Any) -> None:
            try:
                handler(message)
            except AutomotError:
                return

        return call

    def _on_route(self, message: Path) -> None:
        self._line, self._s_m = convert.route_from_msg(message).line(), 0.0
        self.drives.append(DriveFigures())

    def _on_odometry(self, message: Odometry) -> None:
        ego = convert.ego_from_msg(message)
        self.speed_mps = ego.speed_mps
        if self._line is not None:
            s, _ = self._line.project(ego.pose_map_to_ego.position_m, self._s_m - 2.0, self._s_m + 15.0)
            self._s_m = max(self._s_m, s)

    def _on_trajectory(self, message: PlannedTrajectory) -> None:
        if not self.drives:
            return
        drive = self.drives[-1]
        stamp_s = convert.stamp_from_msg(message.header.stamp, "trajectory") / SECOND_NS
        if stamp_s in drive.plan_stamps_s[-1:]:
            return  # sent again
        drive.plan_stamps_s.append(stamp_s)
        drive.plan_arrivals_s.append(time.monotonic())
        drive.context_ages_s.append(message.context_age_s)
        drive.action_s.append(message.action_compute_s)
        drive.refiner_s.append(message.refiner_compute_s)
        self.context_age_s = message.context_age_s

    def _on_guard(self, message: GuardStatus) -> None:
        report = convert_plan.guard_from_msg(message)
        self.guard = report.mode.name.lower()
        if report.mode is not GuardMode.NOMINAL:
            self.guard += f" ({report.reason.name.lower()})"
        if self.drives:
            drive = self.drives[-1]
            drive.modes[report.mode.name.lower()] += 1
            drive.reasons[report.reason.name.lower()] += 1
            drive.interventions = report.interventions

    def _on_context(self, message: AttentionContext) -> None:
        self.model_hash = message.model_hash
        if self.drives:
            self.drives[-1].context_compute_s.append(message.compute_s)


def _rate(times_s: list[float]) -> float | None:
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return None
    return round((len(times_s) - 1) / (times_s[-1] - times_s[0]), 3)


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"p50": round(float(p50), 4), "p95": round(float(p95), 4), "p99": round(float(p99), 4),
            "max": round(max(values), 4)}

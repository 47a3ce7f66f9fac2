"""The guard: judges inputs and plan at every step and has the last word on the command."""

from __future__ import annotations

import math
from collections import Counter, deque
from copy import copy
from dataclasses import dataclass
from typing import Any

from automot_ros.guard.config import GuardConfig
from automot_ros.guard.corridor import Corridor, points_in_map
from automot_ros.guard.envelope import limited_command, trajectory_fault
from automot_ros.guard.freshness import Newest
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReason, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState, PointCloud
from automot_ros.vehicle.bicycle import DRAG_MPS2_PER_MPS
from automot_ros.vehicle.specification import VehicleSpec

STANDING_MPS = 0.1
# A smaller change of the command is not worth a report.
NOTICEABLE = 0.1
EGO_HISTORY = 100
# A point cloud without odometry of nearly its own stamp cannot be placed on the map.
POINTS_EGO_GAP_NS = 150_000_000
# The plan's own stop is no intervention of the guard, and waiting for the first input neither.
NOT_COUNTED = (GuardReason.NONE, GuardReason.NO_INPUT_YET, GuardReason.PLAN_STOP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard demands: at least this deceleration, at most this speed; `text` says why."""

    reason: GuardReason = GuardReason.NONE
    text: str = ""
    deceleration_mps2: float = 0.0
    speed_limit_mps: float = math.inf
    hold: bool = False


class Guard:
    """Feed it every input with its time of arrival, then `judge`, then pass the planned command through `apply`."""

    def __init__(self, config: GuardConfig, vehicle: VehicleSpec,
                 lidar_position_ego_m: tuple[float, float, float]) -> None:
        self._config = config
        self._vehicle = vehicle
        self._lidar_position = lidar_position_ego_m
        self.counts: Counter[GuardReason] = Counter()
        self._start_over()

    def _start_over(self) -> None:
        self._ego: Newest[EgoState] = Newest()
        self._points: Newest[PointCloud] = Newest()
        self._trajectory: Newest[Trajectory] = Newest()
        self._offered: Newest[Trajectory] = Newest()
        self._judged: Trajectory | None = None
        self._fault = ""
        self._egos: deque[EgoState] = deque(maxlen=EGO_HISTORY)
        self._corridor = Corridor(self._config, self._vehicle)
        self._unplaced: list[PointCloud] = []
        self._obstacle_brake = False
        self._goal_m = math.inf
        self._time_to_collision_s = math.inf
        self._last_reason = GuardReason.NONE
        self._now_ns: int | None = None
        self._before = DriveCommand.of(0, 0.0, self._config.hold_brake, 0.0)
        self._before_ns: int | None = None

    @property
    def ego(self) -> EgoState | None:
        """The newest odometry."""
        return self._ego.value

    @property
    def trajectory(self) -> Trajectory | None:
        """The newest plan that passed the checks."""
        return self._trajectory.value

    def observe_ego(self, ego: EgoState, now_ns: int) -> None:
        """Take odometry. Values that are not finite are dropped: the input then ages."""
        pose = ego.pose_map_to_ego
        values = (pose.x_m, pose.y_m, pose.yaw_rad, ego.speed_mps, ego.yaw_rate_radps)
        if all(map(math.isfinite, values)) and self._ego.observe(ego, ego.stamp_ns, now_ns):
            self._egos.append(ego)

    def observe_trajectory(self, trajectory: Trajectory, now_ns: int) -> None:
        """Take a plan; it is judged at the next `judge`."""
        self._offered.observe(trajectory, trajectory.stamp_ns, now_ns)

    def observe_points(self, points: PointCloud, now_ns: int) -> None:
        """Take a half sweep in the LiDAR frame."""
        if self._points.observe(points, points.stamp_ns, now_ns):
            self._unplaced = [*self._unplaced[-3:], points]

    def observe_goal(self, distance_m: float) -> None:
        """Take what is left of the route, ahead of the box centre; infinite where there is no route."""
        self._goal_m = distance_m

    def judge(self, now_ns: int) -> Verdict:
        """The gravest demand of all checks at `now_ns`."""
        if self._now_ns is not None and now_ns < self._now_ns:
            self._start_over()
            self._now_ns = now_ns
            return Verdict(GuardReason.CLOCK_JUMP, "the clock went back: waiting for new inputs", hold=True)
        self._now_ns = now_ns
        self._take_plan()
        missing = [name for name, _, newest in self._inputs() if newest.value is None]
        if missing:
            text = self._fault or f"waiting for {', '.join(missing)}"
            return Verdict(GuardReason.NO_INPUT_YET, text, self._config.firm_deceleration_mps2, hold=True)
        obstacle = self._check_corridor()
        checks = [*self._check_freshness(now_ns), *self._check_plan(), *self._check_context(now_ns), self._check_goal(),
                  obstacle]
        # The hardest braking first, then the lowest speed; of equals the first named, freshness before all.
        return max(checks, key=lambda v: (v.deceleration_mps2, -v.speed_limit_mps))

    def apply(self, verdict: Verdict, planned: DriveCommand | None, now_ns: int) -> tuple[DriveCommand, GuardReport]:
        """The command that is sent, and the report. `planned` None: nothing to follow, the last steering is kept."""
        ego = self._ego.value
        stamp_ns = now_ns if ego is None else ego.stamp_ns
        speed = 0.0 if ego is None else ego.speed_mps
        if planned is not None and not all(map(math.isfinite, (planned.throttle, planned.brake, planned.steer))):
            verdict, planned = Verdict(GuardReason.COMMAND_ENVELOPE, "command is not finite", hold=True), None
        command = planned or DriveCommand.of(stamp_ns, 0.0, 0.0, self._before.steer)
        command = DriveCommand.of(stamp_ns, *self._pedals(verdict, command, speed), command.steer)
        reason, text = verdict.reason, verdict.text
        if self._config.check_command:
            elapsed = 1.0 if self._before_ns is None else (now_ns - self._before_ns) / SECOND_NS
            kept = limited_command(self._config, self._vehicle, command, self._before, elapsed, speed)
            off = max(abs(kept.steer - command.steer), abs(kept.throttle - command.throttle))
            if reason is GuardReason.NONE and off > NOTICEABLE:
                reason, text = GuardReason.COMMAND_ENVELOPE, f"command changed by {off:.2f} to stay within its limits"
            command = kept
        self._before, self._before_ns = command, now_ns
        return command, self._report(verdict, reason, text, speed, now_ns)

    def _take_plan(self) -> None:
        offered, ego = self._offered.value, self._ego.value
        if offered is None or ego is None or offered is self._judged:
            return
        self._judged = offered
        self._fault = trajectory_fault(self._config, self._vehicle, offered, ego)
        if not self._fault:
            self._trajectory = copy(self._offered)

    def _inputs(self) -> list[tuple[str, GuardReason, Newest[Any]]]:
        """What the car cannot drive without. Points only where the corridor is watched."""
        inputs: list[tuple[str, GuardReason, Newest[Any]]] = [
            ("odometry", GuardReason.ODOMETRY_STALE, self._ego),
            ("trajectory", GuardReason.TRAJECTORY_STALE, self._trajectory),
            ("points", GuardReason.POINTS_STALE, self._points),
        ]
        return inputs if self._config.check_corridor else inputs[:2]

    def _check_freshness(self, now_ns: int) -> list[Verdict]:
        c = self._config
        if not c.check_freshness:
            return []
        verdicts = []
        for name, reason, newest in self._inputs():
            age, ahead = newest.age_s(now_ns), newest.ahead_s(now_ns)
            if ahead > c.future_s:
                text = f"{name} is stamped {ahead:.2f} s ahead of the clock"
                verdicts.append(Verdict(GuardReason.CLOCK_JUMP, text, c.firm_deceleration_mps2, 0.0))
            elif age > c.stale_s:
                limit, braking = ((c.lost_s, c.firm_deceleration_mps2) if age > c.lost_s
                                  else (c.stale_s, c.gentle_deceleration_mps2))
                verdicts.append(Verdict(reason, f"{name} is {age:.2f} s old, limit {limit:.2f} s", braking, 0.0))
        return verdicts

    def _check_plan(self) -> list[Verdict]:
        if self._fault:
            # The last sane plan is kept; as it ages, freshness brakes harder.
            return [Verdict(GuardReason.TRAJECTORY_INSANE, self._fault, 0.0, 0.0)]
        plan = self._trajectory.value
        if plan is not None and plan.status is PlanStatus.STOP:
            return [Verdict(GuardReason.PLAN_STOP, plan.reason or "the plan is a stop")]
        return []

    def _check_context(self, now_ns: int) -> list[Verdict]:
        plan, c = self._trajectory.value, self._config
        age = self._context_age_s(plan, now_ns)
        if not c.check_context or age <= c.max_context_age_s:
            return []
        if age > c.stop_context_age_s:
            text = f"context is {age:.1f} s old, limit {c.stop_context_age_s:.1f} s"
            return [Verdict(GuardReason.CONTEXT_STALE, text, c.gentle_deceleration_mps2, 0.0)]
        text = f"context is {age:.1f} s old, limit {c.max_context_age_s:.1f} s: speed is limited"
        return [Verdict(GuardReason.CONTEXT_OLD, text, 0.0, c.old_context_speed_mps)]

    def _context_age_s(self, plan: Trajectory | None, now_ns: int) -> float:
        return math.inf if plan is None else plan.context_age_s + max(0, now_ns - plan.stamp_ns) / SECOND_NS

    def _check_goal(self) -> Verdict:
        """Nobody asked to go further than the route: brake as it takes to stand at its end, once that is worth it."""
        c, ego = self._config, self._ego.value
        if not c.check_goal or ego is None or math.isinf(self._goal_m):
            return Verdict()
        text = f"the route ends in {self._goal_m:.1f} m"
        if self._goal_m < c.goal_reached_m:
            return Verdict(GuardReason.PLAN_STOP, text, c.gentle_deceleration_mps2, 0.0)
        needed = ego.speed_mps**2 / (2.0 * self._goal_m)
        if needed < c.goal_deceleration_mps2:
            return Verdict()
        return Verdict(GuardReason.PLAN_STOP, text, min(needed, c.firm_deceleration_mps2))

    def _check_corridor(self) -> Verdict:
        plan, ego = self._trajectory.value, self._ego.value
        self._time_to_collision_s = math.inf
        if not self._config.check_corridor or plan is None or ego is None:
            return Verdict()
        for points in self._unplaced:
            at = min(self._egos, key=lambda e: abs(e.stamp_ns - points.stamp_ns))
            if abs(at.stamp_ns - points.stamp_ns) <= POINTS_EGO_GAP_NS:
                self._corridor.add_sweep(
                    points_in_map(self._config, points.points_N4, self._lidar_position, at.pose_map_to_ego))
        self._unplaced = []
        obstacle = self._corridor.ahead(plan.path_K2, ego)
        if obstacle is None:
            self._obstacle_brake = False
            return Verdict()
        speed = ego.speed_mps
        closing = speed - obstacle.speed_mps
        self._time_to_collision_s = obstacle.free_m / closing if closing > 0.1 else math.inf
        wanted = self._corridor.wanted_gap_m(obstacle, speed)
        if self._obstacle_brake:
            wanted *= self._config.release_factor
        self._obstacle_brake = obstacle.free_m < wanted
        if not self._obstacle_brake:
            return Verdict()
        text = f"obstacle {obstacle.free_m:.1f} m ahead at {obstacle.speed_mps:.1f} m/s, wanted {wanted:.1f} m"
        return Verdict(GuardReason.OBSTACLE, text, self._corridor.deceleration_to(obstacle, speed), 0.0)

    def _pedals(self, verdict: Verdict, command: DriveCommand, speed_mps: float) -> tuple[float, float]:
        """(throttle, brake) that meet the verdict; a plan that brakes harder keeps its brake."""
        c = self._config
        if verdict.hold or (verdict.speed_limit_mps == 0.0 and speed_mps < STANDING_MPS):
            return 0.0, max(command.brake, c.hold_brake)
        wanted = verdict.deceleration_mps2
        throttle, over = command.throttle, speed_mps - verdict.speed_limit_mps
        if over > -1.0:
            # The last metre a second below the limit is approached with falling throttle, above it the car brakes.
            throttle = min(throttle, max(0.0, -over) * 0.5)
            wanted = max(wanted, min(c.gentle_deceleration_mps2, max(0.0, over)))
        if wanted <= 0.0:
            return throttle, command.brake
        effort = max(0.0, wanted - DRAG_MPS2_PER_MPS * speed_mps) / self._vehicle.max_deceleration_mps2
        return 0.0, max(command.brake, min(1.0, effort))

    def _report(self, verdict: Verdict, reason: GuardReason, text: str, speed_mps: float, now_ns: int) -> GuardReport:
        if reason is not self._last_reason and reason not in NOT_COUNTED:
            self.counts[reason] += 1
        self._last_reason = reason
        if verdict.hold or verdict.speed_limit_mps == 0.0:
            mode = GuardMode.STOPPED if speed_mps < STANDING_MPS else GuardMode.BRAKING
        elif reason in (GuardReason.NONE, GuardReason.PLAN_STOP):
            mode = GuardMode.NOMINAL
        else:
            mode = GuardMode.LIMITED
        return GuardReport(
            stamp_ns=now_ns if self._ego.value is None else self._ego.value.stamp_ns, mode=mode, reason=reason,
            text=text, odometry_age_s=self._ego.age_s(now_ns), trajectory_age_s=self._trajectory.age_s(now_ns),
            points_age_s=self._points.age_s(now_ns), context_age_s=self._context_age_s(self._trajectory.value, now_ns),
            time_to_collision_s=self._time_to_collision_s, interventions=sum(self.counts.values()),
        )

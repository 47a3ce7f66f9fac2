"""The guard: judges inputs and plan at every step and has the last word on the command."""

from __future__ import annotations

import math
from collections import Counter, deque
from copy import copy
from dataclasses import dataclass, replace

from automot_ros.guard.config import GuardConfig
from automot_ros.guard.corridor import Corridor, points_in_map
from automot_ros.guard.envelope import JERK_S, LARGEST, bend_speed, limited_command, trajectory_fault
from automot_ros.guard.freshness import Clock, Newest
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReason, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState, PointCloud
from automot_ros.vehicle.bicycle import DRAG_MPS2_PER_MPS
from automot_ros.vehicle.specification import VehicleSpec

STANDING_MPS, FASTEST_MPS, CREEP_S = 0.1, 100.0, 1.0
NOTICEABLE = 0.1  # a smaller change of the command is not worth a report
POINTS_EGO_GAP_NS, EGO_HISTORY, CLOUDS_WAITING = 150_000_000, 100, 4  # a cloud needs odometry near its stamp
# The plan's own stop is no intervention of the guard; waiting belongs to the loss before it.
NOT_COUNTED = (GuardReason.NONE, GuardReason.NO_INPUT_YET, GuardReason.PLAN_STOP, GuardReason.RECOVERING)
# After one of these the car goes on only when its inputs were healthy for a while.
UNHEALTHY = (GuardReason.ODOMETRY_STALE, GuardReason.TRAJECTORY_STALE, GuardReason.POINTS_STALE,
             GuardReason.CONTEXT_STALE, GuardReason.TRAJECTORY_INSANE, GuardReason.CLOCK_JUMP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard demands: at least this deceleration, at most this speed; `text` says why."""

    reason: GuardReason = GuardReason.NONE
    text: str = ""
    deceleration_mps2: float = 0.0
    speed_limit_mps: float = math.inf
    hold: bool = False


class Guard:
    """Feed it every input with its time of arrival, then `judge`, then pass the planned command through `apply`.

    `ego` is the newest odometry, `trajectory` the newest plan that passed the checks, `counts` the interventions;
    `goal_m` takes what is left of the route, ahead of the box centre, infinite where there is none.
    """

    def __init__(self, config: GuardConfig, vehicle: VehicleSpec,
                 lidar_position_ego_m: tuple[float, float, float]) -> None:
        self._config, self._vehicle, self._lidar_position = config, vehicle, lidar_position_ego_m
        self.counts, self._last_reason = Counter[GuardReason](), GuardReason.NONE
        self.start_over()

    def start_over(self) -> None:
        """A new drive: wait for inputs as at the first one."""
        self._clock, self._jumped_s = Clock(self._config.clock_jump_s), 0.0
        self._unhealthy_ns: int | None = None
        # Time and command of the last half second; the first one is what held at its beginning.
        self._given = deque([(-SECOND_NS, DriveCommand.of(0, 0.0, self._config.hold_brake, 0.0))])
        self._forget()

    def _forget(self) -> None:
        self.ego: EgoState | None = None
        self.trajectory: Trajectory | None = None
        self._offered: Trajectory | None = None
        self._ego_times, self._points_times, self._offered_times, self._plan_times = (
            Newest(self._config.future_s) for _ in range(4))
        self._egos: deque[EgoState] = deque(maxlen=EGO_HISTORY)
        self._unplaced: deque[PointCloud] = deque(maxlen=CLOUDS_WAITING)
        self._corridor, self._obstacle_brake, self._emergency = Corridor(self._config, self._vehicle), False, False
        self._fault, self.goal_m, self._time_to_collision_s = "", math.inf, math.inf

    def observe_ego(self, ego: EgoState, now_ns: int) -> None:
        """Take odometry. What no car on any map can have is dropped: the input then ages."""
        self._watch_clock(now_ns)
        pose = ego.pose_map_to_ego
        figures = (pose.x_m, pose.y_m, pose.yaw_rad, ego.yaw_rate_radps, ego.speed_mps * LARGEST / FASTEST_MPS)
        if all(abs(figure) < LARGEST for figure in figures) and self._ego_times.observe(ego.stamp_ns, now_ns):
            self.ego = ego
            self._egos.append(ego)

    def observe_trajectory(self, trajectory: Trajectory, now_ns: int) -> None:
        """Take a plan; it is judged at the next `judge`."""
        if self._offered_times.observe(trajectory.stamp_ns, now_ns):
            self._offered = trajectory

    def observe_points(self, points: PointCloud, now_ns: int) -> None:
        """Take a half sweep in the LiDAR frame."""
        self._watch_clock(now_ns)
        if self._points_times.observe(points.stamp_ns, now_ns):
            self._unplaced.append(points)

    def judge(self, now_ns: int) -> Verdict:
        """All demands of all checks at `now_ns` in one, with the reason of the gravest."""
        self._watch_clock(now_ns)
        if self._offered is not None and self.ego is not None:
            self._fault = trajectory_fault(self._config, self._vehicle, self._offered, self.ego)
            if not self._fault:
                self.trajectory, self._plan_times = self._offered, copy(self._offered_times)
            self._offered = None
        self._plan_times.ahead_s = self._offered_times.ahead_s
        verdicts = self._verdicts(now_ns)
        verdicts.append(self._check_recovery(verdicts, now_ns))
        # The hardest braking first, then the lowest speed; of equals the first named, freshness before all.
        gravest = max(verdicts, key=lambda v: (v.hold, v.deceleration_mps2, -v.speed_limit_mps, bool(v.reason)))
        return replace(gravest, deceleration_mps2=max(v.deceleration_mps2 for v in verdicts),
                       speed_limit_mps=min(v.speed_limit_mps for v in verdicts))

    def apply(self, verdict: Verdict, planned: DriveCommand | None, now_ns: int) -> tuple[DriveCommand, GuardReport]:
        """The command that is sent, and the report. `planned` None: nothing to follow, the last steering is kept."""
        c, (given_ns, before) = self._config, self._given[-1]
        stamp_ns, speed = (now_ns, 0.0) if self.ego is None else (self.ego.stamp_ns, self.ego.speed_mps)
        if planned is not None and not math.isfinite(planned.throttle + planned.brake + planned.steer):
            self._unhealthy_ns = now_ns
            verdict, planned = Verdict(GuardReason.COMMAND_ENVELOPE, "command is not finite", hold=True), None
        planned = planned or DriveCommand.of(stamp_ns, 0.0, 0.0, before.steer)
        command = DriveCommand.of(stamp_ns, *self._pedals(verdict, planned, speed), planned.steer)
        if c.check_command:
            kept = limited_command(c, self._vehicle, command, before, (now_ns - given_ns) / SECOND_NS, speed,
                                   self._given[0][1].steer)
            off = max(abs(kept.steer - command.steer), abs(kept.throttle - command.throttle))
            if verdict.reason is GuardReason.NONE and off > NOTICEABLE:
                verdict = replace(verdict, reason=GuardReason.COMMAND_ENVELOPE,
                                  text=f"command changed by {off:.2f} to stay within its limits")
            command = kept
        self._given.append((now_ns, command))
        while now_ns - self._given[1][0] >= JERK_S * SECOND_NS:
            self._given.popleft()
        return command, self._report(verdict, speed, now_ns)

    def _watch_clock(self, now_ns: int) -> None:
        jump_s = self._clock.step_to(now_ns)
        if jump_s:
            self._forget()
            self._jumped_s, self._given = jump_s, deque([(now_ns, self._given[-1][1])])

    def _verdicts(self, now_ns: int) -> list[Verdict]:
        ego, plan, c = self.ego, self.trajectory, self._config
        if self._jumped_s:
            text, self._jumped_s = f"the clock jumped by {self._jumped_s:+.1f} s: waiting for new inputs", 0.0
            return [Verdict(GuardReason.CLOCK_JUMP, text, c.firm_deceleration_mps2, 0.0, True)]
        inputs = {"odometry": self._ego_times, "trajectory": self._plan_times}
        if c.check_corridor:
            inputs["points"] = self._points_times
        missing = [name for name, times in inputs.items() if math.isinf(times.age_s(now_ns))]
        if ego is None or plan is None or missing:
            text = self._fault or f"waiting for {', '.join(missing)}"
            return [Verdict(GuardReason.NO_INPUT_YET, text, c.firm_deceleration_mps2, 0.0, True)]
        return [*(self._check_age(name, times, now_ns) for name, times in inputs.items()), self._check_plan(plan, ego),
                self._check_context(now_ns), self._check_goal(ego), self._check_corridor(plan, ego, now_ns)]

    def _check_recovery(self, verdicts: list[Verdict], now_ns: int) -> Verdict:
        """After a fault the car goes on when its inputs were healthy for a while; missing ones are not healthy yet."""
        c = self._config
        waiting = self._unhealthy_ns is not None and verdicts[0].reason is GuardReason.NO_INPUT_YET
        if waiting or any(v.reason in UNHEALTHY for v in verdicts):
            self._unhealthy_ns = now_ns
        healthy_s = math.inf if self._unhealthy_ns is None else (now_ns - self._unhealthy_ns) / SECOND_NS
        if healthy_s >= c.resume_after_s:
            self._unhealthy_ns = None
            return Verdict()
        text = f"inputs are healthy for {healthy_s:.2f} s, wanted {c.resume_after_s:.2f} s"
        return Verdict(GuardReason.RECOVERING, text, c.gentle_deceleration_mps2, 0.0)

    def _check_age(self, name: str, times: Newest, now_ns: int) -> Verdict:
        c, age, why = self._config, times.age_s(now_ns), ""
        if not c.check_freshness or age <= c.stale_s:
            return Verdict()
        reason = GuardReason[f"{name.upper()}_STALE"]
        if times.ahead_s:
            reason, why = GuardReason.CLOCK_JUMP, f": the last is stamped {times.ahead_s:.1f} s ahead of the clock"
        lost = age > c.lost_s
        text = f"{name} is {age:.2f} s old, limit {c.lost_s if lost else c.stale_s:.2f} s{why}"
        return Verdict(reason, text, c.firm_deceleration_mps2 if lost else c.gentle_deceleration_mps2, 0.0)

    def _check_plan(self, plan: Trajectory, ego: EgoState) -> Verdict:
        c = self._config
        if self._fault:
            # The last sane plan is kept for its path; as it ages, freshness brakes harder.
            return Verdict(GuardReason.TRAJECTORY_INSANE, self._fault, c.gentle_deceleration_mps2, 0.0)
        speed, what = bend_speed(c, self._vehicle, plan, ego) if c.check_trajectory else (math.inf, "")
        if speed < ego.speed_mps:
            text = f"plan is too fast for its {what}: speed is limited to {speed:.1f} m/s"
            return Verdict(GuardReason.TRAJECTORY_FAST, text, 0.0, speed)
        if plan.status is PlanStatus.STOP:
            return Verdict(GuardReason.PLAN_STOP, plan.reason or "the plan is a stop")
        return Verdict()

    def _check_context(self, now_ns: int) -> Verdict:
        c, age = self._config, self._context_age_s(now_ns)
        if not c.check_context or age <= c.max_context_age_s:
            return Verdict()
        stops = age > c.stop_context_age_s
        text = f"context is {age:.1f} s old, limit {c.stop_context_age_s if stops else c.max_context_age_s:.1f} s"
        return (Verdict(GuardReason.CONTEXT_STALE, text, c.gentle_deceleration_mps2, 0.0) if stops
                else Verdict(GuardReason.CONTEXT_OLD, text, 0.0, c.old_context_speed_mps))

    def _context_age_s(self, now_ns: int) -> float:
        plan = self.trajectory
        return math.inf if plan is None else plan.context_age_s + max(0, now_ns - plan.stamp_ns) / SECOND_NS

    def _check_goal(self, ego: EgoState) -> Verdict:
        """Nobody asked to go further than the route: brake as it takes to stand at its end, once that is worth it."""
        c, left_m, text = self._config, self.goal_m, f"the route ends in {self.goal_m:.1f} m"
        if c.check_goal and left_m < c.goal_reached_m:
            return Verdict(GuardReason.PLAN_STOP, text, c.gentle_deceleration_mps2, 0.0)
        needed = ego.speed_mps**2 / (2.0 * left_m) if c.check_goal else 0.0
        return (Verdict() if needed < c.goal_deceleration_mps2
                else Verdict(GuardReason.PLAN_STOP, text, min(needed, c.firm_deceleration_mps2)))

    def _check_corridor(self, plan: Trajectory, ego: EgoState, now_ns: int) -> Verdict:
        c, speed, self._time_to_collision_s = self._config, ego.speed_mps, math.inf
        while self._unplaced and c.check_corridor:
            points = self._unplaced.popleft()
            at = min(self._egos, key=lambda ego: abs(ego.stamp_ns - points.stamp_ns))
            if abs(at.stamp_ns - points.stamp_ns) <= POINTS_EGO_GAP_NS:
                self._corridor.add_sweep(points_in_map(c, points.points_N4, self._lidar_position, at.pose_map_to_ego))
        free_m, obstacle_mps = self._corridor.ahead(plan.path_K2, ego) if c.check_corridor else (math.inf, 0.0)
        # The car has moved on since its odometry.
        free_m = max(0.0, free_m - speed * self._ego_times.age_s(now_ns))
        self._time_to_collision_s = free_m / (speed - obstacle_mps) if speed - obstacle_mps > STANDING_MPS else math.inf
        gap_m, factor = self._gap_m(plan, ego, free_m), c.release_factor if self._obstacle_brake else 1.0
        wanted = self._corridor.wanted_gap_m(gap_m, speed, obstacle_mps) * factor
        self._obstacle_brake = free_m < wanted
        needed = self._corridor.deceleration_to(gap_m, free_m, speed, obstacle_mps)
        # Where firm braking no longer does: all there is, until the way is free.
        self._emergency = self._obstacle_brake and (self._emergency or needed > c.obstacle_deceleration_mps2)
        if not self._obstacle_brake:
            return Verdict()
        text = f"obstacle {free_m:.1f} m ahead at {obstacle_mps:.1f} m/s, wanted {wanted:.1f} m"
        hardest = self._vehicle.max_deceleration_mps2
        return Verdict(GuardReason.OBSTACLE, text, hardest if self._emergency else needed, 0.0)

    def _gap_m(self, plan: Trajectory, ego: EgoState, free_m: float) -> float:
        """How far off to rest: room to swing out round a standing thing that the plan drives into."""
        c, planned_m = self._config, math.dist(plan.xy_N2[-1], ego.pose_map_to_ego.position_m)
        if self._obstacle_brake and self._corridor.stands:
            return c.standing_gap_m
        # At a crawl no more than a second's way: starting in a queue and creeping past are no faults.
        wide_m = ego.speed_mps * CREEP_S if self._corridor.stands and planned_m > free_m - c.stop_gap_m else 0.0
        return max(c.stop_gap_m, min(c.standing_gap_m, wide_m))

    def _pedals(self, verdict: Verdict, command: DriveCommand, speed_mps: float) -> tuple[float, float]:
        """(throttle, brake) that meet the verdict; a plan that brakes harder keeps its brake."""
        c, throttle = self._config, command.throttle
        wanted, over = verdict.deceleration_mps2, speed_mps - verdict.speed_limit_mps
        if over > -1.0:
            # The last metre a second below the limit is approached with falling throttle, above it the car brakes.
            throttle = min(throttle, max(0.0, -over) * 0.5)
            wanted = max(wanted, min(c.gentle_deceleration_mps2, max(0.0, over)))
        effort = min(1.0, max(0.0, wanted - DRAG_MPS2_PER_MPS * speed_mps) / self._vehicle.max_deceleration_mps2)
        if verdict.hold or (verdict.speed_limit_mps == 0.0 and speed_mps < STANDING_MPS):
            return 0.0, max(command.brake, effort, c.hold_brake)
        return 0.0 if wanted > 0.0 else throttle, max(command.brake, effort)

    def _report(self, verdict: Verdict, speed_mps: float, now_ns: int) -> GuardReport:
        reason, off = verdict.reason, ", ".join(self._config.switched_off)
        if reason is not self._last_reason and reason not in NOT_COUNTED:
            self.counts[reason] += 1
        self._last_reason = reason
        mode = GuardMode.NOMINAL if reason in (GuardReason.NONE, GuardReason.PLAN_STOP) else GuardMode.LIMITED
        if verdict.hold or verdict.speed_limit_mps == 0.0:
            mode = GuardMode.STOPPED if speed_mps < STANDING_MPS else GuardMode.BRAKING
        return GuardReport(
            stamp_ns=now_ns if self.ego is None else self.ego.stamp_ns, mode=mode, reason=reason,
            text="; ".join(part for part in (verdict.text, off and f"switched off: {off}") if part),
            odometry_age_s=self._ego_times.age_s(now_ns), trajectory_age_s=self._plan_times.age_s(now_ns),
            points_age_s=self._points_times.age_s(now_ns), context_age_s=self._context_age_s(now_ns),
            time_to_collision_s=self._time_to_collision_s, interventions=sum(self.counts.values()))

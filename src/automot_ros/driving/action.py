"""The action node's core: aligns the senses in time and space, picks the context, asks the expert for a draft."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.errors import ContextError
from automot_ros.base.quantity import quantity
from automot_ros.driving.clock import TICK_NS, DriveStart, TimingConfig
from automot_ros.driving.history import History, pose_at
from automot_ros.driving.interfaces import ActionPolicy
from automot_ros.driving.progress import RouteProgress
from automot_ros.geometry.se2 import Pose2
from automot_ros.policy.preprocess import PAST_SWEEP_S, ActionObservation, Sweep, target_points
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState, PointCloud

HISTORY_NS = 1_500_000_000
CONTEXT_HISTORY_NS = 6_000_000_000
PAST_NS = round(PAST_SWEEP_S * SECOND_NS)
POSE_SLACK_NS = 100_000_000


@dataclass(frozen=True, kw_only=True)
class ActionConfig(TimingConfig):
    """The clock of the action node."""

    input_timeout_s: float = quantity(0.25, "s", "Real time: no draft from an image or points older than this.",
                                      low=0.05, high=2.0)


class ActionCore:
    """observe_*, then `step`: a draft, or None. Keeps LiDAR sweeps, poses, contexts and the place on the route."""

    def __init__(self, config: ActionConfig, action: ActionPolicy, model_hash: str = "") -> None:
        """`model_hash`: contexts of another model are refused; empty accepts any."""
        self._config = config
        self._action = action
        self._model_hash = model_hash
        self._frames: History[CameraFrame] = History(HISTORY_NS)
        self._points: History[PointCloud] = History(HISTORY_NS)
        self._egos: History[EgoState] = History(HISTORY_NS)
        self._contexts: History[AttentionContext] = History(CONTEXT_HISTORY_NS)
        self._start = DriveStart()
        self._route: RouteProgress | None = None
        self._done_ns: int | None = None

    def observe_ego(self, ego: EgoState) -> None:
        """Take odometry."""
        if self._start.observe(ego.stamp_ns):
            self._done_ns = None
        self._egos.add(ego.stamp_ns, ego)

    def observe_image(self, frame: CameraFrame) -> None:
        """Take a front image."""
        self._frames.add(frame.stamp_ns, frame)

    def observe_points(self, points: PointCloud) -> None:
        """Take a half sweep, LiDAR frame."""
        self._points.add(points.stamp_ns, points)

    def observe_route(self, route: Route) -> None:
        """Take the route; the same route again keeps the progress on it."""
        if self._route is None or not self._route.is_of(route):
            self._route = RouteProgress(route)

    def observe_context(self, context: AttentionContext) -> None:
        """Take a context. ContextError when it is of another model; a late one counts in lockstep only."""
        if self._model_hash and context.model_hash != self._model_hash:
            raise ContextError("context of another model", where="ActionCore", got=context.model_hash,
                               wanted=self._model_hash)
        if not self._contexts.add(context.stamp_ns, context) and self._config.lockstep:
            self._contexts.put_back(context.stamp_ns, context)

    @property
    def newest_context(self) -> AttentionContext | None:
        """The newest context received, used or not."""
        newest = self._contexts.newest
        return None if newest is None else newest[1]

    def step(self, now_ns: int) -> Draft | None:
        """A draft for the newest odometry, at most one a stamp; None while something is missing.

        Lockstep: waits for image and points of the odometry's stamp and for the context that is due. Real time: the
        newest of everything, never waits. Before the first context there is no draft.
        """
        newest = self._egos.newest
        if newest is None or self._route is None or newest[0] == self._done_ns:
            return None
        stamp_ns, ego = newest
        context = self._due_context(stamp_ns) if self._config.lockstep else self._newest_context(now_ns)
        image, sweep_ns = self._inputs_for(stamp_ns)
        if context is None or image is None or sweep_ns is None:
            return None
        sweeps = self._sweeps(ego, sweep_ns)
        if not sweeps:
            return None
        past = self._sweeps(ego, sweep_ns - PAST_NS + TICK_NS // 2)
        pose = ego.pose_map_to_ego
        s_m = self._route.advance(pose)
        self._done_ns = stamp_ns
        return self._action.act(ActionObservation(
            ego=ego, image_HW3=image.image_HW3, sweeps=sweeps, past_sweeps=past,
            target_points_22=target_points(self._route.line, s_m, pose), context=context,
            context_age_s=max(0, stamp_ns - context.stamp_ns) / SECOND_NS,
            pose_context_to_ego=context.pose_map_to_ego.inverse().compose(pose),
        ))

    def _due_context(self, stamp_ns: int) -> AttentionContext | None:
        due_ns = self._start.due(stamp_ns, self._config)
        if due_ns is None:
            return None
        context = self._contexts.at(due_ns)
        if context is not None:
            self._contexts.forget_before(due_ns)
        return context

    def _newest_context(self, now_ns: int) -> AttentionContext | None:
        first_ns = self._start.first_stamp_ns
        for stamp_ns, context in self._contexts.up_to(now_ns):
            # The last drive's context says nothing of this one.
            return context if first_ns is not None and stamp_ns >= first_ns else None
        return None

    def _inputs_for(self, stamp_ns: int) -> tuple[CameraFrame | None, int | None]:
        """The image and the stamp of the newest sweep for odometry of this stamp; None where there is none."""
        if self._config.lockstep:
            return self._frames.at(stamp_ns), stamp_ns if self._points.at(stamp_ns) is not None else None
        slack_ns = round(self._config.input_timeout_s * SECOND_NS)
        image, sweep = self._frames.newest, self._points.newest
        # A plan from a frozen image would look as fresh as any to whoever follows it.
        return (image[1] if image is not None and abs(stamp_ns - image[0]) <= slack_ns else None,
                sweep[0] if sweep is not None and abs(stamp_ns - sweep[0]) <= slack_ns else None)

    def _sweeps(self, ego: EgoState, stamp_ns: int) -> tuple[Sweep, ...]:
        """The newest two half sweeps up to a stamp, newest first, as seen from `ego`."""
        sweeps: list[Sweep] = []
        for at_ns, points in self._points.up_to(stamp_ns)[:2]:
            pose: Pose2 | None = pose_at(self._egos, at_ns, 0 if self._config.lockstep else POSE_SLACK_NS)
            if pose is not None:
                sweeps.append((points.points_N4, ego.pose_map_to_ego.inverse().compose(pose)))
        return tuple(sweeps)

"""The understanding node's core: four frames and the route in words, now and then a context."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.driving.clock import DriveStart, TimingConfig, is_context_tick
from automot_ros.driving.history import History, pose_at
from automot_ros.driving.interfaces import UnderstandingPolicy
from automot_ros.driving.progress import RouteProgress
from automot_ros.policy.preprocess import FRAME_AGES_S, UnderstandingObservation, route_words
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState

HISTORY_NS = 1_500_000_000
POSE_SLACK_NS = 100_000_000
# Longer than any context is used: the largest lag and the largest period.
GIVEN_NS = 10_000_000_000


@dataclass(frozen=True, kw_only=True)
class UnderstandingConfig(TimingConfig):
    """The pace of the understanding expert."""

    extra_delay_s: float = quantity(0.0, "s", "Real time: each context takes at least this long, to try slow models.",
                                    low=0.0, high=10.0)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.lockstep and self.extra_delay_s > 0.0:
            raise ConfigError("a delay means nothing in lockstep", where="UnderstandingConfig.extra_delay_s",
                              got=f"{self.extra_delay_s} s", wanted="0 s and context_lag_s")


class UnderstandingCore:
    """observe_*, then `step`: a context, or None when there is nothing new to read."""

    def __init__(self, config: UnderstandingConfig, understanding: UnderstandingPolicy, epoch: int) -> None:
        self._config = config
        self._understanding = understanding
        self._epoch = epoch
        self._sequence = 0
        self._frames: History[CameraFrame] = History(HISTORY_NS)
        self._egos: History[EgoState] = History(HISTORY_NS)
        self._given: History[AttentionContext] = History(GIVEN_NS)
        self._start = DriveStart()
        self._route: RouteProgress | None = None
        self._read_ns: int | None = None
        self._delayed: tuple[int, AttentionContext] | None = None

    def observe_image(self, frame: CameraFrame) -> None:
        """Take a front image."""
        self._frames.add(frame.stamp_ns, frame)

    def observe_ego(self, ego: EgoState) -> None:
        """Take odometry."""
        if self._start.observe(ego.stamp_ns):
            self._read_ns, self._delayed = None, None
        self._egos.add(ego.stamp_ns, ego)

    def observe_route(self, route: Route) -> None:
        """Take the route; the same route again keeps the progress on it."""
        if self._route is None or not self._route.is_of(route):
            self._route = RouteProgress(route)

    def step(self, now_ns: int) -> AttentionContext | None:
        """A new context, or None.

        Lockstep: for each context tick exactly once, as soon as its inputs are here. Real time: from the newest image,
        not oftener than the period; with an extra delay the context is given out that much later.
        """
        if self._delayed is not None:
            ready_ns, delayed = self._delayed
            # A clock that went back would hold the context for ever.
            if ready_ns - round(self._config.extra_delay_s * SECOND_NS) <= now_ns < ready_ns:
                return None
            self._delayed = None
            return delayed
        stamp_ns = self._stamp_to_read()
        if stamp_ns is None or self._route is None:
            return None
        context = self._read(stamp_ns, self._route)
        if context is not None and self._config.extra_delay_s > 0.0:
            self._delayed = (now_ns + round(self._config.extra_delay_s * SECOND_NS), context)
            return None
        return context

    def given_for(self, stamp_ns: int) -> AttentionContext | None:
        """Lockstep: the context that is used at a stamp, where it was given out: who waits for it has lost it."""
        due_ns = self._start.due(stamp_ns, self._config)
        return None if due_ns is None else self._given.at(due_ns)

    def _stamp_to_read(self) -> int | None:
        newest = self._frames.newest
        if newest is None or self._egos.newest is None or self._start.first_stamp_ns is None:
            return None
        if not self._config.lockstep:
            period_ns = round(self._config.context_period_s * SECOND_NS)
            # A tenth of tolerance: image stamps jitter, and a context must not slip by a whole frame for it.
            fresh = self._read_ns is None or newest[0] - self._read_ns >= 0.9 * period_ns
            return newest[0] if fresh else None
        for stamp_ns, _ in reversed(self._frames.up_to(newest[0])):
            new = self._read_ns is None or stamp_ns > self._read_ns
            of_this_drive = stamp_ns >= self._start.first_stamp_ns
            if new and of_this_drive and is_context_tick(stamp_ns, self._config) and self._egos.at(stamp_ns):
                return stamp_ns
        return None

    def _read(self, stamp_ns: int, route: RouteProgress) -> AttentionContext | None:
        slack_ns = 0 if self._config.lockstep else POSE_SLACK_NS
        pose, ego = pose_at(self._egos, stamp_ns, slack_ns), self._egos.nearest(stamp_ns)
        if pose is None or ego is None:
            return None
        past = self._frames.up_to(stamp_ns)
        frames = []
        for age_s in FRAME_AGES_S:
            wanted_ns = stamp_ns - round(age_s * SECOND_NS)
            # At the start of a drive the oldest frame stands for what was before it.
            frames.append(min(past, key=lambda item: abs(item[0] - wanted_ns))[1].image_HW3)
        words = route_words(route.line, route.advance(pose))
        obs = UnderstandingObservation(stamp_ns, tuple(frames), ego[1].speed_mps, words)
        context = self._understanding.understand(obs, self._epoch, self._sequence, pose)
        self._sequence += 1
        self._read_ns = stamp_ns
        if self._config.lockstep:
            self._given.add(stamp_ns, context)
            self._given.forget_before(self._start.due(stamp_ns, self._config) or 0)
        return context

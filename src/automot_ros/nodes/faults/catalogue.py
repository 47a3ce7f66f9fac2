"""The faults, one row each: what is done, for how long, and what must come of it. No ROS node here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from automot_ros.base.errors import ConfigError
from automot_ros.nodes import stack
from automot_ros.nodes.faults import messages as m
from automot_ros.nodes.faults.measure import Expectation
from automot_ros.nodes.faults.messages import Effect
from automot_ros.nodes.faults.relay import CLOCK_TOPIC

# What the guard allows before anything is wrong: contexts up to this age are part of the design.
CONTEXT_OLD_S, OLD_CONTEXT_MPS = 1.0, 6.0
STOP, HARMLESS, UNHURRIED = Expectation("stop"), Expectation("harmless"), Expectation("unhurried")
LIMIT = Expectation("limit", CONTEXT_OLD_S, OLD_CONTEXT_MPS)


@dataclass(frozen=True, slots=True)
class Fault:
    """effects: what the relay does to topics; process: what is done to node `node`: kill, stop, starve, or fill
    (disk or shared memory); text: for people; lasts_s: simulated.
    """

    name: str
    group: str
    text: str
    expected: Expectation
    effects: Mapping[str, Effect] = field(default_factory=dict)
    process: str = ""
    node: str = ""
    lasts_s: float = 3.0


def _topic(group: str, topic: str, kind: str, text: str, effect: Effect, expected: Expectation,
           lasts_s: float = 3.0) -> Fault:
    return Fault(f"{group}_{kind}", group, text, expected, {topic: effect}, lasts_s=lasts_s)


def _sensor(group: str, topic: str, wrong_size: Effect, size_text: str, not_finite: Effect,
            nan_text: str) -> tuple[Fault, ...]:
    rows: tuple[tuple[str, str, Effect, Expectation], ...] = (
        ("lost", "no message arrives", m.lost, STOP),
        ("frozen", "the same content again and again, stamps go on", m.frozen, STOP),
        ("delayed", "every message 1 s late", m.delayed, STOP),
        ("reordered", "two at a time, the newer first", m.reordered, HARMLESS),
        ("duplicated", "every message three times", m.duplicated, HARMLESS),
        ("wrong_stamps", "stamped 5 s ahead", m.wrong_stamps, STOP),
        ("wrong_frame", "in another frame", m.wrong_frame, STOP),
        ("wrong_size", size_text, wrong_size, STOP),
        ("not_finite", nan_text, not_finite, STOP))
    return tuple(_topic(group, topic, kind, text, effect, expected) for kind, text, effect, expected in rows)


def _route() -> tuple[Fault, ...]:
    # The route is latched: it is said once a drive, and the car has it. What comes later and is wrong is refused.
    rows: tuple[tuple[str, str, Effect, Expectation], ...] = (
        ("lost", "said no more", m.lost, HARMLESS), ("frozen", "said again and again", m.frozen, HARMLESS),
        ("delayed", "said again, late", m.delayed, HARMLESS),
        ("reordered", "said again, pairwise", m.reordered, HARMLESS),
        ("duplicated", "said again three times", m.duplicated, HARMLESS),
        ("wrong_stamps", "said again, stamped 5 s ahead", m.wrong_stamps, HARMLESS),
        ("wrong_frame", "another frame", m.wrong_frame, HARMLESS),
        ("wrong_size", "one point only", m.route_of_wrong_size, HARMLESS),
        ("not_finite", "an infinite point", m.route_not_finite, HARMLESS),
        ("elsewhere", "2 km beside the car", m.route_elsewhere, STOP))
    return tuple(_topic("route", stack.ROUTE_TOPIC, kind, text, effect, expected, 2.0 if expected is HARMLESS else 3.0)
                 for kind, text, effect, expected in rows)


def _contexts() -> tuple[Fault, ...]:
    rows: tuple[tuple[str, str, Effect], ...] = (
        ("other_model", "computed by other weights", m.context_of_another_model),
        ("stale_epoch", "of an earlier start of the node", m.context_of_old_epoch),
        ("torn", "the slot was overwritten", m.context_torn),
        ("corrupted", "the checksum is another", m.context_corrupted),
        ("oversize", "claims 2^62 bytes", m.context_oversize))
    return tuple(_topic("context", stack.CONTEXT_TOPIC, kind, text, effect, LIMIT, 2.5) for kind, text, effect in rows)


def _plans() -> tuple[Fault, ...]:
    rows: tuple[tuple[str, str, Effect], ...] = (
        ("lost", "no plan arrives", m.lost), ("not_finite", "NaN where the car should be", m.plan_not_finite),
        ("teleporting", "begins 30 m beside the car", m.plan_elsewhere), ("empty", "no points", m.plan_empty),
        ("reversed", "the last point first", m.plan_backwards),
        ("impossible", "eight times the speed", m.plan_impossible))
    return tuple(_topic("plan", stack.TRAJECTORY_TOPIC, kind, text, effect, STOP) for kind, text, effect in rows)


def _processes() -> tuple[Fault, ...]:
    def of(node: str, process: str, text: str, expected: Expectation, lasts_s: float) -> Fault:
        return Fault(f"{node}_{process}", "process", text, expected, process=process, node=node, lasts_s=lasts_s)

    # Without contexts the car may go on for a second, more slowly for two more, and then stops: long enough to see it.
    made = [of("understanding", "killed", "SIGKILL, started again", LIMIT, 5.0),
            of("understanding", "stopped", "SIGSTOP, then SIGCONT", LIMIT, 2.5)]
    for node in ("action", "refiner", "controller"):
        made += [of(node, "killed", "SIGKILL, started again", STOP, 3.0),
                 of(node, "stopped", "SIGSTOP, then SIGCONT", STOP, 3.0)]
    made.append(of("simulator", "stopped", "SIGSTOP for 2 s of wall time: simulated time stands", HARMLESS, 0.5))
    made.append(of("controller", "starved", "gets the processor for one tick in ten", UNHURRIED, 3.0))
    made.append(of("recorder", "disk_full", "no file may grow while it records", HARMLESS, 2.0))
    made.append(of("understanding", "shared_memory_full", "dies; no shared memory at its next start", LIMIT, 5.0))
    made.append(of("simulator", "killed", "SIGKILL, started again: clock and world begin anew", HARMLESS, 0.0))
    return tuple(made)


FAULTS: tuple[Fault, ...] = (
    *_sensor("camera", stack.IMAGE_TOPIC, m.image_of_wrong_size, "a quarter of the picture", m.image_of_noise,
             "an encoding of floats, full of garbage"),
    *_sensor("lidar", stack.POINTS_TOPIC, m.points_of_wrong_size, "half the bytes announced", m.points_not_finite,
             "every number NaN"),
    _topic("lidar", stack.POINTS_TOPIC, "empty", "sweeps without a point", m.points_empty, STOP),
    *_sensor("odometry", stack.ODOMETRY_TOPIC, m.odometry_of_wrong_size, "an orientation that is no rotation",
             m.odometry_not_finite, "a position that is NaN"),
    *_route(), *_contexts(), *_plans(),
    _topic("clock", CLOCK_TOPIC, "ahead", "10 s forwards, the sensors go on", m.clock_ahead, STOP),
    _topic("clock", CLOCK_TOPIC, "back", "10 s backwards, as a bag in a loop", m.clock_back, STOP),
    *_processes(),
)
# One of every kind, for continuous integration.
QUICK = ("lidar_lost", "camera_frozen", "odometry_duplicated", "context_corrupted", "plan_teleporting",
         "controller_killed")


def faults_named(names: str) -> tuple[Fault, ...]:
    """The faults of a list joined by commas: names, groups, quick, or all. ConfigError for an unknown one."""
    found: list[Fault] = []
    for name in names.split(","):
        chosen = [f for f in FAULTS if name in ("all", f.name, f.group) or (name == "quick" and f.name in QUICK)]
        if not chosen:
            raise ConfigError("no such fault", where="--only", got=name, wanted="a name or a group of --list")
        found += [f for f in chosen if f not in found]
    return tuple(found)



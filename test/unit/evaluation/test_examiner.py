"""The examiner on a straight road of 100 m drawn by hand, and on a world without others."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.evaluation.examiner import Examiner, RouteResult
from automot_ros.evaluation.metrics.infractions import ALL_NAMES
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import EgoState
from automot_ros.simulation.events import Event, EventKind
from automot_ros.simulation.tasks import ScenarioSpec, TrafficConfig, plain_task
from automot_ros.simulation.world import START_NS, TICK_NS, World


def _lane(lane_id, y, yaw, limit_mps=10.0):
    ends = np.array([[-20.0, y], [140.0, y]])
    line = Polyline(ends if yaw == 0.0 else ends[::-1]).resampled(1.0)
    return SimpleNamespace(road_id=1, lane_id=lane_id, junction_id=-1, width_m=3.5, center=line,
                           speed_limit_mps=limit_mps)


class Road:
    """A world as the examiner sees it: lane -1 along x, lane 1 beside it (y = 3.5) against it, grass elsewhere."""

    TICK_S = 0.05

    def __init__(self, *, scenarios=(), agents=(), length_m=100.0, junction_m=None):
        lanes = (_lane(-1, 0.0, 0.0), _lane(1, 3.5, math.pi))
        specs = [ScenarioSpec(f"{kind}_1", kind, Pose2(0.0, 0.0, 0.0)) for kind in scenarios]
        self.task = SimpleNamespace(name="road-1", seed=1, map_name="road", scenarios=tuple(specs))
        self.map = SimpleNamespace(lanes=lanes, strips={}, lane_at=self._lane_at)
        self.route_line = Polyline(np.array([[0.0, 0.0], [length_m, 0.0]]))
        self.passages = () if junction_m is None else (SimpleNamespace(begin_m=junction_m),)
        self.scenarios = tuple(SimpleNamespace(spec=spec, state="waiting") for spec in specs)
        self.not_run = ("Unheard (Unheard_1)",)
        self.agents, self.events, self.tick = agents, [], 0
        self.put(0.0)

    def _lane_at(self, xy):
        found = [(i, *lane.center.project(xy)) for i, lane in enumerate(self.map.lanes)]
        best = min(found, key=lambda row: abs(row[2]))
        return best if abs(best[2]) <= 8.0 else None

    @property
    def stamp_ns(self):
        return START_NS + TICK_NS * self.tick

    def put(self, x, y=0.0, speed=8.0):
        self.ego = EgoState(self.stamp_ns, Pose2(x, y, 0.0), speed, 0.0)

    def drive(self, examiner, to_x, y=0.0, step=0.4):
        """Tick by tick to `to_x` at 20 * step m/s, or until the examiner is done."""
        x = self.ego.pose_map_to_ego.x_m
        while x < to_x - 1e-9 and not examiner.done:
            x += step
            self.tick += 1
            self.put(x, y, 20.0 * step)
            examiner.observe()

    def stand(self, examiner, seconds):
        for _ in range(round(seconds / self.TICK_S)):
            self.tick += 1
            self.put(self.ego.pose_map_to_ego.x_m, self.ego.pose_map_to_ego.y_m, 0.0)
            examiner.observe()

    def note(self, kind, other_id=7):
        self.events.append(Event(self.stamp_ns, kind, other_id, (1.0, -2.0), 3.0))


def test_a_clean_drive_to_the_end_is_perfect():
    """100 m in steps of 0.3: 99 m are 99.0 %, not more; the last point is passed at 100.2 m, tick 334: 16.7 s."""
    road = Road(junction_m=39.5)
    examiner = Examiner(road)
    road.drive(examiner, 110.0, step=0.3)
    result = examiner.result()
    assert (result.status, result.success, result.driving_score, result.driving_score_2_1) == (
        "Perfect", True, 100.0, 100.0)
    assert result.duration_s == 16.7 and result.mean_speed_mps == pytest.approx(6.0)
    assert result.scenario == "plain" and result.not_run == ["Unheard (Unheard_1)"] and result.events == []
    assert result.junction_completion == pytest.approx(49.0 / 101.0, abs=1e-6)  # point 40 is the first inside
    assert (result.comfort, result.comfort_corrected) == (1.0, 1.0)


def test_what_the_world_notes_costs_and_is_told_in_carlas_words():
    """Vehicle and red light at the start of a finished drive: 100 * 0.6 * 0.7 = 42; 100 / (1 + 0.7 + 0.4) = 47.619."""
    road = Road(scenarios=("Accident",))
    examiner = Examiner(road)
    road.note(EventKind.RED_LIGHT, 12)
    road.tick += 2
    road.note(EventKind.COLLISION_VEHICLE, 1003)
    road.drive(examiner, 110.0)
    result = examiner.result()
    assert (result.status, result.success) == ("Completed", False)
    assert (result.driving_score, result.driving_score_2_1) == (42.0, 47.619048)
    assert examiner.driving_score == 42.0
    assert result.scenario == "Accident"
    assert result.scenarios == [{"kind": "Accident", "name": "Accident_1", "state": "waiting"}]
    assert [event["text"] for event in result.events] == [
        "Agent ran a red light 12 at (x=1.0, y=-2.0)",
        "Agent collided against object with type=vehicle and id=1003 at (x=1.0, y=-2.0)"]
    assert result.events[1] == {"kind": "collisions_vehicle", "time_s": 0.1, "x_m": 1.0, "y_m": -2.0, "other_id": 1003,
                                "text": result.events[1]["text"]}


@pytest.mark.parametrize(("kind", "name", "factor"), [
    (EventKind.COLLISION_WALKER, "collisions_pedestrian", 0.5), (EventKind.COLLISION_STATIC, "collisions_layout", 0.65),
    (EventKind.STOP_SIGN, "stop_infraction", 0.8), (EventKind.SCENARIO_TIMEOUT, "scenario_timeouts", 0.7),
    (EventKind.YIELD_EMERGENCY, "yield_emergency_vehicle_infractions", 0.7)])
def test_every_kind_of_event_has_its_name_and_factor(kind, name, factor):
    """One event: penalty = factor, and no success."""
    road = Road()
    examiner = Examiner(road)
    road.note(kind)
    result = examiner.result()
    assert result.infractions == {**dict.fromkeys(ALL_NAMES, 0), name: 1}
    assert result.infraction_penalty == factor and result.events[0]["kind"] == name


def test_a_minute_of_standing_ends_the_drive():
    """20 m passed of 100 (the point at 20 is passed at 20.4), then 60.05 s: blocked, 20 %."""
    road = Road()
    examiner = Examiner(road)
    road.drive(examiner, 20.4)
    road.stand(examiner, 60.0)
    assert not examiner.done
    road.stand(examiner, 0.05)
    result = examiner.result()
    assert result.status == "Failed - Agent got blocked" and result.route_completion == 20.0
    assert result.infractions["vehicle_blocked"] == 1 and result.driving_score == 20.0
    assert result.events[-1]["text"] == "Agent got blocked at (x=20.4, y=0.0)"


def test_driving_off_ends_the_drive():
    """31 m beside the route: more than 30."""
    road = Road()
    examiner = Examiner(road)
    road.drive(examiner, 10.0)
    road.put(10.0, 31.0)
    examiner.observe()
    assert examiner.result().status == "Failed - Agent deviated from the route"


def test_the_routes_time_ends_the_drive():
    """50 s of standing at 6 places, then for long: 21 m passed of x = 21.2 allow 300 + 21 / (10 % of 10 m/s) = 321 s.

    The clock runs from the first look at 0.05 s: open at 321.0 s, over at 321.15 s.
    """
    road = Road()
    examiner = Examiner(road)
    for place in (4.4, 8.4, 12.4, 16.4, 20.4, 21.2):
        road.drive(examiner, place)
        road.stand(examiner, 50.0)
    road.drive(examiner, 21.3)  # to 21.6: no further point
    road.stand(examiner, 321.0 - road.tick * 0.05)
    assert not examiner.done
    road.stand(examiner, 0.15)
    result = examiner.result()
    assert result.status == "Failed - Agent timed out" and result.infractions["route_timeout"] == 1
    assert result.route_completion == 21.0


def test_ground_off_the_road_is_a_share_of_the_driven_route():
    """40 m on the lane, 10 m at 3 m to the right (> 1.75 + 0.5), 40 m on it: 10 of 90 m, 11.11 %, one infraction."""
    road = Road()
    examiner = Examiner(road)
    road.drive(examiner, 40.4)
    road.drive(examiner, 50.4, y=-3.0)
    road.drive(examiner, 90.4)
    result = examiner.result()
    assert result.outside_lanes == pytest.approx(100.0 * 10.0 / 90.0, abs=1e-6)
    assert result.driving_score == pytest.approx(90.0 * (1.0 - 10.0 / 90.0), abs=1e-4)
    assert result.infractions["outside_route_lanes"] == 1
    assert result.events[0]["text"] == ("Agent went outside its route lanes for about 10.0 meters "
                                        "(11.11% of the completed route)")


@pytest.mark.parametrize(("kind", "percent"), [("Accident", 25.0), ("AccidentTwoWays", 0.0)])
def test_the_opposite_lane_is_a_fault_unless_a_two_way_scenario_runs(kind, percent):
    """60 m own lane, 20 m opposite: 20 of 80 m are 25 %; nothing while AccidentTwoWays runs."""
    road = Road(scenarios=(kind,))
    examiner = Examiner(road)
    road.scenarios[0].state = "running"
    road.drive(examiner, 60.4)
    road.drive(examiner, 80.4, y=3.5)
    assert examiner.result().outside_lanes == pytest.approx(percent)


def test_the_egos_speed_is_compared_with_the_traffics_at_twenty_checkpoints():
    """Ego 8 m/s, agents 4 and 12, mean 8: 100 %. Stretches of 100 / 20 = 5 m close every 6 points: 16, and the end."""
    road = Road(agents=tuple(SimpleNamespace(speed_mps=v) for v in (4.0, 12.0)))
    examiner = Examiner(road)
    road.drive(examiner, 110.0)
    result = examiner.result()
    assert result.min_speed_percent == [100.0] * 17 and result.driving_score_2_1 == 100.0


def test_a_slow_drive_costs_in_2_1_only():
    """Ego 8, traffic 10: 80 % at each of the leaderboard's 4 checkpoints: 1 / (1 + 4 * 0.4 * 0.2) = 1 / 1.32."""
    road = Road(agents=(SimpleNamespace(speed_mps=10.0),))
    examiner = Examiner(road)
    road.drive(examiner, 110.0)
    result = examiner.result()
    assert (result.driving_score, result.driving_score_2_1, result.success) == (100.0, 75.757576, True)


def test_giving_up_from_outside_keeps_the_first_reason():
    examiner = Examiner(Road())
    examiner.give_up("stopped")
    examiner.give_up("again")
    assert examiner.done and examiner.result().status == "Failed - stopped"


def test_a_result_is_plain_json_and_a_route_without_one_has_the_same_fields():
    road = Road(scenarios=("Accident",))
    examiner = Examiner(road)
    road.note(EventKind.STOP_SIGN)
    row = examiner.result().as_json()
    assert json.loads(json.dumps(row)) == row and row["score"] == row["driving_score"] and row["status"] == "Running"
    none = RouteResult.nothing(id="a", scenario="plain", seed=1, map="m", status="Failed - x", route_length_m=1.0,
                               duration_s=0.0).as_json()
    assert none.keys() == row.keys() and none["driving_score"] == 0.0 and none["infractions"].keys() == set(ALL_NAMES)


def test_the_examiner_watches_a_real_world():
    """Full throttle from rest for 4 s in an empty world: some route is passed, in the lane, nobody is hit."""
    world = World(replace(plain_task(1), traffic=TrafficConfig(vehicles=0, parked=0, walkers=0)))
    examiner = Examiner(world)
    for _ in range(80):
        world.step(DriveCommand.of(world.stamp_ns, 0.6, 0.0, 0.0))
        examiner.observe()
    result = examiner.result()
    assert result.status == "Running" and 1.0 < result.route_completion < 20.0
    assert result.outside_lanes == 0.0 and result.duration_s == 4.0


def test_seed_ranges_are_half_open_and_nonsense_is_refused():
    from automot_ros.evaluation.closed_loop import parse_seeds

    assert list(parse_seeds("3:6")) == [3, 4, 5] and list(parse_seeds("7")) == [7]
    for text in ("6:3", "a:b", "-4:2", "3:3"):
        with pytest.raises(ConfigError):
            parse_seeds(text)

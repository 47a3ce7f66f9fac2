"""Many routes: named, driven, failed one by one, resumed and summed."""

import functools
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from automot_ros.base.errors import ConfigError, MachineError, MapError
from automot_ros.evaluation import routes
from automot_ros.evaluation.closed_loop import evaluate, summarise
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.pool import Runner
from automot_ros.evaluation.routes import CRASHED, NO_SET_UP, RouteJob, recorded_route, run_route, suite_jobs
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.tasks import DriveTask, ScenarioSpec, TrafficConfig, plain_task

EMPTY = TrafficConfig(vehicles=0, parked=0, walkers=0)
BLIND = DriverSettings(policy="blind", guard=False)
plain_1 = functools.cache(lambda: plain_task(1))


@dataclass(frozen=True)
class Short:
    """20 m of an empty plain route, or what `wrong` says."""

    id: str
    wrong: type[Exception] | None = None
    kinds: tuple[str, ...] = ()

    def build(self) -> DriveTask:
        if self.wrong is not None:
            raise self.wrong("it is broken")
        task = plain_1()
        specs = tuple(ScenarioSpec(f"{kind}_1", kind, Pose2(0.0, 0.0, 0.0)) for kind in self.kinds)
        return replace(task, name=self.id, traffic=EMPTY, route_map_N2=task.route_map_N2[:20], scenarios=specs)


@pytest.fixture
def suite(tmp_path: Path):
    """The name of a route file, and jobs of it."""
    file = tmp_path / "routes.xml"
    file.write_text("<routes/>")
    return lambda *entries: [RouteJob(e.id, str(file), entry=e) for e in entries]


def test_suites_by_seeds_have_a_name_each_and_unknown_ones_are_refused() -> None:
    assert [(j.id, j.suite, j.seed) for j in suite_jobs("plain", range(3, 5))] == [("plain-3", "plain", 3),
                                                                                   ("plain-4", "plain", 4)]
    with pytest.raises(MapError, match="unknown suite"):
        suite_jobs("plain,NoSuchScenario", range(3))
    with pytest.raises(MapError, match="cannot read the map"):
        suite_jobs("/no/such/map.xodr", range(3))


def test_the_seed_goes_to_the_suite_as_it_is(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(routes, "task_of", lambda suite, seed: asked.append((suite, seed)) or Short("x").build())
    RouteJob("plain-8", "plain", 8).build()
    assert asked == [("plain", 8)]


def test_a_route_that_cannot_be_built_fails_alone_with_its_reason(suite) -> None:
    bad, = suite(Short("7", MapError, ("PedestrianCrossing",)))
    record = run_route(bad, BLIND)
    assert (record["status"], record["score"], record["success"]) == (NO_SET_UP, 0.0, False)
    assert record["scenario"] == "PedestrianCrossing"
    assert record["error"] == "it is broken"
    assert "in build" in record["traceback"]


def test_a_crash_on_the_way_fails_the_route_and_keeps_the_traceback(suite, monkeypatch) -> None:
    made = routes.make_driver

    class Breaks:
        def __init__(self, drive) -> None:
            self.drive, self.ticks = drive, 0

        def observe_route(self, route) -> None:
            self.drive.observe_route(route)

        def step(self, tick):
            self.ticks += 1
            return self.drive.step(tick) if self.ticks < 5 else [][0]

    monkeypatch.setattr(routes, "make_driver", lambda s, w: (Breaks(made(s, w)[0]), made(s, w)[1]))
    record = run_route(suite(Short("7"))[0], BLIND)
    assert (record["status"], record["driving_score"], record["id"]) == (CRASHED, 0.0, "7")
    assert record["error"] == "IndexError: list index out of range"
    assert "in step" in record["traceback"]
    assert record["duration_s"] == 0.2


def test_a_machine_that_cannot_run_routes_is_not_a_failed_route(suite) -> None:
    with pytest.raises(MachineError):
        run_route(suite(Short("7", MachineError))[0], BLIND)


def test_the_others_go_on_and_what_was_not_run_is_summed_at_the_top(suite, tmp_path) -> None:
    jobs = suite(Short("a"), Short("b", MapError), Short("c", None, ("NoSuchKind", "NoSuchKind", "NorThis")))
    lines: list[str] = []
    result = evaluate(jobs, BLIND, tmp_path / "out", Runner(), lines.append)
    assert [r["status"] for r in result["routes"]] == ["Perfect", NO_SET_UP, "Perfect"]
    assert result["not_run"] == {"NoSuchKind": 2, "NorThis": 1}
    assert result["routes"][2]["not_run"][0].startswith("NoSuchKind")
    assert result["crashed"] == 1
    assert result["driving_score"] == pytest.approx(200.0 / 3.0)
    assert len(lines) == 3
    assert "it is broken" in lines[1]
    top = list(json.loads((tmp_path / "out" / "result.json").read_text()))
    for key in ("schema_version", "world", "driving_score", "success_rate", "route_completion", "efficiency", "comfort",
                "infractions", "ability", "routes", "policy", "refiner", "guard", "understanding_lag_s", "without",
                "hazards_named", "not_run"):
        assert key in top
    assert top.index("not_run") < top.index("routes")


def test_a_folder_resumes_with_the_same_figures_and_refuses_another_driver(suite, tmp_path) -> None:
    jobs, out = suite(Short("a"), Short("b")), tmp_path / "out"
    first = evaluate(jobs, BLIND, out, Runner(), lambda line: None)
    whole = (out / "result.json").read_text()
    (out / "routes" / "b.json").unlink()
    (out / "result.json").unlink()
    lines: list[str] = []
    assert evaluate(jobs, BLIND, out, Runner(), lines.append) == first
    assert (out / "result.json").read_text() == whole
    assert len(lines) == 2, "a note and the one route that was missing"
    assert "workers" not in (out / "routes" / "settings.json").read_text()
    with pytest.raises(ConfigError, match="another evaluation"):
        evaluate(jobs, replace(BLIND, guard=True), out, Runner(), lines.append)


def test_a_changed_route_file_is_another_evaluation(suite, tmp_path) -> None:
    jobs = suite(Short("a"))
    evaluate(jobs, BLIND, tmp_path / "out", Runner(), lambda line: None)
    Path(jobs[0].suite).write_text("<routes></routes>")
    with pytest.raises(ConfigError, match="another evaluation"):
        evaluate(jobs, BLIND, tmp_path / "out", Runner(), lambda line: None)


def test_names_that_are_no_file_names_are_made_some_and_must_differ() -> None:
    assert routes._plain("../a b/7") == "_a_b_7"
    with pytest.raises(ConfigError, match="two routes of one name"):
        routes._unique([RouteJob("a", "one"), RouteJob("a", "two")])


def test_parts_are_taken_from_models_only_and_their_order_does_not_matter() -> None:
    assert DriverSettings("nano", without=("age", "context")) == DriverSettings("nano", without=("context", "age"))
    with pytest.raises(ConfigError, match="nothing to take away"):
        replace(BLIND, without=("context",))
    with pytest.raises(ConfigError, match="no such part"):
        DriverSettings("nano", without=("wheels",))


def test_a_driven_route_is_found_again_by_its_name(tmp_path) -> None:
    job, = suite_jobs("plain", range(3, 4))
    out = tmp_path / "out" / "routes"
    out.mkdir(parents=True)
    settings = DriverSettings("nano", without=("age",))
    kept = {"maps": None, "files": {}, **asdict(settings), "model_hash": "0"}
    out.joinpath("settings.json").write_text(json.dumps(kept))
    out.joinpath("plain-3.json").write_text(json.dumps({"id": "plain-3", "suite": "plain", "seed": 3}))
    assert recorded_route(tmp_path / "out", "plain-3")[:2] == (job, settings)
    with pytest.raises(ConfigError, match="plain-3"):
        recorded_route(tmp_path / "out", "plain-4")


def test_a_table_names_the_guard_only_where_it_watches() -> None:
    assert [replace(BLIND, policy=p, guard=g).label for p, g in (("blind", False), ("blind", True), ("expert", True))
            ] == ["blind", "blind + guard", "expert"]
    assert replace(BLIND, policy="nano", without=("age", "context")).label == "nano - context - age"
    row = run_route(RouteJob("a", "x.xml", entry=Short("a")), BLIND)
    assert summarise([row], DriverSettings(policy="expert"))["guard"] is False


def test_every_result_names_the_checks_of_the_guard_that_were_off(suite, tmp_path) -> None:
    row = evaluate(suite(Short("a")), BLIND, tmp_path / "out", Runner(), lambda line: None)["routes"][0]
    off = {name: summarise([row], settings)["guard_off"] for name, settings in (
        ("on", replace(BLIND, guard=True)), ("off", BLIND), ("expert", DriverSettings(policy="expert")))}
    assert off["on"] == []
    assert off["off"] == ["check_freshness", "check_context", "check_trajectory", "check_corridor", "check_goal",
                          "check_command"]
    assert off["expert"] == ["check_freshness", "check_context", "check_corridor"]

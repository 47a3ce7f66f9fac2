"""Pictures are taken around what went wrong, of so many routes as asked, and are shown on the page."""

import json
from dataclasses import dataclass, replace

import pytest

from automot_ros.base.errors import MachineError
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.evaluation_page import write_evaluation_page
from automot_ros.evaluation.filming import moments
from automot_ros.evaluation.pool import Runner
from automot_ros.evaluation.routes import RouteJob, run_route
from automot_ros.evaluation.strips import make_strips, strip_file
from automot_ros.simulation.tasks import DriveTask, TrafficConfig, plain_task

BLIND = DriverSettings(policy="blind", guard=False)


@dataclass(frozen=True)
class Short:
    id: str = "short"
    kinds: tuple[str, ...] = ()

    def build(self) -> DriveTask:
        task = plain_task(1)
        return replace(task, traffic=TrafficConfig(vehicles=2, parked=0, walkers=0),
                       route_map_N2=task.route_map_N2[:20])


JOB = RouteJob("short", "routes.xml", entry=Short())


@pytest.fixture(scope="module")
def record():
    return run_route(JOB, BLIND)


def event(kind, time_s):
    return {"kind": kind, "time_s": time_s, "text": "something"}


def test_pictures_lie_around_the_first_infraction_and_within_the_drive():
    ticks, about = moments({"duration_s": 30.0, "status": "x", "events": [event("red_light", 20.0),
                                                                         event("red_light", 25.0)]})
    assert ticks == [350, 370, 385, 400, 415, 430]
    assert about == 400
    assert moments({"duration_s": 1.0, "status": "x", "events": [event("red_light", 1.0)]})[0] == [1, 5, 20]


def test_a_drive_that_stood_for_a_minute_is_shown_from_before_it_stopped():
    ticks, _ = moments({"duration_s": 80.0, "status": "Failed", "events": [event("vehicle_blocked", 80.0)]})
    assert ticks[0] == round(14.0 * 20) and ticks[-1] == 1600


def test_only_failed_routes_are_drawn_at_most_so_many_and_none_twice(record, tmp_path, monkeypatch):
    from automot_ros.evaluation import strips

    drawn = []
    monkeypatch.setattr(strips, "strip_of", lambda work, settings: drawn.append(work[0].id) or b"jpeg")
    jobs = [RouteJob(name, "plain", i) for i, name in enumerate("abcd")]
    rows = [{**record, "id": j.id, "success": j.id == "b"} for j in jobs]
    for most in (2, 2, 3):
        assert make_strips(jobs, rows, BLIND, tmp_path, Runner(), most, lambda line: None) == ""
    assert drawn == ["a", "c", "d"]
    assert strip_file(tmp_path, "c").read_bytes() == b"jpeg"


def test_a_machine_that_cannot_draw_still_has_a_report(record, tmp_path, monkeypatch):
    from automot_ros.evaluation import strips

    def refuse(work, settings):
        raise MachineError("no graphics driver")

    monkeypatch.setattr(strips, "strip_of", refuse)
    note = make_strips([JOB], [{**record, "success": False}], BLIND, tmp_path, Runner(), 12, lambda line: None)
    assert "no graphics driver" in note


def test_the_page_has_the_tables_the_pictures_and_the_reasons(record, tmp_path):
    bad = {**record, "id": "x<y", "success": False, "status": "Failed - Simulation crashed", "scenario": "Accident",
           "error": "KeyError: '<k>'", "traceback": "Traceback <here>", "events": [event("red_light", 3.0)]}
    strip_file(tmp_path, "x<y").parent.mkdir()
    strip_file(tmp_path, "x<y").write_bytes(b"picture")
    from automot_ros.evaluation.closed_loop import summarise

    result = json.loads(json.dumps({"suite": "plain", **summarise([record, bad], BLIND)}))
    page = write_evaluation_page(tmp_path, result, "a note").read_text()
    for text in ("<h1>blind</h1>", "By scenario", "<td>Accident</td>", "By ability", "x&lt;y", "Traceback &lt;here&gt;",
                 "cGljdHVyZQ==", "a note", "1 of 2 routes crashed", "not of CARLA", "automot evaluate video"):
        assert text in page, text
    assert "x<y" not in page

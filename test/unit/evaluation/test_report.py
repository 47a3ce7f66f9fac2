"""The report says what result.json says, escapes what comes from outside, and does without a bag."""

import json
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from automot_ros.evaluation.report import write_report
from automot_ros.evaluation.report_page import Curve, chart
from automot_ros.evaluation.video import Video


def result(**changes):
    infractions = {"collisions_pedestrian": 0, "collisions_vehicle": 1, "collisions_layout": 0, "red_light": 2,
                   "stop_infraction": 0}
    route = {"id": "plain-7", "map": "town-1", "status": "Completed", "route_length_m": 331.0,
             "route_completion": 100.0, "driving_score": 29.4, "duration_s": 60.0, "mean_speed_mps": 5.0,
             "success": False, "infractions": infractions}
    return {"policy": "nano", "suite": "plain", "refiner": "diffusion", "guard": True, "understanding_lag_s": 0.1,
            "driving_score": 29.4, "route_completion": 100.0, "success_rate": 0.0, "infractions": infractions,
            "routes": [route], "command": "automot drive", "seeds": "7:8", "model_hash": "abc", **changes}


def test_figures_and_infractions_of_the_result_are_on_the_page(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps(result()))
    page = write_report(tmp_path).read_text()
    for text in ("29.4", "plain-7", "town-1", "hit vehicles: 1, ran red lights: 2", "not of CARLA"):
        assert text in page
    assert "<video" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_names_from_outside_cannot_become_markup(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps(result(policy="<script>alert(1)</script>")))
    page = write_report(tmp_path).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_broken_bag_costs_the_curves_and_is_named(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps(result()))
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "bag.mcap").write_bytes(b"nothing")
    page = write_report(tmp_path).read_text()
    assert "bag cannot be opened" in page
    assert "29.4" in page


def test_a_chart_is_well_formed_keeps_its_peak_and_breaks_at_gaps():
    t = np.arange(0.0, 100.0, 0.1)
    values = np.sin(t) + 1.0
    values[300:400] = np.nan
    values[555] = 7.5
    drawing = ElementTree.fromstring(chart("speed", "m/s", [Curve(t, values, "plan")], t > 90.0))
    lines = [e.get("points").split() for e in drawing.iter("polyline")]
    assert len(lines) == 2
    assert min(float(p.split(",")[1]) for line in lines for p in line) < 20.0
    shaded, = drawing.iter("rect")
    assert float(shaded.get("x")) > 300.0


def test_a_chart_without_any_value_is_drawn():
    t = np.arange(0.0, 3.0)
    ElementTree.fromstring(chart("speed", "m/s", [Curve(t, np.full(3, np.nan), "plan")], np.zeros(3, bool)))


def test_a_video_holds_the_frames_it_was_given(tmp_path):
    video = Video(tmp_path / "a.webm", 160, 96, frames_per_s=8.0)
    for level in (20, 120, 220):
        video.add(np.full((96, 160, 3), (level, 0, 0), np.uint8))
    video.close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.webm"]
    reader = cv2.VideoCapture(str(tmp_path / "a.webm"))
    frames = []
    while True:
        ok, frame = reader.read()
        if not ok:
            break
        frames.append(frame)
    assert [round(float(f[..., 2].mean()), -1) for f in frames] == pytest.approx([20, 120, 220], abs=10)
    assert all(f[..., 0].mean() < 20 for f in frames)


def test_an_aborted_video_leaves_nothing(tmp_path):
    video = Video(tmp_path / "a.webm", 160, 96)
    video.add(np.zeros((96, 160, 3), np.uint8))
    video.abort()
    assert list(tmp_path.iterdir()) == []

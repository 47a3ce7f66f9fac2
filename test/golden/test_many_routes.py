"""However many processes and wherever they run, killed or not: the same figures to the last digit."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from automot_ros.base.errors import ConfigError, MachineError
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.filming import film_route, strip_of
from automot_ros.evaluation.routes import file_jobs, run_route
from automot_ros.simulation.route_writing import write_routes
from automot_ros.simulation.tasks import TrafficConfig, plain_task

pytestmark = pytest.mark.slow
FEW = TrafficConfig(vehicles=6, parked=2, walkers=2)
ROUTES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A route file with short routes, one of them in a town that is missing."""
    folder = tmp_path_factory.mktemp("routes")
    tasks = [plain_task(seed) for seed in range(1, ROUTES + 1)]
    write_routes([replace(t, traffic=FEW, route_map_N2=t.route_map_N2[:45]) for t in tasks], folder)
    (folder / f"{tasks[2].map_name}.xodr").unlink()
    return folder


def command(folder: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "automot_ros.cli.main", "evaluate", "closed-loop", "--routes",
            str(folder / "routes.xml"), "--maps", str(folder), "--policy", "blind", "--strips", "0", "--out", str(out),
            *more]


def run(folder: Path, out: Path, *more: str) -> tuple[dict, str]:
    """(figures of result.json, what was printed)."""
    done = subprocess.run(command(folder, out, *more), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((out / "result.json").read_text())
    return {key: value for key, value in result.items() if key != "command"}, done.stdout


@pytest.fixture(scope="module")
def figures(folder, tmp_path_factory) -> dict:
    """Those of one worker, uninterrupted."""
    return run(folder, tmp_path_factory.mktemp("one"), "--workers", "1")[0]


def test_a_missing_town_fails_its_route_and_the_others_are_driven(figures) -> None:
    states = [r["status"] for r in figures["routes"]]
    assert states.count("Failed - Route could not be set up") == figures["crashed"] == 1
    assert figures["driving_score"] > 50.0


def test_two_workers_give_what_one_gives(folder, figures, tmp_path) -> None:
    assert run(folder, tmp_path / "two", "--workers", "2")[0] == figures


def test_a_killed_run_resumes_with_the_same_command_to_the_same_figures(folder, figures, tmp_path) -> None:
    out = tmp_path / "killed"
    process = subprocess.Popen(command(folder, out, "--workers", "2"), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120.0
    while len(list(out.glob("routes/[0-9]*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = len(list(out.glob("routes/[0-9]*.json")))
    assert 2 <= there < ROUTES, "killed too late to mean anything"
    result, said = run(folder, out, "--workers", "2")
    assert result == figures
    assert f"{there} of {ROUTES} routes are there already" in said


def test_a_killed_worker_costs_nothing(folder, figures, tmp_path) -> None:
    process = subprocess.Popen(command(folder, tmp_path / "out", "--workers", "2"), stdout=subprocess.DEVNULL)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline, workers = time.monotonic() + 60.0, []
    while not workers and time.monotonic() < deadline:
        time.sleep(0.2)
        workers = [pid for pid in map(int, children.read_text().split())
                   if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    time.sleep(1.0)
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait(timeout=200) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert {key: value for key, value in result.items() if key != "command"} == figures


def test_a_ray_cluster_of_two_gives_what_one_process_gives(folder, figures, tmp_path) -> None:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        assert run(folder, tmp_path / "ray", "--ray", cluster.address)[0] == figures
    finally:
        cluster.shutdown()


def test_a_strip_and_a_video_show_the_drive_of_the_record(folder, tmp_path) -> None:
    settings = DriverSettings(policy="blind", guard=False)
    job = file_jobs(folder / "routes.xml", folder)[0]
    record = run_route(job, settings)
    try:
        data = strip_of((job, record), settings)
    except MachineError as error:
        pytest.skip(f"no camera on this machine: {error}")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == 6 * 320 + 5 * 4
    assert picture[30:180].std() > 20.0, "the camera saw something"
    path = film_route(job, settings, record, tmp_path / "a.webm")
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT) == round(record["duration_s"] * 20) // 2
    with pytest.raises(ConfigError, match="not the one of the record"):
        film_route(job, settings, record | {"driving_score": 1.0}, tmp_path / "b.webm")

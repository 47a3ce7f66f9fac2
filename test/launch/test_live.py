"""The launch files under ROS 2's own launcher: it drives 30 s, loses an input, and stops.

Runs where `launch` and `launch_ros` can be imported: on a ROS 2 installation, or with their sources on PYTHONPATH. The
launcher is a process of its own (as `ros2 launch` is), so that Ctrl-C can be tried; no pytest plugin is needed.
"""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def importable(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


rclpy = pytest.importorskip("rclpy")
if not (importable("launch.actions") and importable("launch_ros.actions")):  # the folder launch/ has that name, too
    pytest.skip("ROS 2's launch and launch_ros are not importable", allow_module_level=True)

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor

from automot_ros.msg import GuardStatus
from automot_ros.nodes import qos, stack
from automot_ros.nodes.interfaces import contract
from automot_ros.nodes.supervisor import free_domain_id

FOLDER = Path(__file__).resolve().parents[2] / "launch"
CARLA = contract("carla")
DRIVE_S = 30.0
LAUNCHER = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *arguments = sys.argv[1:]
source = IncludeLaunchDescription(PythonLaunchDescriptionSource(file),
                                  launch_arguments=[tuple(a.split(":=")) for a in arguments])
service = LaunchService(argv=[])
service.include_launch_description(LaunchDescription([source]))
sys.exit(service.run())
"""


def environment(domain):
    """As a sourced workspace gives it; the PyPI wheels are found by the prefix of the environment."""
    found = {**os.environ, "ROS_DOMAIN_ID": str(domain), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    try:
        get_package_prefix("automot_ros")
    except (PackageNotFoundError, LookupError, OSError):
        found["AMENT_PREFIX_PATH"] = os.pathsep.join(filter(None, [sys.prefix, os.environ.get("AMENT_PREFIX_PATH")]))
    return found


class Launched:
    """A launch file that runs, and a node of the test's own beside it."""

    def __init__(self, name, folder, *arguments):
        domain = free_domain_id()
        self.log = folder / "launch.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(FOLDER / name), *arguments],
                                            env=environment(domain), stdout=log, stderr=subprocess.STDOUT, cwd=folder,
                                            start_new_session=True)
        rclpy.init(domain_id=domain)
        self.node, self.executor = rclpy.create_node("test"), SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def spin_until(self, condition, limit_s):
        end = time.monotonic() + limit_s
        while not condition():
            self.executor.spin_once(timeout_sec=0.05)
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, f"not within {limit_s} s\n" + self.log.read_text()[-3000:]

    def interrupt(self):
        """Ctrl-C in a terminal: all nodes end by themselves, none is killed. The launcher itself then exits with 1."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(60.0)
        lines = self.log.read_text().splitlines()
        assert not [line for line in lines if "process has died" in line or "sending signal 'SIGTERM'" in line]
        started, ended = (sum(text in line for line in lines) for text in ("process started", "finished cleanly"))
        assert started == ended >= 5

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def launched(tmp_path):
    made = []

    def start(name, *arguments):
        made.append(Launched(name, tmp_path, *arguments))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.mark.ros
@pytest.mark.slow
def test_the_launched_stack_drives_and_stops_when_an_input_is_lost(launched, tmp_path):
    running = launched("drive.launch.py", "policy:=constant-speed", "refiner:=none", "routes:=1", "dashboard:=false",
                       "recorder:=false", f"out:={tmp_path / 'drive'}")
    guard, commands = [], []
    running.node.create_subscription(GuardStatus, stack.GUARD_TOPIC, guard.append, qos.PLAN)
    running.node.create_subscription(CARLA.COMMAND_MESSAGE, stack.COMMAND_TOPIC, commands.append, qos.PLAN)
    running.spin_until(lambda: any(g.mode == GuardStatus.MODE_NOMINAL for g in guard), 120.0)
    begun = time.monotonic()
    running.spin_until(lambda: time.monotonic() - begun > DRIVE_S, DRIVE_S + 10.0)
    nominal = sum(g.mode == GuardStatus.MODE_NOMINAL for g in guard)
    assert nominal > 0.5 * len(guard), f"{nominal} of {len(guard)} cycles were nominal"
    assert len(commands) > 10 * DRIVE_S
    assert any(c.throttle > 0.0 for c in commands[-200:])

    change = running.node.create_client(ChangeState, "/action/change_state")
    assert change.wait_for_service(10.0)
    request = ChangeState.Request()
    request.transition.id = Transition.TRANSITION_DEACTIVATE
    change.call_async(request)
    running.spin_until(lambda: guard[-1].reason == GuardStatus.REASON_TRAJECTORY_STALE, 10.0)
    running.spin_until(lambda: commands[-1].brake > 0.0 and commands[-1].throttle == 0.0, 5.0)
    running.spin_until(lambda: guard[-1].mode in (GuardStatus.MODE_BRAKING, GuardStatus.MODE_STOPPED), 5.0)
    assert "trajectory" in guard[-1].text
    running.interrupt()


@pytest.mark.ros
@pytest.mark.slow
def test_a_vehicle_in_a_dry_run_comes_up_and_commands_nobody(launched, tmp_path):
    running = launched("vehicle.launch.py", "policy:=constant-speed", "refiner:=none", "recorder:=false",
                       "drive_interface:=twist", "vehicle:=small_robot", f"out:={tmp_path / 'drive'}")
    kind = contract("twist").Drive().COMMAND_MESSAGE
    dry, real = [], []
    running.node.create_subscription(kind, "/automot/dry_run/command", dry.append, qos.PLAN)
    running.node.create_subscription(kind, "/cmd_vel", real.append, qos.PLAN)
    running.spin_until(lambda: len(dry) > 50, 120.0)
    assert {m.twist.linear.x for m in dry} == {0.0}, "without inputs it stands"
    assert not real
    running.interrupt()

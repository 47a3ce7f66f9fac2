"""A bag becomes Views: drives begin with their route, time is simulated time, and broken messages are named."""

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.data.bags import BagWriter
from automot_ros.evaluation.playback import play
from automot_ros.evaluation.report import read_traces
from automot_ros.evaluation.video import video_from_bag
from automot_ros.scene.plan import GuardMode

ODOMETRY, PATH, GUARD = "nav_msgs/msg/Odometry", "nav_msgs/msg/Path", "automot_ros/msg/GuardStatus"
IMAGE = "sensor_msgs/msg/Image"
START_NS, TICK_NS = 60_000_000_000, 50_000_000


class Maker:
    """Messages of rosbags' classes."""

    def __init__(self, writer):
        self._writer = writer
        writer.add_topic("/carla/hero/odometry", ODOMETRY)
        writer.add_topic("/carla/hero/waypoints", PATH)
        writer.add_topic("/automot/guard_status", GUARD)
        writer.add_topic("/carla/hero/rgb_front/image", IMAGE)

    def of(self, name, *fields):
        return self._writer.message_class(name)(*fields)

    def header(self, stamp_ns):
        time = self.of("builtin_interfaces/msg/Time", stamp_ns // 10**9, stamp_ns % 10**9)
        return self.of("std_msgs/msg/Header", time, "map")

    def pose(self, x, y=0.0):
        return self.of("geometry_msgs/msg/Pose", self.of("geometry_msgs/msg/Point", x, y, 0.0),
                       self.of("geometry_msgs/msg/Quaternion", 0.0, 0.0, 0.0, 1.0))

    def route(self, stamp_ns, length):
        poses = [self.of("geometry_msgs/msg/PoseStamped", self.header(stamp_ns), self.pose(float(x)))
                 for x in range(length)]
        self._writer.write_decoded("/carla/hero/waypoints", stamp_ns, self.of(PATH, self.header(stamp_ns), poses))

    def odometry(self, stamp_ns, x):
        zero = self.of("geometry_msgs/msg/Vector3", 0.0, 0.0, 0.0)
        ahead = self.of("geometry_msgs/msg/Vector3", 5.0, 0.0, 0.0)
        twist = self.of("geometry_msgs/msg/TwistWithCovariance", self.of("geometry_msgs/msg/Twist", ahead, zero),
                        np.zeros(36))
        pose = self.of("geometry_msgs/msg/PoseWithCovariance", self.pose(x), np.zeros(36))
        self._writer.write_decoded("/carla/hero/odometry", stamp_ns,
                                   self.of(ODOMETRY, self.header(stamp_ns), "hero", pose, twist))

    def guard(self, stamp_ns, mode):
        self._writer.write_decoded("/automot/guard_status", stamp_ns, self.of(
            GUARD, self.header(stamp_ns), mode, 0, "", 0.0, 0.0, 0.0, 0.2, np.inf, 0))

    def image(self, stamp_ns, level):
        pixels = np.full(256 * 512 * 4, level, np.uint8)
        self._writer.write_decoded("/carla/hero/rgb_front/image", stamp_ns, self.of(
            IMAGE, self.header(stamp_ns), 256, 512, "bgra8", 0, 4 * 512, pixels))


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    """Two drives of 40 ticks at 5 m/s; the guard brakes in the second."""
    path = tmp_path_factory.mktemp("playback") / "bag"
    with BagWriter(path) as writer:
        made = Maker(writer)
        for drive in range(2):
            start = START_NS * (drive + 1)
            made.route(start, 101)
            for tick in range(40):
                stamp = start + tick * TICK_NS
                made.image(stamp, 40 + tick)
                made.guard(stamp, 2 * drive)
                made.odometry(stamp, 0.25 * tick)
    return path


def test_views_come_at_the_wanted_simulated_times(bag):
    stamps = [p.view.stamp_ns for p in play(bag, 0.2)]
    assert len(stamps) == 20
    assert set(np.diff(stamps[:10])) == {4 * TICK_NS}


def test_a_view_holds_what_was_newest(bag):
    for player in play(bag, 0.1):
        view = player.picture()
        tick = (view.stamp_ns % START_NS) // TICK_NS
        assert view.ego.pose_map_to_ego.x_m == pytest.approx(0.25 * tick)
        assert view.ego.speed_mps == 5.0
        assert (view.image_HW3 == 40 + tick).all()
        assert view.guard.mode is (GuardMode.NOMINAL if player.drives == 1 else GuardMode.BRAKING)
    assert player.drives == 2
    assert player.view.route_completion == pytest.approx(9.5, abs=0.5)


def test_each_drive_has_a_trace_from_zero(bag):
    first, second = read_traces(bag, None, 1.0)
    for trace in (first, second):
        assert trace.time_s[0] == 0.0
        assert trace.time_s[-1] == pytest.approx(1.9)
        assert trace.speed_kmh == [18.0] * len(trace.time_s)
    assert set(first.guard_mode) == {0}
    assert set(second.guard_mode) == {2}


def test_a_long_drive_becomes_a_short_video(bag, tmp_path):
    speed = video_from_bag(bag, tmp_path / "a.webm", longest_s=1.0, frames_per_s=4.0)
    assert speed > 1.5
    assert (tmp_path / "a.webm").stat().st_size > 1000


def test_a_broken_message_is_named_with_its_topic(tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        Maker(writer)
        writer.write("/carla/hero/odometry", 7, b"\x00\x01\x00\x00\x01")
    with pytest.raises(MessageError, match="/carla/hero/odometry at 7 ns"):
        list(play(tmp_path / "bag", 0.1))

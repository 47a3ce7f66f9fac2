"""CARLA's Python API to messages: with CARLA's own geometry classes, and doubles where a server would be needed."""

import math
import socket
import time
from types import SimpleNamespace

import pytest

rclpy = pytest.importorskip("rclpy")
carla = pytest.importorskip("carla")

from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from automot_ros.base.errors import ConfigError
from automot_ros.bridges import carla_native
from automot_ros.bridges.carla_objects import spawn_objects
from automot_ros.data.vehicle_files import read_rig
from automot_ros.nodes import convert, qos
from automot_ros.nodes.carla_native import CarlaNativeNode
from automot_ros.nodes.supervisor import free_domain_id
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.sensing import CameraModel, LidarModel, Rig


class State:
    """An actor at one tick; right-handed readers see y, yaw and yaw rate turned round."""

    def __init__(self, x, y, yaw_deg, speed, turn_dps=0.0):
        self._transform = carla.Transform(carla.Location(x=x, y=y, z=0.1), carla.Rotation(yaw=yaw_deg))
        forward = self._transform.get_forward_vector()
        self._velocity = carla.Vector3D(forward.x * speed, forward.y * speed, 0.0)
        self._turn = carla.Vector3D(0.0, 0.0, turn_dps)

    def get_transform(self):
        return self._transform

    def get_velocity(self):
        return self._velocity

    def get_angular_velocity(self):
        return self._turn


def actor(number, type_id, role="", **more):
    box = carla.BoundingBox(carla.Location(x=0.5, y=0.0, z=0.7), carla.Vector3D(2.0, 0.9, 0.7))
    return SimpleNamespace(id=number, type_id=type_id, attributes={"role_name": role}, bounding_box=box, **more)


def test_a_right_turn_in_carla_is_a_right_turn_for_us():
    # 30 degrees to the right of east at y = 5 m south, turning right by 10 degrees a second.
    ego = convert.ego_from_msg(carla_native.odometry_of(State(10.0, 5.0, 30.0, 6.0, 10.0), 50_000_000, "hero"))
    assert (ego.pose_map_to_ego.x_m, ego.pose_map_to_ego.y_m) == pytest.approx((10.0, -5.0))
    assert ego.pose_map_to_ego.yaw_rad == pytest.approx(-math.radians(30.0))
    assert ego.speed_mps == pytest.approx(6.0, abs=1e-5)
    assert ego.yaw_rate_radps == pytest.approx(-math.radians(10.0))
    assert ego.stamp_ns == 50_000_000


def test_the_twist_is_in_the_axes_of_the_body():
    message = carla_native.odometry_of(State(0.0, 0.0, -77.0, 4.0), 0, "hero")
    assert message.twist.twist.linear.x == pytest.approx(4.0, abs=1e-5)
    assert message.twist.twist.linear.y == pytest.approx(0.0, abs=1e-5)
    assert (message.header.frame_id, message.child_frame_id) == ("map", "hero")


def test_objects_are_boxes_about_their_middle_without_the_ego():
    states = {1: State(0.0, 0.0, 0.0, 0.0), 2: State(10.0, 4.0, 90.0, 3.0), 3: State(5.0, -2.0, 0.0, 1.0)}
    actors = [actor(1, "vehicle.lincoln.mkz_2020", "hero"), actor(2, "vehicle.bh.crossbike"),
              actor(3, "walker.pedestrian.0001"), actor(4, "vehicle.gone"), actor(5, "sensor.lidar.ray_cast")]
    found = carla_native.objects_of(actors, SimpleNamespace(find=states.get), 1, 0).objects
    assert [o.id for o in found] == [2, 3]
    bicycle, walker = found
    # Half a metre ahead of the actor's origin, and ahead is to the south: 90 degrees to the right of east.
    assert (bicycle.pose.position.x, bicycle.pose.position.y) == pytest.approx((10.0, -4.5), abs=1e-4)
    assert convert.yaw_of(bicycle.pose.orientation, "object") == pytest.approx(-math.pi / 2, abs=1e-4)
    assert list(bicycle.shape.dimensions) == pytest.approx([4.0, 1.8, 1.4])
    assert bicycle.twist.linear.y == pytest.approx(-3.0, abs=1e-4)
    from automot_ros.bridges.carla_bridge import kind_of
    assert (kind_of(bicycle), kind_of(walker)) == (BodyKind.BICYCLE, BodyKind.WALKER)


def test_lights_keep_their_names():
    lights = [actor(7, "traffic.traffic_light", state=carla.TrafficLightState.Red),
              actor(8, "traffic.traffic_light", state=carla.TrafficLightState.Green),
              actor(9, "traffic.traffic_light", state=carla.TrafficLightState.Unknown), actor(1, "vehicle.x")]
    told = {s.id: s.state for s in carla_native.lights_of(lights).traffic_lights}
    assert told == {7: 0, 8: 2, 9: 4}


def test_another_version_and_another_role_are_refused_with_what_to_do():
    carla_native.check_versions("0.9.16", "0.9.16")
    with pytest.raises(ConfigError, match=r"server 0\.9\.15, package 0\.9\.16, wanted pip install carla==0\.9\.15"):
        carla_native.check_versions("0.9.16", "0.9.15")
    actors = [actor(1, "vehicle.a", "ego_vehicle"), actor(2, "walker.b", "hero")]
    assert carla_native.find_ego(actors, "ego_vehicle").id == 1
    with pytest.raises(ConfigError, match=r"no vehicle of this role in role: got \['ego_vehicle'\], wanted hero"):
        carla_native.find_ego(actors, "hero")


class World:
    """Remembers what is spawned; the first place is taken."""

    def __init__(self):
        self.made = []
        self.places = [carla.Transform(carla.Location(x=float(n))) for n in range(2)]

    def get_map(self):
        return SimpleNamespace(get_spawn_points=lambda: self.places)

    def get_blueprint_library(self):
        return SimpleNamespace(find=lambda kind: Blueprint(kind))

    def try_spawn_actor(self, blueprint, place):
        return None if place is self.places[0] else self.spawn_actor(blueprint, place)

    def spawn_actor(self, blueprint, place, attach_to=None):
        made = SimpleNamespace(blueprint=blueprint, place=place, attach_to=attach_to, ros=False)
        made.enable_for_ros = lambda: setattr(made, "ros", True)
        self.made.append(made)
        return made


class Blueprint:
    def __init__(self, kind):
        self.kind, self.attributes = kind, {}

    def set_attribute(self, name, value):
        assert isinstance(value, str)
        self.attributes[name] = value


def test_the_ego_is_spawned_with_the_sensors_of_the_rig_on_the_side_they_are_on():
    world = World()
    left = Rig((CameraModel(name="rgb_left", position_ego_m=(1.0, 0.5, 1.9), yaw_rad=math.radians(60.0),
                            pitch_rad=math.radians(5.0)),), LidarModel())
    ego, camera, lidar = carla_native.spawn(carla, world, left, "hero")
    assert ego.place is world.places[1]
    assert (ego.blueprint.attributes["role_name"], ego.blueprint.attributes["ros_name"]) == ("hero", "hero")
    assert camera.attach_to is ego and lidar.attach_to is ego and camera.ros and lidar.ros
    at = camera.place
    assert (at.location.y, at.rotation.yaw, at.rotation.pitch) == pytest.approx((-0.5, -60.0, 5.0))
    assert camera.blueprint.attributes["ros_name"] == "rgb_left"


def test_the_sensors_for_carla_are_those_the_model_was_trained_with():
    rig, model = read_rig("carla"), LidarModel()
    ego = next(o for o in spawn_objects(rig, "rival")["objects"] if o["id"] == "rival")
    sensors = {s["id"]: s for s in ego["sensors"]}
    camera, lidar = sensors["rgb_front"], sensors["lidar"]
    assert (camera["image_size_x"], camera["image_size_y"], camera["fov"]) == (512, 256, pytest.approx(90.0))
    assert camera["spawn_point"] == {"x": 1.3, "y": 0.0, "z": 1.9, "roll": 0.0, "pitch": 0.0, "yaw": 0.0}
    # Half a turn a tick of 50 ms, as many points as the embedded world's.
    assert lidar["points_per_second"] == model.channels * model.azimuths_per_half_sweep * 20
    assert lidar["rotation_frequency"] == 10.0


def test_a_lens_that_carla_has_not_is_refused():
    with pytest.raises(ConfigError, match="camera that CARLA does not have"):
        spawn_objects(read_rig("car_full_hd"), "hero")


@pytest.fixture
def ros():
    rclpy.init(domain_id=free_domain_id())
    executor = SingleThreadedExecutor()
    yield executor
    executor.shutdown(timeout_sec=1.0)
    rclpy.try_shutdown()


def test_without_a_server_the_node_stays_unconfigured_and_says_so(ros, capfd):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    node = CarlaNativeNode()
    node.set_parameters([Parameter("port", value=port), Parameter("timeout_s", value=1.0)])
    node.trigger_configure()
    assert "no CARLA server answers in localhost" in "".join(capfd.readouterr())
    node.destroy_node()


def test_every_tick_is_told_until_the_ego_is_gone(ros, monkeypatch):
    states = {1: State(10.0, 5.0, 0.0, 6.0)}
    ego = actor(1, "vehicle.lincoln.mkz_2020", "hero", get_control=carla.VehicleControl)
    ticks = []
    world = SimpleNamespace(get_actors=lambda: [ego], on_tick=lambda call: ticks.append(call) or 5,
                            remove_on_tick=lambda number: ticks.clear(),
                            get_map=lambda: SimpleNamespace(name="Town01", to_opendrive=lambda: "<OpenDRIVE/>"))
    client = SimpleNamespace(set_timeout=lambda _: None, get_client_version=lambda: "0.9.16",
                             get_server_version=lambda: "0.9.16", get_world=lambda: world)
    monkeypatch.setattr(carla, "Client", lambda *_: client)
    node, other = CarlaNativeNode(), rclpy.create_node("other")
    node.set_parameters([Parameter("spawn", value=False)])
    node.trigger_configure()
    node.trigger_activate()
    heard = []
    other.create_subscription(Odometry, "/carla/hero/odometry", heard.append, qos.SENSOR)
    ros.add_node(node)
    ros.add_node(other)
    end = time.monotonic() + 15.0
    frame = 0
    while not heard and time.monotonic() < end:
        frame += 1
        now = SimpleNamespace(elapsed_seconds=0.05 * frame)
        snapshot = SimpleNamespace(find=states.get, frame=frame, timestamp=now)
        ticks[0](snapshot)
        ros.spin_once(timeout_sec=0.05)
    assert heard[0].pose.pose.position.y == pytest.approx(-5.0)
    assert convert.stamp_from_msg(heard[0].header.stamp, "odometry") % 50_000_000 == 0
    states.clear()
    ticks[0](snapshot)
    assert node._bad["tick"] == 1
    node.trigger_deactivate()
    assert not ticks
    node.close()
    node.destroy_node()
    other.destroy_node()

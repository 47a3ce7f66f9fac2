"""Descriptions of vehicles and rigs: the shipped ones are sound, and a wrong one says file, key, found and wanted."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automot_ros.base.errors import ConfigError
from automot_ros.base.places import shipped
from automot_ros.base.quantity import describe
from automot_ros.data.rectify import Rectifier
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from automot_ros.scene.sensing import CameraModel, Rig
from automot_ros.vehicle.specification import VehicleSpec

VEHICLES = sorted(p.stem for p in shipped("config/vehicles").glob("*.yaml"))
RIGS = sorted(p.stem for p in shipped("config/rigs").glob("*.yaml"))


def test_the_cars_of_the_embedded_world_and_of_its_file_are_the_same() -> None:
    assert read_vehicle("carla_lincoln_mkz") == VehicleSpec()


def test_the_sensors_of_the_embedded_world_and_of_its_file_are_the_same() -> None:
    rig, camera = Rig(), CameraModel()
    assert read_rig("embedded") == replace(rig, cameras=(replace(camera, frame="hero/rgb_front"),),
                                           lidar=replace(rig.lidar, frame="hero/lidar"))


@pytest.mark.parametrize("name", VEHICLES)
def test_every_shipped_vehicle_can_turn_and_stop(name: str) -> None:
    vehicle = read_vehicle(name)
    assert vehicle.curvature_of(1.0) > 0.1
    assert vehicle.steer_of(vehicle.curvature_of(0.5)) == pytest.approx(0.5, abs=0.02)
    assert vehicle.max_deceleration_mps2 > vehicle.max_acceleration_mps2


def test_what_users_start_from_is_shipped() -> None:
    assert {"carla_lincoln_mkz", "ackermann_car", "small_robot"} <= set(VEHICLES)
    assert {"embedded", "car_full_hd"} <= set(RIGS)


@pytest.mark.parametrize("name", RIGS)
def test_every_shipped_rig_shows_the_model_what_it_looks_at(name: str) -> None:
    (front, *_) = read_rig(name).cameras
    assert front.lens is None or Rectifier(front).coverage > 0.99


def test_the_example_of_a_car_has_another_camera_than_the_model() -> None:
    (front,) = read_rig("car_full_hd").cameras
    assert front.lens is not None
    assert (front.lens.width_px, front.lens.distortion, front.lens.k1) == (1920, "plumb_bob", -0.041)
    assert (front.width_px, front.height_px, front.position_ego_m) == (512, 256, (0.6, 0.0, 1.35))


def wrong(tmp_path: Path, kind: str, change: dict[str, object] | str) -> str:
    """The error of a shipped file with one thing changed; a dotted key goes into `cameras[0]` or `lidar`."""
    base = "carla_lincoln_mkz" if kind == "vehicles" else "embedded"
    text = (shipped(f"config/{kind}") / f"{base}.yaml").read_text()
    content = yaml.safe_load(text)
    path = tmp_path / "mine.yaml"
    if isinstance(change, str):
        path.write_text(change)
    else:
        for key, value in change.items():
            section, _, name = key.rpartition(".")
            target = content["cameras"][0] if section == "camera" else content[section] if section else content
            if value is None:
                del target[name]
            else:
                target[name] = value
        path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as caught:
        (read_vehicle if kind == "vehicles" else read_rig)(str(path))
    assert str(path) in str(caught.value)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize(("change", "message"), [
    ({"width_m": 40}, "out of bounds in FILE: width_m: got 40.0 m, wanted 0.2..4"),
    ({"width_m": "wide"}, "value of another type in FILE: width_m: got 'wide' (str), wanted float m"),
    ({"width_m": True}, "value of another type in FILE: width_m: got True (bool), wanted float m"),
    ({"width_m": float("nan")}, "out of bounds in FILE: width_m: got nan m, wanted 0.2..4"),
    ({"width_m": None}, "key missing in FILE: got nothing for width_m, wanted ['width_m']"),
    ({"lenght_m": 4.0}, "unknown key (did you mean length_m?) in FILE: got 'lenght_m'"),
    ("- a\n- b\n", "not a table of keys in FILE: got ['a', 'b'], wanted key: value"),
    ("", "not a table of keys in FILE: got None, wanted key: value"),
    ("a: [1", "file cannot be read in FILE: got while parsing a flow sequence"),
    ("!!python/object/apply:os.system ['true']", "file cannot be read in FILE: got could not determine a constructor"),
])
def test_a_wrong_vehicle_says_where_what_and_what_is_wanted(
        tmp_path: Path, change: dict[str, object] | str, message: str) -> None:
    assert wrong(tmp_path, "vehicles", change).startswith(message)


@pytest.mark.parametrize(("change", "message"), [
    ({"camera.width_px": 512.0}, "value of another type in FILE: cameras[0]: width_px: got 512.0 (float), wanted int"),
    ({"camera.fx_px": -1.0}, "out of bounds in FILE: cameras[0]: fx_px: got -1.0 px, wanted 8..20000"),
    ({"camera.distortion": "plumbob"},
     "unknown option (did you mean plumb_bob?) in FILE: cameras[0]: distortion: got 'plumbob', wanted pinhole | "),
    ({"camera.k1": 0.1}, "coefficient of another model of distortion in Lens.k1: got 0.1, wanted 0, pinhole has []"),
    ({"camera.distortion": "equidistant", "camera.p1": 0.1}, "coefficient of another model of distortion in Lens.p1"),
    ({"camera.name": ""}, "sensor without a name in FILE: cameras[0].name"),
    ({"camera.yaw_deg": 1.0}, "unknown key (did you mean yaw_rad?) in FILE: cameras[0]: got 'yaw_deg'"),
    ({"lidar.z_m": None}, "key missing in FILE: lidar: got nothing for z_m"),
    ({"lidar": None}, "key missing in FILE: got nothing for lidar"),
    ({"lidar": [1]}, "not a table of keys in FILE: lidar: got [1]"),
    ({"cameras": []}, "no list of cameras in FILE: cameras: got [], wanted 1..16"),
    ({"radar": {}}, "unknown key (did you mean lidar?) in FILE: got 'radar'"),
])
def test_a_wrong_rig_says_where_what_and_what_is_wanted(tmp_path: Path, change: dict[str, object],
                                                        message: str) -> None:
    assert wrong(tmp_path, "rigs", change).startswith(message)


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    content = yaml.safe_load((shipped("config/rigs") / "embedded.yaml").read_text())
    content["cameras"] *= 2
    assert "two cameras of one name" in wrong(tmp_path, "rigs", yaml.safe_dump(content))


@pytest.mark.parametrize(("name", "message"), [
    ("carla_lincoln", r"did you mean carla_lincoln_mkz\?.*one of \['ackermann_car', 'carla_lincoln_mkz'"),
    ("nowhere.yaml", r"no such file in vehicles: got nowhere.yaml"),
    ("../vehicles/carla_lincoln_mkz", r"no such file"),
])
def test_a_name_that_is_not_there_is_answered_with_those_that_are(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_vehicle(name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["cameras", "lidar", "name", *(s.name for s in describe(VehicleSpec))])
                        | st.text(max_size=5) | st.integers(), inner, max_size=4), max_leaves=12))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    for read in (read_vehicle, read_rig):
        with pytest.raises(ConfigError):
            read(str(path))


@pytest.mark.parametrize("value", ["9" * 5000, "2026-99-99", "[" * 2000])
def test_a_value_that_yaml_itself_chokes_on_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"length_m: {value}\n")
    with pytest.raises(ConfigError, match="file cannot be read"):
        read_vehicle(str(path))

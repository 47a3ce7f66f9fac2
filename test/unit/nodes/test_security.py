"""Nobody else reaches the stack by default: discovery and sockets on this machine, shared memory of this user."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from automot_ros.nodes.leftovers import remove_new
from automot_ros.nodes.security import close_shared_memory, network_environment

PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE"
ROOT = Path(__file__).resolve().parents[3]


def profile_of(environment):
    return Path(network_environment(environment)[PROFILE]).name


def test_by_default_only_this_machine_is_searched_and_listened_to():
    added = network_environment({})
    assert added["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert Path(added[PROFILE]).name == "fastdds_local.xml"
    assert "ROS_LOCALHOST_ONLY" not in added


def test_an_old_ros_is_told_in_its_own_words():
    added = network_environment({"ROS_DISTRO": "humble"})
    assert added["ROS_LOCALHOST_ONLY"] == "1"
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in added
    assert Path(added["FASTRTPS_DEFAULT_PROFILES_FILE"]).name == "fastdds_local.xml"


@pytest.mark.parametrize(("own", "profile"), [
    ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, "fastdds.xml"),
    ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"}, "fastdds.xml"),
    ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, "fastdds_local.xml"),
    ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_STATIC_PEERS": "192.168.0.2"}, "fastdds.xml"),
    ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, "fastdds_local.xml"),
    ({"ROS_LOCALHOST_ONLY": "0"}, "fastdds.xml"), ({"ROS_LOCALHOST_ONLY": "1"}, "fastdds_local.xml")])
def test_what_the_user_has_set_stays(own, profile):
    assert not set(network_environment(own)) & {"ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"}
    assert profile_of(own) == profile


def test_named_peers_alone_do_not_open_discovery_to_all():
    own = {"ROS_STATIC_PEERS": "192.168.0.2"}
    assert network_environment(own)["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert profile_of(own) == "fastdds.xml"


def test_a_profile_of_the_users_own_stays():
    assert PROFILE not in network_environment({PROFILE: "/etc/mine.xml"})


def test_an_empty_variable_is_no_wish():
    assert network_environment({"ROS_AUTOMATIC_DISCOVERY_RANGE": ""})["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"


def test_automot_drive_uses_it(monkeypatch):
    pytest.importorskip("rclpy")
    from automot_ros.nodes.supervisor import ros_environment

    for name in [n for n in os.environ if n.startswith(("ROS_", "FASTDDS_", "RMW_"))]:
        monkeypatch.delenv(name)
    assert ros_environment()["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert {**os.environ, **ros_environment()}["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"


def test_the_local_profile_is_the_other_bound_to_the_loopback_interface():
    def lines(name):
        root = ElementTree.parse(ROOT / "config" / name).getroot()
        return [(e.tag.rpartition("}")[2], (e.text or "").strip()) for e in root.iter()]

    local, other = lines("fastdds_local.xml"), lines("fastdds.xml")
    bound = [("interfaceWhiteList", ""), ("address", "127.0.0.1")]
    assert local[(at := local.index(bound[0])):at + 2] == bound
    assert local[:at] + local[at + 2:] == other


def test_the_transports_files_of_this_process_are_closed_to_others(tmp_path):
    name = f"/dev/shm/fastdds_test_{os.getpid()}"
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    try:
        Path(name).write_bytes(b"x")
        Path(name).chmod(0o644)
        os.symlink(secret, f"{name}_link")
        os.mkfifo(f"{name}_pipe")  # nobody waits for its other end
        maps = tmp_path / "maps"
        maps.write_text("".join(f"7f00-7f01 rw-s 00000000 00:1a 7   {n}\n" for n in (
            name, f"{name}_link", f"{name}_pipe", f"{name}_gone", secret, "/dev/shm/other")))
        assert name in close_shared_memory(maps)
        assert Path(name).stat().st_mode & 0o777 == 0o600
        assert secret.stat().st_mode & 0o777 == 0o644
    finally:
        for end in ("", "_link", "_pipe"):
            Path(name + end).unlink(missing_ok=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_another_users_file_is_left_alone(tmp_path):
    name = Path(f"/dev/shm/fastdds_test_{os.getpid()}")
    try:
        name.write_bytes(b"x")
        name.chmod(0o644)
        os.chown(name, 65534, 65534)
        maps = tmp_path / "maps"
        maps.write_text(f"7f00-7f01 rw-s 00000000 00:1a 7   {name}\n")
        assert close_shared_memory(maps) == []
        assert name.stat().st_mode & 0o777 == 0o644
    finally:
        name.unlink(missing_ok=True)


def test_who_sweeps_up_is_not_held_up_by_a_pipe_nor_led_elsewhere_by_a_link(tmp_path):
    old = tmp_path / "elsewhere"
    old.write_text("x")
    (tmp_path / "fastdds_a").write_text("x")
    os.mkfifo(tmp_path / "fastdds_a_el")
    (tmp_path / "fastdds_b").write_text("x")
    (tmp_path / "fastdds_b_el").symlink_to(old)
    remove_new(frozenset(), tmp_path)
    assert old.read_text() == "x"
    assert (tmp_path / "fastdds_b").exists()  # whether somebody holds it cannot be told

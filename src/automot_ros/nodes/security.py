"""Who can reach the stack: discovery on this machine, shared memory of this user, an enclave a process. No ROS here.

What this does not do is in docs/safety.md, 'Threats and limits'; who may say what with SROS2 is access_policy.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from automot_ros.base.places import shipped
from automot_ros.nodes.stack import OURS

RANGE, LOCALHOST_ONLY, PEERS = "ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS"
PROFILE, OLD_PROFILE = "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"
OLD_FAST_DDS = ("humble", "iron", "jazzy")  # they know the variable by its old name
STARTER = "drive"  # the process of `automot drive`: brings the nodes up and watches
_TRANSPORT_FILES = "/dev/shm/fastdds_"


def enclave_of(name: str) -> str:
    """Where SROS2 looks for the keys and permissions of a node; no effect where security is not switched on."""
    return f"{OURS}/{name}"


def enclave_arguments(name: str) -> list[str]:
    """The ROS arguments that put a process into its enclave."""
    return ["--ros-args", "--enclave", enclave_of(name)]


def network_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to `environment` so that nodes are found, and can be reached, from this machine only.

    What the user has set stays: who has said how far discovery goes, or names peers, gets the transport for that.
    """
    added: dict[str, str] = {}
    if not environment.get(RANGE) and not environment.get(LOCALHOST_ONLY):
        old = environment.get("ROS_DISTRO") == "humble"
        added = {LOCALHOST_ONLY: "1"} if old else {RANGE: "LOCALHOST"}
    name = "config/fastdds_local.xml" if _stays_here({**environment, **added}) else "config/fastdds.xml"
    variables = [PROFILE, *([OLD_PROFILE] if environment.get("ROS_DISTRO") in OLD_FAST_DDS else [])]
    return added | {v: str(shipped(name)) for v in variables if not environment.get(v)}


def _stays_here(environment: Mapping[str, str]) -> bool:
    """Whether the user, or the default, wants this machine only. Then the sockets are bound to it, too.

    Discovery alone is no barrier: ROS 2 leaves them open, and who names this host as a peer is answered.
    """
    if environment.get(LOCALHOST_ONLY) == "1":
        return True
    near = environment.get(RANGE, "").upper() in ("LOCALHOST", "OFF")
    return near and not environment.get(PEERS)


def close_shared_memory(maps: Path = Path("/proc/self/maps")) -> list[str]:
    """Take from other users the right to read the transport's shared memory of this process; the files' names.

    Fast DDS makes it readable for everybody whatever the umask. Call it when the node is made: nothing was sent yet.
    """
    mapped = {line.split(maxsplit=5)[5] for line in maps.read_text().splitlines() if "/dev/shm/" in line}
    closed = []
    for name in sorted(n for n in mapped if n.startswith(_TRANSPORT_FILES)):
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            continue  # removed meanwhile
        try:
            if os.fstat(fd).st_uid == os.getuid():
                os.fchmod(fd, 0o600)
                closed.append(name)
        finally:
            os.close(fd)
    return closed

"""`automot doctor`: tries what the package needs, one thing at a time, and names the command that mends it.

Every check runs in a process of its own, because a broken driver or library may end the process that loads it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from automot_ros.base.results import run_header, write_json

SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_MIB = 512
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check. `mend` is what to type when it failed; without a required one nothing drives."""

    name: str
    ok: bool
    required: bool
    found: str
    mend: str


@dataclass(frozen=True, slots=True)
class Check:
    """A thing to try: Python code that prints what it found, and fails when the thing is not there."""

    name: str
    code: str
    mend: str
    required: bool = True


EGL = """
import moderngl, numpy
context = moderngl.create_standalone_context(backend="egl")
buffer = context.simple_framebuffer((8, 4))
buffer.clear(1.0, 0.0, 0.0)
pixels = numpy.frombuffer(buffer.read(), numpy.uint8)
assert pixels[0] == 255 and pixels[1] == 0, "the driver draws nothing"
print(context.info["GL_RENDERER"], "OpenGL", context.version_code / 100)
"""
ROS = """
import rclpy
rclpy.init(domain_id=101)
node = rclpy.create_node("automot_doctor")
node.destroy_node()
print("rclpy with", rclpy.get_rmw_implementation_identifier())
rclpy.shutdown()
"""
MESSAGES = """
import importlib
names = ["automot_ros", "carla_msgs", "derived_object_msgs", "tf2_msgs", "ackermann_msgs", "shape_msgs", "sensor_msgs",
         "nav_msgs", "diagnostic_msgs", "visualization_msgs", "lifecycle_msgs", "rosgraph_msgs"]
for name in names:
    importlib.import_module(name + ".msg")
from automot_ros.msg import AttentionContext
from rclpy.serialization import serialize_message
serialize_message(AttentionContext())
print(len(names), "packages")
"""
TORCH = """
import torch
device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
print("torch", torch.__version__, "on", device)
"""
FONT = """
from matplotlib import font_manager
print(font_manager.findfont("DejaVu Sans", fallback_to_default=False))
"""
VIDEO = """
import os, tempfile, cv2, numpy
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.webm")
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"VP80"), 10.0, (64, 64))
    video.write(numpy.zeros((64, 64, 3), numpy.uint8))
    video.release()
    assert os.path.getsize(path) > 0, "nothing was written"
print("OpenCV", cv2.__version__, "writes VP80")
"""


def imports(*names: str) -> str:
    """Code that imports modules and prints their versions."""
    return "".join(f"import {n}; print({n!r}, getattr({n}, '__version__', ''), end='  ')\n" for n in names)


INSTALL = "make setup   (or: pip install -c constraints.txt .)"
CHECKS = (
    Check("ROS 2", ROS, f"{INSTALL}; on a ROS 2 installation: source /opt/ros/<distribution>/setup.bash"),
    Check("messages", MESSAGES, f"{INSTALL}; on a ROS 2 installation: colcon build, then source install/setup.bash"),
    Check("EGL driver", EGL, "sudo apt-get install libegl1 libgl1-mesa-dri libegl-mesa0"),
    Check("torch", TORCH, INSTALL),
    Check("transformers", imports("transformers"), INSTALL),
    Check("world", imports("carla", "numpy", "scipy", "moderngl"), INSTALL),
    Check("bags", imports("rosbags.highlevel"), INSTALL),
    Check("video", VIDEO, "pip install --force-reinstall opencv-python-headless", required=False),
    Check("fonts", FONT, "pip install --force-reinstall matplotlib", required=False),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument("--out", type=Path, help="also write result.json into this folder")


def run(args: argparse.Namespace) -> int:
    """Print one line a check. Returns 1 when something required is missing."""
    findings = []
    for finding in (python_version(), shared_memory(), *map(try_out, CHECKS), compilers(), processors()):
        findings.append(finding)
        mark = "ok     " if finding.ok else "MISSING" if finding.required else "lacks  "
        print(f"{mark} {finding.name:<14} {finding.found}", flush=True)
        if not finding.ok:
            print(f"        {'':<14} mend: {finding.mend}")
    lacking = [f.name for f in findings if f.required and not f.ok]
    print(f"missing: {', '.join(lacking)}" if lacking else "this machine can drive")
    if args.out is not None:
        write_json(args.out / "result.json", run_header() | {"findings": [asdict(f) for f in findings]})
    return 1 if lacking else 0


def try_out(check: Check) -> Finding:
    """Run one check in a process of its own."""
    try:
        done = subprocess.run([sys.executable, "-c", check.code], capture_output=True, text=True, timeout=TIMEOUT_S,
                              check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return Finding(check.name, False, check.required, f"no answer within {TIMEOUT_S:.0f} s", check.mend)
    if done.returncode == 0:
        return Finding(check.name, True, check.required, _last_line(done.stdout), "")
    said = _last_line(done.stderr) or f"ended with status {done.returncode}"
    return Finding(check.name, False, check.required, said, check.mend)


def python_version() -> Finding:
    """The interpreter: 3.10 to 3.12."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", (3, 10) <= sys.version_info[:2] <= (3, 12), True, f"{version} {sys.executable}",
                   "make clean && make setup PYTHON=python3.11")


def shared_memory(folder: Path = SHARED_MEMORY, wanted_mib: int = SHARED_MEMORY_MIB) -> Finding:
    """Space for images between processes and for contexts, and the right to write there."""
    mend = f"sudo mount -o remount,size=2g {folder}   (in a container: docker run --shm-size=2g)"
    probe = folder / f"automot_doctor_{os.getpid()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
        free_mib = shutil.disk_usage(folder).free >> 20
    except OSError as error:
        return Finding("shared memory", False, True, f"{folder}: {error.strerror}", mend)
    found = f"{folder}: {free_mib} MiB free of {wanted_mib} wanted"
    return Finding("shared memory", free_mib >= wanted_mib, True, found, mend)


def compilers() -> Finding:
    """What an installation compiles the messages with; not needed to drive."""
    missing = [name for name in ("g++", "make") if shutil.which(name) is None]
    return Finding("compilers", not missing, False, f"no {' and no '.join(missing)}" if missing else "g++ and make",
                   "sudo apt-get install g++ make")


def processors() -> Finding:
    """Two cores keep up with real time; one does not."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("processors", count >= 2, False, f"{count}", "automot drive in lockstep, which waits for the slow")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else ""

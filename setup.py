"""Builds the ROS 2 messages with CMake and puts them, the nodes and the share tree into an ordinary wheel."""

import atexit
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

HERE = Path(__file__).resolve().parent
ROS_WHEELS = ["rclpy", "rmw-fastrtps-cpp", "std-msgs", "geometry-msgs", "sensor-msgs", "nav-msgs", "shape-msgs",
              "diagnostic-msgs", "visualization-msgs", "lifecycle-msgs", "rosgraph-msgs"]


def generator_site() -> Path:
    """The site-packages directory that holds the message generators (the environment's, or pip's isolated one)."""
    spec = importlib.util.find_spec("rosidl_generator_py")
    if spec is None or spec.origin is None:
        raise SystemExit("the ROS 2 message generators are not importable; run `pip install .` with build isolation")
    return Path(spec.origin).resolve().parents[1]


class BuildWithMessages(build_py):
    """Runs CMake on the missing interface packages and on this one, and adds what they install to the wheel."""

    def run(self) -> None:
        """Copy the sources, then build and add the messages."""
        shutil.rmtree(self.build_lib, ignore_errors=True)  # modules deleted since an earlier build must not survive
        super().run()
        site = generator_site()
        prefix = next(p for p in site.parents if (p / "share" / "ament_index").is_dir())
        work = Path(tempfile.mkdtemp(prefix="automot_build_"))
        atexit.register(shutil.rmtree, work, ignore_errors=True)  # not sooner: data_files are copied after run()
        self._stage = work / "stage"
        stage_site = self._stage / site.relative_to(prefix)
        env = os.environ | {
            "AMENT_PREFIX_PATH": f"{self._stage}{os.pathsep}{prefix}",
            "CMAKE_PREFIX_PATH": f"{self._stage}{os.pathsep}{prefix}",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(stage_site), os.environ.get("PYTHONPATH", "")])),
        }
        missing = [d for d in sorted((HERE / "interfaces").iterdir())
                   if (d / "package.xml").is_file() and not (prefix / "share" / d.name / "package.xml").is_file()]
        for source in [*missing, HERE]:
            self._build_package(source, work / source.name, env)
        for package in stage_site.iterdir():
            if package.is_dir() and package.suffix != ".egg-info":
                shutil.copytree(package, Path(self.build_lib) / package.name, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("__pycache__", "*.c"))
        self.distribution.data_files = [*(self.distribution.data_files or []), *self._data_files()]

    def _build_package(self, source: Path, build: Path, env: dict[str, str]) -> None:
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
        for command in (
            ["cmake", "-S", source, "-B", build, f"-DCMAKE_INSTALL_PREFIX={self._stage}", "-DBUILD_TESTING=OFF",
             "-DCMAKE_BUILD_TYPE=Release", f"-DPython3_EXECUTABLE={sys.executable}",
             f"-DCMAKE_PROJECT_INCLUDE={HERE / 'cmake' / 'pypi_wheels.cmake'}"],
            ["cmake", "--build", build, "--parallel", jobs],
            ["cmake", "--install", build],
        ):
            done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-8000:]}")
        print(f"built messages of {source.name if source != HERE else 'automot_ros'}", flush=True)

    def _data_files(self) -> list[tuple[str, list[str]]]:
        """share/ and lib/ of the stage, without the Python modules and the C++ headers nobody compiles against here."""
        files: dict[str, list[str]] = {}
        for top in ("share", "lib"):
            for path in sorted((self._stage / top).rglob("*")):
                relative = path.relative_to(self._stage)
                if path.is_file() and not relative.parts[1].startswith("python"):
                    files.setdefault(str(relative.parent), []).append(str(path))
        return list(files.items())


class PlatformDistribution(Distribution):
    """The generated messages are compiled: the wheel is for one Python and one platform."""

    def has_ext_modules(self) -> bool:
        """Always."""
        return True


setup(
    name="automot_ros",
    version="0.1.0",
    description="AutoMoT for ROS 2: understanding, action, refiner and a guarded controller that drive a car",
    license="Apache-2.0",
    python_requires=">=3.10,<3.13",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"automot_ros": ["py.typed"], "automot_ros.evaluation": ["page/*"],
                  "automot_ros.simulation": ["*.glsl", "**/*.glsl"]},
    distclass=PlatformDistribution,
    cmdclass={"build_py": BuildWithMessages},
    install_requires=[
        *(f"ros-{name}" for name in ROS_WHEELS),
        "accelerate>=1.0", "carla>=0.9.15", "matplotlib", "moderngl", "numpy", "opencv-python-headless", "pyyaml",
        "rosbags", "safetensors", "scipy", "torch>=2.6", "transformers>=5.0",
    ],
    extras_require={"dev": ["coverage", "hypothesis", "mutmut>=3.8", "mypy", "pytest", "ray>=2.9", "ruff"],
                    "docs": ["mkdocs-material>=9.5"],
                    "ray": ["ray>=2.9"]},
    entry_points={"console_scripts": ["automot=automot_ros.cli.main:main"]},
)

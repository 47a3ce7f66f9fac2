"""The house stands on its layers: read from the imports of every source file, without importing anything."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "automot_ros"
LEVELS = (
    {"base", "geometry"},
    {"scene"},
    {"vehicle", "model", "context"},
    {"policy", "control", "guard", "simulation"},
    {"driving", "data"},
    {"evaluation", "training"},
    {"bridges", "nodes", "cli"},
)
LEVEL = {package: level for level, packages in enumerate(LEVELS) for package in packages}
# Members of one level stand beside each other, except:
MAY_USE_BESIDE = {("base", "geometry"), ("geometry", "base"), ("training", "evaluation")}
MAY_IMPORT = {
    "rclpy": {"nodes", "bridges"},
    # Below the level of driving only the packages of the model; never control, guard or simulation.
    "torch": {"model", "context", "policy", "driving", "data", "evaluation", "training", "bridges", "nodes", "cli"},
}
GENERATED = {"msg"}


def imports_of(text: str, module: tuple[str, ...]) -> list[str]:
    """Dotted names that a module imports anywhere, also inside functions and `if TYPE_CHECKING`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(module[: len(module) - node.level]) if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{name}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                found.append(node.args[0].value)
    return found


def violations(text: str, relative: Path) -> list[str]:
    """What a source file at `relative` (to src/automot_ros) imports that it must not."""
    package = relative.parts[0] if len(relative.parts) > 1 else ""
    bad = []
    for name in imports_of(text, ("automot_ros", *relative.with_suffix("").parts)):
        top, *rest = name.split(".")
        if top in MAY_IMPORT and package not in MAY_IMPORT[top]:
            bad.append(f"{relative}: {package or 'the package itself'} must not import {top}")
        if top != "automot_ros" or not rest or rest[0] in GENERATED | {package, "__version__"}:
            if top == "automot_ros" and rest and rest[0] in GENERATED and package not in MAY_IMPORT["rclpy"]:
                bad.append(f"{relative}: generated messages belong to nodes and bridges")
            continue
        if package not in LEVEL or rest[0] not in LEVEL:
            bad.append(f"{relative}: {name} is in no level")
        elif LEVEL[rest[0]] > LEVEL[package]:
            bad.append(f"{relative}: {package} (level {LEVEL[package]}) imports {name} (level {LEVEL[rest[0]]})")
        elif LEVEL[rest[0]] == LEVEL[package] and (package, rest[0]) not in MAY_USE_BESIDE:
            bad.append(f"{relative}: {package} imports {name} beside it")
    return bad


def test_every_package_has_a_level():
    packages = {p.parent.name for p in SOURCE.glob("*/__init__.py")}
    assert packages <= set(LEVEL), f"add to LEVELS: {packages - set(LEVEL)}"


def test_no_source_file_imports_what_is_above_or_beside_it():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 20
    bad = [line for path in files for line in violations(path.read_text("utf-8"), path.relative_to(SOURCE))]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(("where", "text"), [
    ("scene/x.py", "from automot_ros.vehicle.bicycle import advance"),
    ("scene/x.py", "from ..vehicle.bicycle import advance"),
    ("guard/x.py", "import automot_ros.policy.nano"),
    ("guard/x.py", "from automot_ros import policy"),
    ("guard/x.py", "def f():\n    from automot_ros.policy.nano import Action"),
    ("guard/x.py", "import importlib\nimportlib.import_module('automot_ros.policy.nano')"),
    ("control/x.py", "import torch.nn as nn"),
    ("simulation/deep/x.py", "from torch import nn"),
    ("driving/x.py", "import rclpy"),
    ("driving/x.py", "from automot_ros.data.bags import BagReader"),
    ("evaluation/x.py", "from automot_ros.training import loop"),
    ("cli/x.py", "from automot_ros.nodes.stack import stack"),
    ("cli/x.py", "from rclpy.node import Node"),
    ("data/x.py", "from automot_ros.msg import ActionDraft"),
    ("scene/x.py", "from automot_ros.unknown import thing"),
])
def test_a_planted_violation_is_found(where, text):
    assert violations(text, Path(where))


@pytest.mark.parametrize(("where", "text"), [
    ("training/x.py", "from automot_ros.evaluation.closed_loop import evaluate"),
    ("base/x.py", "from automot_ros.geometry.se2 import Pose2"),
    ("nodes/x.py", "import rclpy\nfrom automot_ros.msg import ActionDraft\nfrom automot_ros.nodes import qos"),
    ("nodes/x.py", "from automot_ros.driving.clock import due_context_stamp\nimport torch"),
    ("policy/x.py", "import torch\nfrom automot_ros.model.automot import AutoMoT"),
    ("cli/x.py", "from automot_ros import __version__"),
])
def test_a_lawful_import_is_not_refused(where, text):
    assert violations(text, Path(where)) == []

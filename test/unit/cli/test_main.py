"""The command line finds its commands lazily and turns errors into one clear line."""

import importlib.util
import sys
import types

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.cli import main as cli


@pytest.fixture
def command(monkeypatch):
    """A command named `try` whose `run` is given by the test."""
    module = types.ModuleType("automot_test_command")
    module.add_arguments = lambda parser: parser.add_argument("--n", type=int, default=3)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.COMMANDS, "try", cli.Command(module.__name__, "for the test"))
    return module


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_has_its_module(name):
    assert importlib.util.find_spec(cli.COMMANDS[name].module) is not None


def test_help_has_one_line_for_each_command(capsys):
    assert cli.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(any(line.split()[:1] == [name] for line in lines) for name in cli.COMMANDS)


def test_a_command_gets_its_arguments_and_its_status_is_returned(command):
    command.run = lambda args: args.n
    assert cli.main(["try", "--n", "7"]) == 7


def test_an_error_of_ours_is_one_line_on_stderr_and_status_2(command, capsys):
    def run(args):
        raise ConfigError("out of bounds", where="--n", got=9, wanted="0..5")

    command.run = run
    assert cli.main(["try"]) == 2
    assert capsys.readouterr().err == "automot try: out of bounds in --n: got 9, wanted 0..5\n"


def test_ctrl_c_is_status_130_without_a_trace(command, capsys):
    def run(args):
        raise KeyboardInterrupt

    command.run = run
    assert cli.main(["try"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_programming_error_is_not_hidden(command):
    def run(args):
        raise ZeroDivisionError

    command.run = run
    with pytest.raises(ZeroDivisionError):
        cli.main(["try"])


def test_a_mistyped_command_is_answered_with_the_close_one(capsys):
    assert cli.main(["drvie"]) == 2
    assert "did you mean drive?" in capsys.readouterr().err


def test_no_command_shows_the_help_and_fails(capsys):
    assert cli.main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_the_table_costs_no_heavy_import():
    import subprocess

    code = "import automot_ros.cli.main, sys; print([m for m in ('torch', 'numpy', 'rclpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

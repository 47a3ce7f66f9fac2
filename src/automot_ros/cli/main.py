"""`automot`: one table of commands; a command's module is imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from automot_ros import __version__
from automot_ros.base.errors import AutomotError

REFUSED, INTERRUPTED = 2, 130


class Command(NamedTuple):
    """A row of the table. The module has `add_arguments(parser)` and `run(args) -> int`, the exit status."""

    module: str
    text: str


COMMANDS = {
    "drive": Command("automot_ros.cli.drive", "drive the embedded world: every node a process, with a page to watch"),
    "faults": Command("automot_ros.cli.faults", "break one thing at a time on a driving car and measure what it does"),
    "evaluate": Command("automot_ros.cli.evaluate", "score a driver on routes, in one process, and write result.json"),
    "collect": Command("automot_ros.cli.collect", "drive the expert, or a policy it corrects, and keep labelled bags"),
    "prepare": Command("automot_ros.cli.prepare", "turn bags (ours, CARLA's, a car's) into training samples"),
    "train": Command("automot_ros.cli.train", "train the shipped model from nothing; resumable"),
    "record": Command("automot_ros.cli.record", "record a running stack into a bag, contexts with their numbers"),
    "replay": Command("automot_ros.cli.replay", "run nodes again on a bag and compare with what was recorded"),
    "bench": Command("automot_ros.cli.bench", "measure this machine: world, transport, fast tick, soak, released size"),
    "scenarios": Command("automot_ros.cli.scenarios", "draw a picture of every scenario class, with an index"),
    "routes": Command("automot_ros.cli.routes", "write routes of the embedded world as a leaderboard route file"),
    "doctor": Command("automot_ros.cli.doctor", "say what this machine lacks and how to get it"),
}


def usage() -> str:
    """The help text, one line a command."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.text}" for name, command in COMMANDS.items()]
    return "\n".join([f"automot {__version__}: AutoMoT for ROS 2", "", "usage: automot COMMAND [options]", "", *lines,
                      "", "automot COMMAND --help tells the options of a command."])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 not fulfilled, 2 refused with a reason, 130 stopped by Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0 if arguments else REFUSED
    if arguments[0] in {"-V", "--version"}:
        print(__version__)
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"commands: {', '.join(COMMANDS)}"
        print(f"automot: no command {name!r}; {hint}", file=sys.stderr)
        return REFUSED
    return _run(name, arguments[1:])


def _run(name: str, arguments: list[str]) -> int:
    try:
        module = importlib.import_module(COMMANDS[name].module)
        parser = argparse.ArgumentParser(prog=f"automot {name}", description=COMMANDS[name].text)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(arguments)))
    except AutomotError as error:
        print(f"automot {name}: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"automot {name}: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as in `automot ... | head`
        sys.stderr.close()
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())

"""What evaluations and drives leave behind: result.json, settings and routes, and the vocabulary of a model."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from automot_ros.evaluation.closed_loop import keep_settings, summarise
from automot_ros.evaluation.compare import as_text, compare, write_comparison
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.examiner import RouteResult
from automot_ros.evaluation.report import write_report
from automot_ros.evaluation.routes import recorded_route, route_settings
from automot_ros.policy.vocabulary import Vocabulary
from fuzzing.mutate import damaged_json
from fuzzing.subject import Case, Subject, write_case

WORDS = "vocabulary.json"


def route(number: int) -> dict[str, Any]:
    """The record of a route."""
    nothing = RouteResult.nothing(id=f"plain-{number}", scenario="plain", seed=number, map="town", status="completed",
                                  route_length_m=100.0, duration_s=10.0)
    return {**nothing.as_json(), "suite": "plain", "hazards": None, "guard": None}


def settings_of_routes() -> dict[str, Any]:
    """routes/settings.json of a baseline."""
    return {"suites": ["plain"], "maps": None, "files": {}, **route_settings(DriverSettings("blind"))}


class Result(Subject):
    """result.json of two evaluations, compared and shown."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        routes = [route(1), route(2), route(3)]
        self._value = {"world": "embedded", "suite": "plain", "command": "automot", "git_commit": "", "model_hash": "",
                       "machine": {}, "seeds": "1:4", "schema_version": 1,
                       **summarise(routes, DriverSettings("blind"))}
        self._good = json.dumps(self._value).encode()
        write_case({"first/result.json": self._good}, folder)

    def good(self) -> Case:
        """A result like the first."""
        return {"second/result.json": self._good}

    def draw(self, rng: random.Random) -> Case:
        """Another, or none."""
        return {"second/result.json": damaged_json(rng, self._value)}

    def take(self, case: Case) -> None:
        """A table, a page, and the report of the second."""
        write_case(case, self.folder)
        write_report(self.folder / "second")
        rows = compare([self.folder / "first", self.folder / "second"])
        as_text(rows)
        write_comparison(rows, self.folder / "out")


class RecordedRoute(Subject):
    """routes/settings.json and a route, which `automot evaluate film` drives again."""

    def good(self) -> Case:
        """A route of a baseline."""
        return {"routes/settings.json": json.dumps(settings_of_routes()).encode(),
                "routes/plain-1.json": json.dumps(route(1)).encode()}

    def draw(self, rng: random.Random) -> Case:
        """One of the two files is another."""
        if rng.random() < 0.5:
            return {**self.good(), "routes/settings.json": damaged_json(rng, settings_of_routes())}
        return {**self.good(), "routes/plain-1.json": damaged_json(rng, route(1))}

    def take(self, case: Case) -> None:
        """Find the route, and resume its folder."""
        write_case(case, self.folder)
        recorded_route(self.folder, "plain-1")
        keep_settings(self.folder, settings_of_routes())


class VocabularyFile(Subject):
    """vocabulary.json by itself."""

    def good(self) -> Case:
        """The words of nano."""
        return {WORDS: Vocabulary.nano().to_json().encode()}

    def draw(self, rng: random.Random) -> Case:
        """Other words, or none."""
        return {WORDS: damaged_json(rng, list(Vocabulary.nano().words)[: rng.choice((0, 6, 7, 12, 500))])}

    def take(self, case: Case) -> None:
        """Load it and use it."""
        write_case(case, self.folder)
        words = Vocabulary.load(self.folder / WORDS)
        words.decode(range(len(words) + 2))
        Vocabulary(json.loads(words.to_json()))

"""The page of figures: each command writes its own section and no other."""

from pathlib import Path
from typing import Any

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.evaluation.performance import Load, put_section, table

RESULT: dict[str, Any] = {"command": "automot bench x --out /a/b --page=/c", "git_commit": "abc",
                          "load": Load().as_json()}


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "p.md"
    page.write_text("# A\n<!-- bench x: generated -->\nold\n<!-- end of x -->\nrest\n")
    put_section(page, "x", RESULT, "| new |\n")
    text = page.read_text()
    assert text.startswith("# A\n<!-- bench x: generated -->\n`automot bench x`, 20")
    assert text.endswith("| new |\n<!-- end of x -->\nrest\n")
    assert "old" not in text


def test_a_page_without_a_place_is_refused_and_unchanged(tmp_path: Path) -> None:
    page = tmp_path / "p.md"
    page.write_text("nothing here\n")
    with pytest.raises(ConfigError, match="without a place"):
        put_section(page, "x", RESULT, "")
    assert page.read_text() == "nothing here\n"


def test_a_table_has_formats_functions_and_dashes_for_what_is_missing() -> None:
    made = table([{"a": 1.25}, {"a": None}], {"A": "a .1f", "B": lambda row: str(len(row))})
    assert made == "| A | B |\n|---|---|\n| 1.2 | 1 |\n| - | 1 |\n"

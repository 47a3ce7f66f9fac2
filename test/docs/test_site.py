"""The documentation: no broken link, every command in it is one, and the site builds where mkdocs is installed."""

import argparse
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from automot_ros.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ("README.md", "CONTRIBUTING.md", "models/nano/README.md", "config/security/README.md")
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in OTHERS)])
LINK = re.compile(r"\]\(([^)\s]+)\)")
ARGUMENT = re.compile(r"^([a-z_]+):=")


def anchors(page):
    """As mkdocs and GitHub name headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", h.lower())).strip("-") for h in headings}


def commands(page):
    """Every line of a shell block, continuations joined, comments left out."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


ALL_COMMANDS = [(page, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    named = set(re.findall(r"(\S+\.md)$", text, re.MULTILINE))
    assert named == {str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")}
    assert yaml.safe_load(text)["strict"] is True


def test_every_automot_command_in_the_docs_has_these_flags(capsys):
    checked = 0
    for page, words in ALL_COMMANDS:
        if not words[0].endswith("automot"):
            continue
        name, arguments = words[1], words[2:]
        assert name in COMMANDS, f"{page.name}: {shlex.join(words)}"
        parser = argparse.ArgumentParser()
        importlib.import_module(COMMANDS[name].module).add_arguments(parser)
        try:
            parser.parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{page.name}: {shlex.join(words)}\n{capsys.readouterr().err}")
        checked += 1
    assert checked > 15


def test_every_make_target_in_the_docs_is_one():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for _, words in ALL_COMMANDS if words[0] == "make"}
    assert {"drive", "test"} <= named <= targets


def test_every_launch_in_the_docs_names_a_file_and_arguments_that_it_has():
    checked = 0
    for page, words in ALL_COMMANDS:
        if words[:2] != ["ros2", "launch"]:
            continue
        assert words[2] == "automot_ros" and (ROOT / "launch" / words[3]).is_file(), f"{page.name}: {words[3]}"
        text = (ROOT / "launch" / words[3]).read_text()
        for word in words[4:]:
            argument = ARGUMENT.match(word)
            assert argument is None or f'"{argument[1]}"' in text, f"{page.name}: {words[3]} has no {word}"
        checked += 1
    assert checked >= 4


@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="mkdocs-material is not installed: make docs")
def test_the_site_builds_without_a_warning(tmp_path):
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "tour.html").is_file()
    loaded = re.findall(r'(?:src|href)="(https?://[^"]+)"', (tmp_path / "site" / "index.html").read_text())
    assert not [url for url in loaded if url.endswith((".js", ".css"))], "nothing is loaded from elsewhere"

"""Warnings of commands that make or change an example whose path has a segment with two wildcards."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.e2e.inside import run_here
from tests.programs import Understudy

WARNING = "Warning: the segment {{a}}-{{b}} of GET /x/{{a}}-{{b}} has two wildcards, and is compared as text\n"
MOCK = "mocks create new --request 'GET /x/{{a}}-{{b}} 200 {}'"


def run(understudy: Understudy, typed: str, **environment: str) -> tuple[str, str]:
    """Return what a command prints on standard output and on standard error; asserts that it ends well."""
    done = run_here(understudy, shlex.split(typed), env=understudy.environment | environment)
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


@pytest.fixture
def shop(understudy: Understudy) -> Understudy:
    """A store with an example that was typed in."""
    run(understudy, "mocks create shop --request 'GET /x/{{a}} 200 {}'")
    return understudy


@pytest.mark.parametrize(
    ("typed", "warning"),
    [
        ("examples add shop 'GET /x/{{a}}-{{b}}'", WARNING),
        ("examples add shop 'GET /x/{{a}}/{{b}}'", ""),
        ("examples set 'GET /x/{{a}} - 200' --path '/x/{{a}}-{{b}}'", WARNING),
        (MOCK, WARNING),
        (f"{MOCK} --json", WARNING),
    ],
)
def test_commands_warn(shop: Understudy, typed: str, warning: str) -> None:
    """The warning is a line on standard error, and no failure."""
    assert run(shop, typed)[1] == warning


def test_an_edited_example_has_a_warning(shop: Understudy, tmp_path: Path) -> None:
    """`examples edit` warns as `examples set` does."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's:^GET /x/.*:GET /x/{{a}}-{{b}}:' \"$1\"\n")
    editor.chmod(0o755)
    assert run(shop, "examples edit 'GET /x/{{a}} - 200'", EDITOR=str(editor), VISUAL="")[1] == WARNING


def test_programs_read_the_warnings(shop: Understudy) -> None:
    """The JSON of a new mock server has them."""
    assert json.loads(run(shop, f"{MOCK} --json")[0])["warnings"] == [WARNING[len("Warning: ") : -1]]

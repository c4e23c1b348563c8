"""The commands about redaction rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.inside import Inside
from tests.programs import Understudy


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store; most commands run in this process, which is faster."""
    return Inside(tmp_path)


def test_rules_are_added_listed_and_removed(tmp_path: Path) -> None:
    understudy = Understudy(tmp_path)
    rules = ("--header", "X-Session", "--query", "sid", "--json-path", "$..ssn", "--pattern", "tok_[a-z]+")
    assert "The store has 4 rules." in understudy.run("redaction", "add", *rules)
    listed = understudy.json("redaction", "list")
    assert {kind: listed[kind] for kind in ("headers", "query", "json", "patterns")} == {
        "headers": ["x-session"],
        "query": ["sid"],
        "json": ["$..ssn"],
        "patterns": ["tok_[a-z]+"],
    }
    assert "JSON Web Token" in listed["built_in"]["patterns"]
    table = understudy.run("redaction", "list")
    assert all(rule in table for rule in ("x-session", "sid", "$..ssn", "tok_[a-z]+", "password", "JSON Web Token"))
    assert "The store has 1 rule." in understudy.run("redaction", "remove", *rules[2:])
    assert understudy.json("redaction", "list")["headers"] == ["x-session"]

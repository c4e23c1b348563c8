"""The values of a project file, and its mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.proxy.project_file import NO_PROJECT, ProjectFile, add_project_rules, parse_project
from understudy.store.errors import UserError
from understudy.store.redaction.settings import make_display_redactor, read_rules
from understudy.store.repositories.store import Store

FILE = Path("/work/shop/understudy.toml")


def test_an_empty_file_changes_nothing() -> None:
    assert parse_project(FILE, {}) == ProjectFile(FILE)


def test_the_values_are_taken_as_they_are() -> None:
    content: dict[str, Any] = {
        "upstream": "https://api.example.com",
        "hosts": ["api.test:443:127.0.0.1"],
        "replay": {"ignore_query": ["ts"], "ignore_json": ["$.at"], "match_header": ["*"], "ignore_header": ["Date"]},
        "redaction": {"headers": ["X-Sid"], "query": ["sid"], "json": ["$..ssn"], "patterns": ["t_[a-z]+"]},
    }
    project = parse_project(FILE, content)
    assert (project.upstream, project.hosts) == ("https://api.example.com", ("api.test:443:127.0.0.1",))
    assert {name: list(listed) for name, listed in project.replay.items()} == content["replay"]
    assert {name: list(listed) for name, listed in project.redaction.items()} == content["redaction"]


@pytest.mark.parametrize(
    ("store", "place"),
    [
        ("u.db", "/work/shop/u.db"),
        ("../u.db", "/work/shop/../u.db"),
        ("/data/u.db", "/data/u.db"),
        ("sqlite:////data/u.db", "sqlite:////data/u.db"),
        ("~/u.db", str(Path.home() / "u.db")),
    ],
)
def test_a_path_begins_at_the_folder_of_the_file(store: str, place: str) -> None:
    assert parse_project(FILE, {"store": store}).store == place


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"stroe": "u.db"},
            "stroe: there is no such key; a project file has store, upstream, hosts, replay, redaction",
        ),
        ({"store": 5}, "store takes a text, got 5"),
        ({"store": " "}, "store takes a text, got ' '"),
        ({"upstream": ["a"]}, "upstream takes a text, got ['a']"),
        ({"hosts": "a:1:b"}, 'hosts takes a list of texts, such as ["a", "b"], got \'a:1:b\''),
        ({"hosts": [1]}, 'hosts takes a list of texts, such as ["a", "b"], got [1]'),
        ({"replay": ["ts"]}, "replay takes a table, written [replay], got ['ts']"),
        ({"replay": {"ignore": ["ts"]}}, "replay.ignore: there is no such key; [replay] has ignore_query, "),
        ({"replay": {"ignore_query": "ts"}}, "replay.ignore_query takes a list of texts, "),
        (
            {"redaction": {"header": []}},
            "redaction.header: there is no such key; [redaction] has headers, query, json,",
        ),
        ({"redaction": {"query": [True]}}, "redaction.query takes a list of texts, "),
    ],
)
def test_a_mistake_names_file_and_key_and_what_is_expected(content: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_project(FILE, content)
    assert str(error.value).startswith(f"{FILE}: {message}")


@pytest.mark.parametrize(
    ("key", "field", "message", "expected"),
    [
        ("upstream", "upstream", "takes a URL", "upstream takes a URL"),
        ("upstream", "upstream", "expected a URL", "upstream: expected a URL"),
        ("replay", "ignore_json", "takes a path", "replay.ignore_json takes a path"),
        ("redaction", "", "a rule is wrong", "redaction: a rule is wrong"),
    ],
)
def test_an_error_about_a_value_names_file_and_key(key: str, field: str, message: str, expected: str) -> None:
    with pytest.raises(UserError) as error, ProjectFile(FILE).name_key(key):
        raise UserError(message, field=field)
    assert str(error.value) == f"{FILE}: {expected}"


def test_its_redaction_rules_apply_beside_those_of_the_store(store: Store) -> None:
    """They are not written to the store."""
    with_rules = add_project_rules(store, ProjectFile(FILE, redaction={"patterns": ("tok_[a-z]+",)}))
    assert make_display_redactor(with_rules).redact_text("tok_abc") == "REDACTED"
    assert make_display_redactor(store).redact_text("tok_abc") == "tok_abc"
    assert not read_rules(with_rules)


def test_without_rules_the_store_stays_as_it_is(store: Store) -> None:
    assert add_project_rules(store, NO_PROJECT) is store


def test_a_wrong_rule_names_the_file(store: Store) -> None:
    with pytest.raises(UserError, match=f"^{FILE}: redaction: a rule for JSON is a path"):
        add_project_rules(store, ProjectFile(FILE, redaction={"json": ("ssn",)}))

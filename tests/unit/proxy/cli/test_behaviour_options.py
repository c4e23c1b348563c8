"""The options that say how a mock server compares and what it does on purpose."""

from __future__ import annotations

import shlex
from typing import Any

import click
import pytest

from understudy.proxy.cli.behaviour_options import behaviour_options, matching_options
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import PRESETS, Fault, FaultKind, RateLimit


def given(decorate: Any, typed: str) -> Any:
    """The fields that a command gets for these options."""
    seen: dict[str, Any] = {}

    def take(**fields: Any) -> None:
        seen.update(fields)

    click.command()(decorate(take)).main(shlex.split(typed), standalone_mode=False)
    [fields] = seen.values()
    return fields


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("", {}),
        ("--match-body --subset", {"body": "require", "subset": True}),
        ("--no-match-body", {"body": "prefer"}),
        ("--body off", {"body": "off"}),
        ("--headers prefer", {"header_rule": "prefer"}),
        ("--no-wildcards --no-ids --distance", {"wildcards": False, "ids": False, "distance": True}),
        ("--query require", {"query": "require"}),
        ("--match-header A,b --match-header c", {"headers": {"A", "b", "c"}}),
        ("--ignore-query a,b --ignore-query ü", {"ignore_query": {"a,b", "ü"}}),
        ("--ignore-header 'a, b'", {"ignore_headers": {"a", "b"}}),
        ("--ignore-json '$.at' --ignore-json '$.a.b'", {"ignore_body": {"$.at", "$.a.b"}}),
        ("--ignore-body nonce --ignore-json //At", {"ignore_body": {"nonce", "//At"}}),
        ("--no-match-header --no-ignore-json", {"headers": frozenset(), "ignore_body": frozenset()}),
    ],
)
def test_matching(typed: str, fields: dict[str, Any]) -> None:
    """Only what was given is changed."""
    assert given(matching_options(clearing=True), typed) == fields


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("", {}),
        ("--delay 2G --fault cut:5", {"delay": PRESETS["2G"], "fault": Fault(FaultKind.CUT, 5)}),
        ("--rate-limit 1/2 --bytes-per-second 9", {"rate_limit": RateLimit(1, 2), "bytes_per_second": 9}),
        ("--no-delay --no-fault --no-rate-limit", {"delay": None, "fault": None, "rate_limit": None}),
        ("--timing 2x", {"timing": 0.5}),
        ("--no-bytes-per-second", {"bytes_per_second": None}),
    ],
)
def test_behaviour(typed: str, fields: dict[str, Any]) -> None:
    assert given(behaviour_options(clearing=True), typed) == fields


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("--match-header a --no-match-header", "give --match-header or --no-match-header, not both"),
        ("--match-header 'a b'", "--match-header takes names, got 'a b'"),
        ("--match-header 'a,'", "--match-header takes names, got 'a,'"),
        ("--ignore-header 'a: b'", "--ignore-header takes names, got 'a: b'"),
        ("--ignore-query ''", "--ignore-query takes names, got ''"),
        ("--ignore-json '$.a['", "--ignore-body: "),
        ("--ignore-body //", "--ignore-body: expected XML elements"),
    ],
)
def test_no_matching(typed: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        given(matching_options(clearing=True), typed)


@pytest.mark.parametrize("typed", ["--delay 5 --no-delay", "--fault reset --no-fault"])
def test_a_behaviour_is_given_or_taken_off(typed: str) -> None:
    with pytest.raises(UserError, match="not both"):
        given(behaviour_options(clearing=True), typed)


@pytest.mark.parametrize("decorate", [matching_options(), behaviour_options()])
def test_what_was_never_there_is_not_taken_off(decorate: Any) -> None:
    """A new mock server begins with empty lists."""
    with pytest.raises(click.NoSuchOption):
        given(decorate, "--no-delay --no-match-header")

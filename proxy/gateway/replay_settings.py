"""How sessions are replayed: the settings that commands and the pytest fixture take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from understudy.matcher.body_forms.open_places import parse_ignored_place
from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.operations.collections.behaviour_text import read_timing
from understudy.serving.gateway.ignored_hosts import NO_HOSTS, IgnoredHosts
from understudy.serving.gateway.replay import MissAnswer
from understudy.store.errors import Hint, UserError
from understudy.store.model.values import replace

SINGLE_SETTINGS = ("once", "miss", "timing", "replay_failures")
# `ignore_json` is the old name of `ignore_body`.
LIST_SETTINGS = ("ignore_query", "match_header", "ignore_header", "ignore_body", "ignore_json", "ignore_host")


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a session is replayed.

    `once` ends each sequence after its last answer. `matching` decides which requests are equal, `miss` what is
    answered to others. `timing` is the pace of streams, as in `Behaviour.timing`. `failures` repeats exchanges that
    failed. Requests to `ignored_hosts` are neither answered nor counted; a recording does not keep them.
    """

    once: bool = False
    matching: MatchSettings = STRICT
    miss: MissAnswer = MissAnswer.NOT_FOUND
    timing: float | None = None
    failures: bool = False
    ignored_hosts: IgnoredHosts = NO_HOSTS


STRICT_REPLAY = ReplaySettings()
"""Everything but headers is compared, and the last answer of a sequence repeats."""


def parse_replay_settings(
    *,
    once: bool = False,
    miss: str = MissAnswer.NOT_FOUND,
    timing: str = "recorded",
    replay_failures: bool = False,
    **names: Iterable[str],
) -> ReplaySettings:
    """Return the settings that a user gives as texts; `names` are those of `LIST_SETTINGS`. Raises UserError."""
    try:
        answer = MissAnswer(miss)
    except ValueError:
        raise UserError(f"takes one of {', '.join(MissAnswer)}, got {miss!r}", field="miss") from None
    matching, hosts = _parse_matching(names), _parse_hosts(names.get("ignore_host", ()))
    return ReplaySettings(once, matching, answer, read_timing(timing), replay_failures, hosts)


def _parse_matching(names: Mapping[str, Iterable[str]]) -> MatchSettings:
    for name, listed in names.items():
        if name not in LIST_SETTINGS:
            settings = ", ".join((*SINGLE_SETTINGS, *LIST_SETTINGS))
            raise UserError(f"a replay has no setting {name}; the settings are {settings}", what="setting", which=name)
        if isinstance(listed, str):
            raise UserError(f"takes a list of names, such as [{listed!r}]", field=name)
    headers = _parse_headers(names, "match_header")
    ignored_headers = _parse_headers(names, "ignore_header")
    if ignored_headers and "*" not in headers:
        message = "this takes headers out of all headers, but not all are compared"
        raise UserError(message, field="ignore_header", hint=Hint("compare_all_headers"))
    return replace(
        STRICT,
        ignore_query=_parse_parameters(names.get("ignore_query", ())),
        headers=headers,
        ignore_headers=ignored_headers,
        ignore_body=_parse_places(names, "ignore_body") | _parse_places(names, "ignore_json"),
        key_headers=frozenset(),  # an x-api-key is the API's own here
    )


def _parse_parameters(names: Iterable[str]) -> frozenset[str]:
    for name in names:
        if not name.strip():
            raise UserError(f"takes the name of a query parameter, got {name!r}", field="ignore_query")
    return frozenset(names)


def _parse_hosts(patterns: Iterable[str]) -> IgnoredHosts:
    for pattern in patterns:
        if not pattern or set(pattern) & set("/@ \t\r\n"):
            raise UserError(f"takes a host such as *.example.com, got {pattern!r}", field="ignore_host")
    return IgnoredHosts(frozenset(patterns))


def _parse_places(lists: Mapping[str, Iterable[str]], field: str) -> frozenset[str]:
    places = list(lists.get(field, ()))
    try:
        for place in places:
            parse_ignored_place(place)
    except ValueError as error:
        raise UserError(str(error), field=field) from error
    return frozenset(places)


def _parse_headers(lists: Mapping[str, Iterable[str]], field: str) -> frozenset[str]:
    """Return the names of header fields in a setting; a text may hold several with commas between."""
    texts = list(lists.get(field, ()))
    names = [name.strip() for text in texts for name in text.split(",")]
    if not all(names) or any(set(name) & set(" :\t\r\n") for name in names):
        given = ", ".join(map(repr, texts))
        raise UserError(f"takes names of header fields such as X-Request-Id, got {given}", field=field)
    return frozenset(names)

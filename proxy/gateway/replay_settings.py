"""How sessions are replayed: the settings that commands and the pytest fixture take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from understudy.matcher.body_forms.open_places import parse_ignored_place
from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.operations.collections.behaviour_text import read_timing
from understudy.serving.gateway.ignored_hosts import NO_HOSTS, IgnoredHosts
from understudy.serving.gateway.replay import MissAnswer
from understudy.store.errors import Hint, UserError
from understudy.store.model.values import replace

SINGLE_SETTINGS = ("once", "miss", "timing", "replay_failures", "hold")
# `ignore_json` is the old name of `ignore_body`.
LIST_SETTINGS = ("ignore_query", "match_header", "ignore_header", "ignore_body", "ignore_json", "ignore_host")

ListSettings = Mapping[str, Sequence[str]]
"""Settings of `LIST_SETTINGS` as texts."""


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a session is replayed.

    `once` ends each sequence after its last answer. `matching` decides which requests are equal, `miss` what is
    answered to others. `timing` is the pace of streams, as in `Behaviour.timing`. `failures` repeats exchanges that
    failed. What the client gave up is held open for `hold` seconds, without a limit if that is None. Requests to
    `ignored_hosts` are neither answered nor counted; a recording does not keep them. `lists` are the texts that
    `matching` and `ignored_hosts` are made of where they were given, `defaults` those of the project.
    """

    once: bool = False
    matching: MatchSettings = STRICT
    miss: MissAnswer = MissAnswer.NOT_FOUND
    timing: float | None = None
    failures: bool = False
    hold: float | None = None
    ignored_hosts: IgnoredHosts = NO_HOSTS
    lists: ListSettings = field(default_factory=dict)
    defaults: ListSettings = field(default_factory=dict)

    def apply_kept_lists(self, kept: ListSettings) -> ReplaySettings:
        """Return the settings for a session with which lists are kept: they are used where a list was not given.

        Raises UserError for kept lists that do not fit together with those that were given.
        """
        if not kept:
            return self
        lists = overlay_lists(self.defaults, kept, self.lists)
        return replace(self, matching=_parse_matching(lists), ignored_hosts=_parse_hosts(lists.get("ignore_host", ())))


STRICT_REPLAY = ReplaySettings()
"""Everything but headers is compared, and the last answer of a sequence repeats."""


def parse_replay_settings(
    *,
    once: bool = False,
    miss: str = MissAnswer.NOT_FOUND,
    timing: str = "recorded",
    replay_failures: bool = False,
    hold: float | None = None,
    defaults: ListSettings | None = None,
    **lists: Sequence[str],
) -> ReplaySettings:
    """Return the settings that a user gives as texts; `lists` are those of `LIST_SETTINGS`. Raises UserError.

    `defaults` are used for lists that are not given, or are empty.
    """
    try:
        answer = MissAnswer(miss)
    except ValueError:
        raise UserError(f"takes one of {', '.join(MissAnswer)}, got {miss!r}", field="miss") from None
    _check_lists(lists)
    chosen = overlay_lists(defaults or {}, lists)
    matching, hosts = _parse_matching(chosen), _parse_hosts(chosen.get("ignore_host", ()))
    pace, held = read_timing(timing), _check_hold(hold)
    return ReplaySettings(once, matching, answer, pace, replay_failures, held, hosts, lists, defaults or {})


def overlay_lists(*layers: ListSettings) -> ListSettings:
    """Return the lists of these layers, each of the last one that has any text in it.

    A layer that chooses the headers to compare also chooses the ones to leave out.
    """
    chosen: dict[str, Sequence[str]] = {}
    for layer in layers:
        if layer.get("match_header"):
            chosen.pop("ignore_header", None)
        chosen |= {name: listed for name, listed in layer.items() if listed}
    return chosen


def parse_replay_lists(lists: ListSettings) -> ReplaySettings:
    """Return the settings of a replay with these lists alone; raises UserError."""
    given: dict[str, Any] = dict(lists)
    return parse_replay_settings(**given)


def _check_hold(seconds: object) -> float | None:
    if seconds is None or (isinstance(seconds, int | float) and 0 <= seconds < inf):
        return seconds
    raise UserError(f"takes seconds, 0 or more, got {seconds!r}", field="hold")


def _check_lists(lists: ListSettings) -> None:
    for name, listed in lists.items():
        if name not in LIST_SETTINGS:
            settings = ", ".join((*SINGLE_SETTINGS, *LIST_SETTINGS))
            raise UserError(f"a replay has no setting {name}; the settings are {settings}", what="setting", which=name)
        if isinstance(listed, str):
            raise UserError(f"takes a list of names, such as [{listed!r}]", field=name)


def _parse_matching(names: ListSettings) -> MatchSettings:
    headers = _parse_headers(names, "match_header")
    ignored_headers = _parse_headers(names, "ignore_header")
    if "*" not in headers and not _fold(ignored_headers) <= _fold(headers):
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


def _fold(names: Iterable[str]) -> set[str]:
    return {name.strip().lower() for name in names}


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

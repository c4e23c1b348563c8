"""How sessions are replayed: what the options of `replay`, of a gateway and of the pytest fixture say."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from matcher.json_paths import json_place
from matcher.settings import STRICT, MatchSettings
from proxy.behaviours import read_timing
from serving.replays import MissAnswer
from store.errors import UserError


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """`once` ends each sequence after its last answer; `matching` is strict but for what it ignores.

    `timing` is how fast streams are, as in `Behaviour.timing`.
    """

    once: bool = False
    matching: MatchSettings = STRICT
    miss: MissAnswer = MissAnswer.NOT_FOUND
    timing: float | None = None


STRICTLY = ReplaySettings()
"""Everything counts, and the last answer repeats."""


def replay_settings(
    *,
    once: bool = False,
    miss: str = MissAnswer.NOT_FOUND,
    timing: str = "recorded",
    ignore_query: Iterable[str] = (),
    match_header: Iterable[str] = (),
    ignore_header: Iterable[str] = (),
    ignore_json: Iterable[str] = (),
) -> ReplaySettings:
    """The settings that a person asks for; raises UserError that says what was expected."""
    try:
        answer = MissAnswer(miss)
    except ValueError:
        raise UserError(f"a miss is answered by one of {', '.join(MissAnswer)}, not {miss!r}") from None
    paths = frozenset(ignore_json)
    try:
        for path in paths:
            json_place(path)
    except ValueError as error:
        raise UserError(str(error)) from error
    matching = replace(
        STRICT,
        ignore_query=frozenset(ignore_query),
        headers=_names(match_header),
        ignore_headers=_names(ignore_header),
        ignore_json=paths,
        key_headers=frozenset(),  # an x-api-key is the API's own here
    )
    return ReplaySettings(once, matching, answer, read_timing(timing))


def given_settings(given: Mapping[str, Any]) -> ReplaySettings:
    """The settings of these names; raises UserError for a name that is none, or a text where names are listed."""
    known = set(inspect.signature(replay_settings).parameters)
    if unknown := sorted(given.keys() - known):
        raise UserError(f"{unknown[0]} is no setting of a replay; there are {', '.join(sorted(known))}")
    for name, value in given.items():
        if name.startswith(("ignore_", "match_")) and isinstance(value, str):
            raise UserError(f"{name} takes a list of names, such as [{value!r}]")
    return replay_settings(**given)


def _names(given: Iterable[str]) -> frozenset[str]:
    names = [name.strip() for text in given for name in text.split(",")]
    if not all(names) or any(set(name) & set(" :\t\r\n") for name in names):
        raise UserError(f"a header is named like X-Request-Id, got {', '.join(map(repr, given))}")
    return frozenset(names)

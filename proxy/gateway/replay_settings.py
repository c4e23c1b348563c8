"""How sessions are replayed: what the options of `replay`, of a gateway and of the pytest fixture say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from understudy.matcher.settings import STRICT, MatchSettings
from understudy.proxy.operations.collections.behaviour_text import read_timing
from understudy.serving.gateway.replay import MissAnswer
from understudy.store.errors import UserError
from understudy.store.model.json_paths import parse_json_path

SINGLE_SETTINGS = ("once", "miss", "timing", "replay_failures")
LIST_SETTINGS = ("ignore_query", "match_header", "ignore_header", "ignore_json")


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """`once` ends each sequence after its last answer; `matching` is strict but for what it ignores.

    `timing` is how fast streams are, as in `Behaviour.timing`; `failures` are repeated, too.
    """

    once: bool = False
    matching: MatchSettings = STRICT
    miss: MissAnswer = MissAnswer.NOT_FOUND
    timing: float | None = None
    failures: bool = False


STRICT_REPLAY = ReplaySettings()
"""Everything counts, and the last answer repeats."""


def parse_replay_settings(
    *,
    once: bool = False,
    miss: str = MissAnswer.NOT_FOUND,
    timing: str = "recorded",
    replay_failures: bool = False,
    **names: Iterable[str],
) -> ReplaySettings:
    """The settings that a person asks for, `names` those in `LISTS`; raises UserError that says what it expected."""
    try:
        answer = MissAnswer(miss)
    except ValueError:
        raise UserError(f"a miss is answered by one of {', '.join(MissAnswer)}, not {miss!r}") from None
    return ReplaySettings(once, _parse_matching(names), answer, read_timing(timing), replay_failures)


def _parse_matching(names: Mapping[str, Iterable[str]]) -> MatchSettings:
    for name, listed in names.items():
        if name not in LIST_SETTINGS:
            raise UserError(
                f"{name} is no setting of a replay; there are {', '.join((*SINGLE_SETTINGS, *LIST_SETTINGS))}"
            )
        if isinstance(listed, str):
            raise UserError(f"{name} takes a list of names, such as [{listed!r}]")
    for name in names.get("ignore_query", ()):
        if not name.strip():
            raise UserError(f"a query parameter that does not count has a name, got {name!r}")
    paths = frozenset(names.get("ignore_json", ()))
    try:
        for path in paths:
            parse_json_path(path)
    except ValueError as error:
        raise UserError(str(error)) from error
    if names.get("ignore_header") and "*" not in _parse_names(names.get("match_header", ())):
        raise UserError("headers to ignore are left out of all that are compared: --match-header '*' compares all")
    return replace(
        STRICT,
        ignore_query=frozenset(names.get("ignore_query", ())),
        headers=_parse_names(names.get("match_header", ())),
        ignore_headers=_parse_names(names.get("ignore_header", ())),
        ignore_json=paths,
        key_headers=frozenset(),  # an x-api-key is the API's own here
    )


def _parse_names(given: Iterable[str]) -> frozenset[str]:
    names = [name.strip() for text in given for name in text.split(",")]
    if not all(names) or any(set(name) & set(" :\t\r\n") for name in names):
        raise UserError(f"a header is named like X-Request-Id, got {', '.join(map(repr, given))}")
    return frozenset(names)

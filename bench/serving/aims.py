"""The aims of serving, and the peers they refer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.aims import Aim, compute_ratio
from bench.peers.mitmdump import MITMDUMP, MITMDUMP_HTTPS
from bench.peers.ours import GATEWAY, GATEWAY_HTTPS, MOCKS
from bench.peers.peer import Peer
from bench.serving.cases import (
    BODIES,
    DELAYED_MOCK,
    JSON_MOCK,
    LINES,
    LOGGED_MOCK,
    MANY,
    ONE,
    PLAIN_MOCK,
    QUIET_MOCK,
    RANDOM,
    RECORDED,
    RELAID,
    SAME,
    SETTINGS,
    SHOWN_MOCK,
    SOME,
    Measured,
    Plan,
)
from bench.serving.side_by_side import Results

Chosen = Callable[[Peer], bool]
TIMES, SECONDS, PERCENT = "{:.2f} times", "{:.2f} s", "{:.0f} %"
MOST_COST = 15.0
MOST_COST_OF_LINES, MOST_COST_OF_JSON = 3.0, 25.0
SERVED_WITHIN = 1.0
MOST_WORSE = 2.0
START_FEW, START_MANY = 0.5, 3.0


def list_aims(plan: Plan, measured: Measured) -> list[Aim]:
    """Return the aims of all measured cases."""
    aims = [aim for name, results in measured.cases.items() for aim in _OF_CASES[name](results)]
    aims += _of_edits(measured)
    for number, seconds in measured.starts.items():
        most = START_FEW if number == plan.few_kept else START_MANY
        aims.append(Aim(f"start with {number:,} examples", seconds, most, least=False, form=SECONDS))
    return aims


def _of_one(one: Results) -> list[Aim]:
    return [
        _times("one example: rate, compared with the best peer", one, SAME, MOCKS, _is_peer, 2),
        _times("one example: rate, compared with nginx", one, SAME, MOCKS, lambda peer: peer.limit, 0.6),
        _times("gateway in mock mode: rate, compared with mitmdump", one, SAME, GATEWAY, MITMDUMP.__eq__, 20),
        _times("the same over HTTPS", one, SAME, GATEWAY_HTTPS, MITMDUMP_HTTPS.__eq__, 10),
    ]


def _of_many(many: Results) -> list[Aim]:
    return [_times(f"{many.case.title}: rate, compared with the best peer", many, RANDOM, MOCKS, _is_peer, 12)]


def _of_bodies(bodies: Results) -> list[Aim]:
    return [
        _times(
            "JSON bodies in another layout: rate, compared with the best peer", bodies, RELAID, MOCKS, _is_peer, 200
        ),
        _times("JSON bodies as recorded: rate, compared with mitmdump", bodies, RECORDED, MOCKS, MITMDUMP.__eq__, 40),
    ]


def _of_settings(settings: Results) -> list[Aim]:
    return [
        _cost("cost of the call log", settings, LOGGED_MOCK),
        _cost("cost of the call log and a delay setting", settings, DELAYED_MOCK),
    ]


def _is_peer(peer: Peer) -> bool:
    return not peer.ours and not peer.limit


def _times(name: str, results: Results, question: str, ours: Peer, theirs: Chosen, limit: float) -> Aim:
    return Aim(
        name, compute_ratio(results.rate(question, ours.__eq__), results.rate(question, theirs)), limit, form=TIMES
    )


def _of_lines(lines: Results) -> list[Aim]:
    return [
        _cost("cost of call lines", lines, SHOWN_MOCK, QUIET_MOCK, MOST_COST_OF_LINES),
        _cost("cost of the JSON log with a fast reader", lines, JSON_MOCK, QUIET_MOCK, MOST_COST_OF_JSON),
    ]


def _cost(name: str, results: Results, peer: Peer, plain: Peer = PLAIN_MOCK, most: float = MOST_COST) -> Aim:
    kept = compute_ratio(results.rate(SAME, peer.__eq__), results.rate(SAME, plain.__eq__))
    return Aim(name, None if kept is None else 100 * (1 - kept), most, least=False, form=PERCENT)


def _of_edits(measured: Measured) -> list[Aim]:
    aims = []
    for edits in measured.edits:
        served = f"edit, load {edits.load}: time from the command's return until served"
        worse = f"edit, load {edits.load}: p99, compared with before"
        aims += [
            Aim(served, max(edits.after_return), SERVED_WITHIN, least=False, form=SECONDS),
            Aim(worse, edits.worse, MOST_WORSE, least=False, form=TIMES),
        ]
    return aims


_OF_CASES: Mapping[str, Callable[[Results], list[Aim]]] = {
    ONE: _of_one,
    SOME: lambda _: [],
    MANY: _of_many,
    BODIES: _of_bodies,
    SETTINGS: _of_settings,
    LINES: _of_lines,
}

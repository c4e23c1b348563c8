"""What serving is to reach, beside which peer."""

from __future__ import annotations

from collections.abc import Callable

from bench.aims import Aim, ratio
from bench.edits import p99
from bench.peers.mitmdump import MITMDUMP, MITMDUMP_HTTPS
from bench.peers.ours import GATEWAY, GATEWAY_HTTPS, MOCKS
from bench.peers.peer import Peer
from bench.serve_cases import ANEW, DELAYED_MOCK, LOGGED_MOCK, PLAIN_MOCK, RANDOM, RECORDED, SAME, Measured, Plan
from bench.side_by_side import Results

Chosen = Callable[[Peer], bool]
TIMES, SECONDS, PERCENT = "{:.2f} times", "{:.2f} s", "{:.0f} %"
MOST_COST = 15.0
SERVED_WITHIN = 1.0
MOST_WORSE = 2.0
START_FEW, START_MANY = 0.5, 3.0


def aims_of(plan: Plan, seen: Measured) -> list[Aim]:
    """All aims, with what was measured."""
    many, bodies = f"{plan.sizes[1]:,} examples", f"{plan.bodies:,} JSON bodies"
    return [
        _times("one example: rate, by the best peer's", seen.one, SAME, MOCKS, _is_peer, 2),
        _times("one example: rate, by nginx's", seen.one, SAME, MOCKS, lambda peer: peer.limit, 0.6),
        _times(f"{many}: rate, by the best peer's", seen.many, RANDOM, MOCKS, _is_peer, 12),
        _times(f"{bodies}, laid out anew: rate, by the best peer's", seen.bodies, ANEW, MOCKS, _is_peer, 200),
        _times(f"{bodies}, as recorded: rate, by mitmdump's", seen.bodies, RECORDED, MOCKS, MITMDUMP.__eq__, 40),
        _times("gateway in mock mode, HTTP: rate, by mitmdump's", seen.one, SAME, GATEWAY, MITMDUMP.__eq__, 20),
        _times("the same over HTTPS", seen.one, SAME, GATEWAY_HTTPS, MITMDUMP_HTTPS.__eq__, 10),
        _cost("cost of the call log", seen.settings, LOGGED_MOCK),
        _cost("cost of the call log and a delay setting", seen.settings, DELAYED_MOCK),
        *_edits(seen),
        Aim(f"start with {plan.few} examples", seen.start_few, START_FEW, least=False, form=SECONDS),
        Aim(f"start with {plan.many:,} examples", seen.start_many, START_MANY, least=False, form=SECONDS),
    ]


def _is_peer(peer: Peer) -> bool:
    return not peer.ours and not peer.limit


def _times(name: str, results: Results, question: str, ours: Peer, theirs: Chosen, wanted: float) -> Aim:
    return Aim(name, ratio(results.rate(question, ours.__eq__), results.rate(question, theirs)), wanted, form=TIMES)


def _cost(name: str, results: Results, dearer: Peer) -> Aim:
    kept = ratio(results.rate(SAME, dearer.__eq__), results.rate(SAME, PLAIN_MOCK.__eq__))
    return Aim(name, None if kept is None else 100 * (1 - kept), MOST_COST, least=False, form=PERCENT)


def _edits(seen: Measured) -> list[Aim]:
    found = []
    for edits in seen.edits:
        served = f"an edit, load {edits.asked}: until it is served, from the command's return"
        worse = f"p99 during it ({1000 * p99(edits.during):.1f} ms) against before ({1000 * p99(edits.before):.1f} ms)"
        found += [
            Aim(served, max(edits.after_return), SERVED_WITHIN, least=False, form=SECONDS),
            Aim(worse, edits.worse, MOST_WORSE, least=False, form=TIMES),
        ]
    return found

"""The cases that serving is measured in: who answers what, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.edits import Edits, edits_under_load
from bench.pairs import gets, laid_out_anew, searches
from bench.peers.ours import GATEWAY, MOCKS, mocks
from bench.peers.peer import Bodies, Peer
from bench.peers.table import QUICK_ONES
from bench.side_by_side import Case, Question, Results, measure
from bench.starts import seconds_to_start
from bench.wrk import Bytes
from store.mock_servers import Behaviour, Delay

SAME, RANDOM, UNIQUE = "same bytes", "at random", "no two alike"
RECORDED, ANEW, ANEW_UNIQUE = "layout as recorded", "another layout", "another layout, no two alike"
# So many that a millisecond of delay is not what holds them up.
MANY_CONNECTIONS = 512
PLAIN_MOCK = mocks("no call log, no delay", log_limit=0)
LOGGED_MOCK = mocks("call log")
DELAYED_MOCK = mocks("call log, delay of 1 ms", Behaviour(delay=Delay(1)))

Found = dict[Peer, Path]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured. Loads take `seconds`, those on bodies `body_seconds`, as some answer them slowly."""

    rounds: int = 3
    seconds: int = 2
    body_seconds: int = 3
    sizes: tuple[int, int] = (1_000, 10_000)
    bodies: int = 1_000
    few: int = 10
    many: int = 100_000
    starts: int = 3
    warm_up: int = 4
    others: bool = True


QUICK = Plan(
    rounds=1, seconds=1, body_seconds=1, sizes=(20, 50), bodies=20, many=200, starts=1, warm_up=0, others=False
)


@dataclass(frozen=True)
class Measured:
    """All that a run measured; the starts in seconds."""

    one: Results
    some: Results
    many: Results
    bodies: Results
    settings: Results
    edits: list[Edits]
    start_few: float
    start_many: float


def measured(plan: Plan, found: Found, tell: Tell) -> Measured:
    """Measure everything, with the servers that were found."""
    some, many = plan.sizes
    seen = [
        measure(case, plan.rounds, tell)
        for case in (
            _one(plan, found),
            _paths(plan, found, some),
            _paths(plan, found, many),
            _bodies(plan, found),
            _settings(plan, found),
        )
    ]
    one, of_some, of_many, bodies, settings = seen
    tell(f"an edit among {plan.many:,} examples")
    edits = edits_under_load(plan.many, plan.rounds, plan.seconds)
    tell("starts")
    starts = seconds_to_start(plan.few, plan.starts), seconds_to_start(plan.many, plan.starts)
    return Measured(one, of_some, of_many, bodies, settings, edits, *starts)


def _one(plan: Plan, found: Found) -> Case:
    pairs = gets(1)
    questions = [Question(SAME, pairs), Question(UNIQUE, pairs, Bytes.UNIQUE, goes_to=QUICK_ONES.__contains__)]
    return Case("One example", pairs, questions, found, plan.seconds)


def _paths(plan: Plan, found: Found, number: int) -> Case:
    pairs = gets(number)
    peers = {peer: place for peer, place in found.items() if peer.scheme == "http" and peer is not GATEWAY}
    questions = [Question(RANDOM, pairs), Question(UNIQUE, pairs, Bytes.UNIQUE, goes_to=QUICK_ONES.__contains__)]
    return Case(f"{number:,} examples, GET", pairs, questions, peers, plan.seconds, plan.warm_up)


def _bodies(plan: Plan, found: Found) -> Case:
    pairs = searches(plan.bodies)
    anew = laid_out_anew(pairs)
    telling = {peer: place for peer, place in found.items() if peer.bodies is not Bodies.NONE}
    peers = {peer: place for peer, place in telling.items() if peer.scheme == "http" and peer is not GATEWAY}
    questions = [
        Question(RECORDED, pairs),
        Question(ANEW, anew, goes_to=lambda peer: peer.bodies is Bodies.VALUES),
        Question(ANEW_UNIQUE, anew, Bytes.UNIQUE, goes_to=lambda peer: peer.ours),
    ]
    return Case(f"{plan.bodies:,} JSON bodies on one path, POST", pairs, questions, peers, plan.body_seconds)


def _settings(plan: Plan, found: Found) -> Case:
    pairs = gets(1)
    questions = [
        Question(SAME, pairs, connections=MANY_CONNECTIONS),
        Question(UNIQUE, pairs, Bytes.UNIQUE, connections=MANY_CONNECTIONS),
    ]
    peers = dict.fromkeys((PLAIN_MOCK, LOGGED_MOCK, DELAYED_MOCK), found[MOCKS])
    title = f"One example, {MANY_CONNECTIONS} connections: what settings cost"
    return Case(title, pairs, questions, peers, plan.seconds)

"""The cases of the benchmark of serving: their servers, requests and loads."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.load.pairs import change_layout, make_gets, make_searches
from bench.load.wrk import Uniqueness
from bench.peers.ours import GATEWAY, MOCKS, make_mocks_peer
from bench.peers.peer import Bodies, Peer
from bench.peers.table import FAST_PEERS
from bench.quiet import QuietRounds
from bench.serving.edits import Edits, measure_edits
from bench.serving.side_by_side import Case, Question, Results, measure
from bench.serving.starts import measure_start
from understudy.store.model.mock_servers import Behaviour, Delay

ONE, SOME, MANY, BODIES, SETTINGS, LINES = "one", "some", "many", "bodies", "settings", "lines"
EDITS, STARTS = "edits", "starts"
SAME, RANDOM, UNIQUE = "same bytes", "at random", "no two alike"
RECORDED, RELAID, RELAID_UNIQUE = "layout as recorded", "another layout", "another layout, no two alike"
# With this many connections a delay of a millisecond does not limit the rate.
MANY_CONNECTIONS = 512
PLAIN_MOCK = make_mocks_peer("no call log, no delay", log_limit=0)
LOGGED_MOCK = make_mocks_peer("call log")
DELAYED_MOCK = make_mocks_peer("call log, delay of 1 ms", behaviour=Behaviour(delay=Delay(1)))
QUIET_MOCK = make_mocks_peer("no call lines", options=["-q"])
SHOWN_MOCK = make_mocks_peer("call lines", redirection="2> >(cat > /dev/null)")
JSON_MOCK = make_mocks_peer("JSON log", options=["-q", "--json-log", "-"], redirection="> >(cat > /dev/null)")

Found = dict[Peer, Path]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """The size of a run.

    Loads take `seconds`; those with bodies `body_seconds`, because some servers answer them slowly; those around an
    edit `edit_seconds`, so that the command begins and ends within one. `warm_up` is in seconds, and twice that with
    thousands of examples; 0 is no warm-up.
    """

    rounds: int = 3
    seconds: int = 2
    body_seconds: int = 3
    edit_seconds: int = 4
    some: int = 1_000
    many: int = 10_000
    bodies: int = 1_000
    few_kept: int = 10
    many_kept: int = 100_000
    starts: int = 3
    warm_up: int = 2
    others: bool = True


QUICK = Plan(1, 1, 1, 1, some=20, many=50, bodies=20, many_kept=200, starts=1, warm_up=0, others=False)


@dataclass
class Measured:
    """The results of a run: cases by name, edits, and seconds to start by the number of examples."""

    cases: dict[str, Results] = field(default_factory=dict)
    edits: list[Edits] = field(default_factory=list)
    starts: dict[int, float] = field(default_factory=dict)


def measure_cases(plan: Plan, available: Found, chosen: Container[str], quiet: QuietRounds, report: Report) -> Measured:
    """Measure the chosen ones of PARTS with the available servers."""
    measured = Measured()
    for name in CASES:
        if name in chosen:
            measured.cases[name] = measure(CASES[name](plan, available), plan.rounds, quiet, report)
    if EDITS in chosen:
        report(f"edits among {plan.many_kept:,} examples")
        measured.edits = measure_edits(plan.many_kept, plan.rounds, plan.edit_seconds, quiet)
    if STARTS in chosen:
        report("starts")
        for number in (plan.few_kept, plan.many_kept):
            measured.starts[number] = measure_start(number, plan.starts, quiet)
    return measured


def _one(plan: Plan, available: Found) -> Case:
    pairs = make_gets(1)
    questions = [Question(SAME, pairs), Question(UNIQUE, pairs, Uniqueness.UNIQUE, goes_to=FAST_PEERS.__contains__)]
    return Case("One example", pairs, questions, available, plan.seconds, plan.warm_up)


def _some(plan: Plan, available: Found) -> Case:
    pairs = make_gets(plan.some)
    title = f"{plan.some:,} examples, GET"
    return Case(title, pairs, [Question(RANDOM, pairs)], _beside_mocks(available), plan.seconds, plan.warm_up)


def _many(plan: Plan, available: Found) -> Case:
    pairs = make_gets(plan.many)
    questions = [Question(RANDOM, pairs), Question(UNIQUE, pairs, Uniqueness.UNIQUE, goes_to=FAST_PEERS.__contains__)]
    title = f"{plan.many:,} examples, GET"
    return Case(title, pairs, questions, _beside_mocks(available), plan.seconds, 2 * plan.warm_up)


def _beside_mocks(available: Found) -> Found:
    return {peer: place for peer, place in available.items() if peer.scheme == "http" and peer is not GATEWAY}


def _bodies(plan: Plan, available: Found) -> Case:
    pairs = make_searches(plan.bodies)
    relaid = change_layout(pairs)
    peers = {peer: place for peer, place in _beside_mocks(available).items() if peer.bodies is not Bodies.NONE}
    questions = [
        Question(RECORDED, pairs),
        Question(RELAID, relaid, goes_to=lambda peer: peer.bodies is Bodies.VALUES),
        Question(RELAID_UNIQUE, relaid, Uniqueness.UNIQUE, goes_to=lambda peer: peer.ours),
    ]
    return Case(
        f"{plan.bodies:,} JSON bodies on one path, POST", pairs, questions, peers, plan.body_seconds, plan.warm_up
    )


def _settings(plan: Plan, available: Found) -> Case:
    pairs = make_gets(1)
    questions = [
        Question(SAME, pairs, connections=MANY_CONNECTIONS),
        Question(UNIQUE, pairs, Uniqueness.UNIQUE, connections=MANY_CONNECTIONS),
    ]
    peers = dict.fromkeys((PLAIN_MOCK, LOGGED_MOCK, DELAYED_MOCK), available[MOCKS])
    title = f"One example, {MANY_CONNECTIONS} connections: the cost of settings"
    return Case(title, pairs, questions, peers, plan.seconds, plan.warm_up)


def _lines(plan: Plan, available: Found) -> Case:
    pairs = make_gets(1)
    questions = [Question(SAME, pairs), Question(UNIQUE, pairs, Uniqueness.UNIQUE)]
    peers = dict.fromkeys((QUIET_MOCK, SHOWN_MOCK, JSON_MOCK), available[MOCKS])
    return Case("One example: the cost of showing calls", pairs, questions, peers, plan.seconds, plan.warm_up)


CASES: Mapping[str, Callable[[Plan, Found], Case]] = {
    ONE: _one,
    SOME: _some,
    MANY: _many,
    BODIES: _bodies,
    SETTINGS: _settings,
    LINES: _lines,
}
PARTS = (*CASES, EDITS, STARTS)

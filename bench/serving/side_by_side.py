"""Several servers with the same requests: all run at once and are loaded in turn, so that other load affects all.

The questions are measured one after the other, so that a cache filled by one does not help in the next.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.load.check_answers import check_answers
from bench.load.pairs import Pair, choose_sample
from bench.load.wrk import CONNECTIONS, Load, Uniqueness, load
from bench.peers.failures import FAILURES, describe_failure
from bench.peers.peer import Peer, Server, set_up_and_run
from bench.quiet import QuietRounds

CHECKED = 12
MB = 1024 * 1024
MICROSECONDS = 1e6
# A server that is still busy after this time would disturb the measurement of the next one.
CALM_SECONDS = 6.0
LOOK_SECONDS = 0.1
CALM = 0.3  # of one processor


@dataclass(frozen=True)
class Question:
    """A load: the requests, whether their bytes are unique, and the number of connections.

    `goes_to` returns whether a peer can answer it.
    """

    name: str
    pairs: Sequence[Pair]
    uniqueness: Uniqueness = Uniqueness.ALIKE
    connections: int = CONNECTIONS
    goes_to: Callable[[Peer], bool] = lambda _: True


@dataclass(frozen=True)
class Case:
    """Servers that answer the same pairs, and their questions.

    `warm_up` is in seconds, more for servers that need more; 0 is no warm-up.
    """

    title: str
    pairs: Sequence[Pair]
    questions: Sequence[Question]
    peers: Mapping[Peer, Path]
    seconds: int
    warm_up: int


@dataclass(frozen=True)
class LoadOfServer:
    """A load, the processor seconds of the server in it, and whether the server was idle soon after it."""

    load: Load
    cpu: float
    calm: bool


@dataclass
class Measurement:
    """The results of one question to one server: the load of each round, and the processor time of the server in it."""

    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, done: LoadOfServer) -> None:
        """Add the load of a round."""
        self.loads.append(done.load)
        self.cpu.append(done.cpu)

    @property
    def rate(self) -> float:
        """The requests per second: the median of the rounds."""
        return statistics.median(load.rate for load in self.loads)

    @property
    def p50(self) -> float:
        """Seconds."""
        return statistics.median(load.p50 for load in self.loads)

    @property
    def p99(self) -> float:
        """Seconds."""
        return statistics.median(load.p99 for load in self.loads)

    @property
    def cpu_each(self) -> float | None:
        """The processor time per request, in microseconds."""
        requests = sum(load.requests for load in self.loads)
        return sum(self.cpu) / requests * MICROSECONDS if requests else None


@dataclass
class Outcome:
    """The results of one server in a case; `problem` is why it was not measured, or not completely.

    A peer that fails has no result for the question in which it failed, and none for the later ones.
    """

    started: float | None = None
    resident: float | None = None
    measurements: dict[str, Measurement] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Results:
    """The outcomes of all servers in a case."""

    case: Case
    of: Mapping[Peer, Outcome]

    def rate(self, question: str, chosen: Callable[[Peer], bool]) -> float | None:
        """Return the best rate of the chosen servers; None if none of them was measured."""
        rates = [
            outcome.measurements[question].rate
            for peer, outcome in self.of.items()
            if chosen(peer) and question in outcome.measurements
        ]
        return max(rates, default=None)


def measure(case: Case, rounds: int, quiet: QuietRounds, report: Callable[[str], None]) -> Results:
    """Start all servers, check their answers, warm them up, and load them in turn.

    A peer that fails is left out from then on. If one of our own servers fails, its error is raised.
    """
    with ExitStack() as stack:
        run = SideBySide(case, stack, quiet, report)
        for peer in case.peers:
            run.start(peer)
        for question in case.questions:
            run.warm_up(question)
            for number in range(rounds):
                run.round(question, number)
        run.weigh()
    return Results(case, run.outcomes)


class SideBySide:
    """The run of one case."""

    def __init__(self, case: Case, stack: ExitStack, quiet: QuietRounds, report: Callable[[str], None]) -> None:
        self._case = case
        self._stack = stack
        self._quiet = quiet
        self._report = report
        self._up: dict[Server, ExitStack] = {}
        self.outcomes = {peer: Outcome() for peer in case.peers}

    def start(self, peer: Peer) -> None:
        """Start a server, and check its answers to all questions."""
        self._report(f"{self._case.title}: starting {peer.name}")
        stack = self._stack.enter_context(ExitStack())
        place = tempfile.TemporaryDirectory(prefix="understudy-bench-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(place))
        outcome = self.outcomes[peer]
        try:
            server = stack.enter_context(set_up_and_run(peer, self._case.peers[peer], folder, self._case.pairs))
            for question in self._case.questions:
                if question.goes_to(peer):
                    check_answers(server.url, choose_sample(question.pairs, CHECKED))
        except FAILURES as problem:
            if peer.ours:
                raise
            outcome.problem = describe_failure(problem)
            with suppress(*FAILURES):
                stack.close()
        else:
            outcome.started = server.program.started
            self._up[server] = stack

    def warm_up(self, question: Question) -> None:
        """Load all servers for a while; the result counts only for servers that are too slow to be measured again."""
        for server in self._list_servers(question) if self._case.warm_up else ():
            self._report(f"{self._case.title}, {question.name}: warming up {server.peer.name}")
            self._measure(question, server, max(self._case.warm_up, server.peer.warm_up), counts=False)

    def round(self, question: Question, number: int) -> None:
        """Load every server once; the first one changes with each round."""
        self._report(f"{self._case.title}, {question.name}: round {number + 1}")
        servers = self._list_servers(question)
        start = number % max(1, len(servers))
        for server in servers[start:] + servers[:start]:
            self._measure(question, server, self._case.seconds, counts=True)

    def weigh(self) -> None:
        """Record the memory of all servers that still run."""
        for server in list(self._up):
            try:
                self.outcomes[server.peer].resident = server.program.resident / MB
            except FAILURES as problem:
                self._fail(server, problem)

    def _measure(self, question: Question, server: Server, seconds: int, *, counts: bool) -> None:
        outcome = self.outcomes[server.peer]
        load_once = partial(self._load, question, server, seconds)
        try:
            done = self._quiet.run(load_once) if counts else load_once()
            if counts or not done.calm:
                outcome.measurements.setdefault(question.name, Measurement()).add(done)
            if not done.calm:
                outcome.resident = server.program.resident / MB
                self._drop(server, f"stopped, because it was still busy {CALM_SECONDS:.0f} s after a load")
        except FAILURES as problem:
            outcome.measurements.pop(question.name, None)
            self._fail(server, problem)

    def _load(self, question: Question, server: Server, seconds: int) -> LoadOfServer:
        before = server.program.cpu_seconds
        with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
            done = load(
                Path(folder),
                server.url,
                question.pairs,
                seconds,
                uniqueness=question.uniqueness,
                connections=question.connections,
            )
        return LoadOfServer(done, server.program.cpu_seconds - before, _becomes_idle(server))

    def _fail(self, server: Server, problem: Exception) -> None:
        if server.peer.ours:
            raise problem
        self._drop(server, describe_failure(problem))

    def _drop(self, server: Server, problem: str) -> None:
        self.outcomes[server.peer].problem = problem
        if stack := self._up.pop(server, None):
            with suppress(*FAILURES):
                stack.close()

    def _list_servers(self, question: Question) -> list[Server]:
        return [server for server in self._up if question.goes_to(server.peer)]


def _becomes_idle(server: Server) -> bool:
    """Return whether a server becomes idle within `CALM_SECONDS`."""
    deadline = time.monotonic() + CALM_SECONDS
    while time.monotonic() < deadline:
        before = server.program.cpu_seconds
        time.sleep(LOOK_SECONDS)
        if server.program.cpu_seconds - before < CALM * LOOK_SECONDS:
            return True
    return False

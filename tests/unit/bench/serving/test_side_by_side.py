from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from bench.load.pairs import make_gets
from bench.load.wrk import Load
from bench.peers.peer import Launch, Missing, Peer, Server
from bench.quiet import QuietRounds, Usage
from bench.serving import side_by_side
from bench.serving.side_by_side import Case, Question, Results, measure

PAIRS = make_gets(1)
DONE = Load(1_000, 1.0, 0.001, 0.002, 0.003)


@dataclass(frozen=True)
class FakeProgram:
    """A server that uses no time."""

    started: float = 0.1
    port: int = 1
    resident: int = 1024
    cpu_seconds: float = 0.0


@dataclass
class Failures:
    """What fails: servers at their start, and loads by the name of the server and their number."""

    starts: dict[str, Exception] = field(default_factory=dict)
    loads: dict[tuple[str, int], Exception] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Failures:
    planned = Failures()

    @contextmanager
    def run(peer: Peer, *_: object) -> Iterator[Server]:
        if peer.name in planned.starts:
            raise planned.starts[peer.name]
        yield Server(peer, cast("Any", FakeProgram()))

    def load(_: Path, url: str, *__: object, **___: object) -> Load:
        name = url.partition(":")[0]
        planned.loaded.append(name)
        if problem := planned.loads.get((name, planned.loaded.count(name))):
            raise problem
        return DONE

    monkeypatch.setattr(side_by_side, "set_up_and_run", run)
    monkeypatch.setattr(side_by_side, "check_answers", lambda *_: None)
    monkeypatch.setattr(side_by_side, "load", load)
    monkeypatch.setattr(side_by_side, "_becomes_idle", lambda _: True)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: nullcontext("folder"))
    return planned


def make_peer(name: str, *, ours: bool = False) -> Peer:
    return Peer(name, lambda peers: peers, lambda _: "1", lambda *_: Launch([]), scheme=name, ours=ours)


OURS, GOOD, BAD = make_peer("ours", ours=True), make_peer("good"), make_peer("bad")


def measure_all() -> Results:
    questions = [Question("first", PAIRS), Question("second", PAIRS)]
    case = Case("One", PAIRS, questions, dict.fromkeys((OURS, BAD, GOOD), Path()), 1, warm_up=0)
    return measure(case, 3, QuietRounds(lambda: Usage(0.0, 0.0, 0.0), 1), lambda _: None)


@pytest.mark.parametrize("problem", [Missing("no jar"), OSError("no port"), RuntimeError("not ready"), ValueError("x")])
def test_a_peer_that_does_not_start_is_named_and_the_others_are_measured(
    failures: Failures, problem: Exception
) -> None:
    failures.starts["bad"] = problem
    outcomes = measure_all().of
    assert str(problem) in outcomes[BAD].problem
    assert outcomes[BAD].measurements == {}
    assert len(outcomes[GOOD].measurements["second"].loads) == 3


def test_a_peer_that_fails_in_a_round_has_no_result_for_that_question(failures: Failures) -> None:
    failures.loads["bad", 5] = RuntimeError("12 of 900 requests failed")
    outcomes = measure_all().of
    assert outcomes[BAD].problem == "12 of 900 requests failed"
    assert list(outcomes[BAD].measurements) == ["first"]
    assert failures.loaded.count("bad") == 5
    assert [len(one.loads) for one in outcomes[GOOD].measurements.values()] == [3, 3]


def test_a_start_of_our_own_server_that_fails_is_an_error(failures: Failures) -> None:
    failures.starts["ours"] = RuntimeError("not ready")
    with pytest.raises(RuntimeError, match="not ready"):
        measure_all()


def test_a_load_of_our_own_server_that_fails_is_an_error(failures: Failures) -> None:
    failures.loads["ours", 2] = RuntimeError("5 of 10 requests failed")
    with pytest.raises(RuntimeError, match="5 of 10"):
        measure_all()

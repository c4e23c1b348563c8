from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers.failures import MOST_CHARACTERS, describe_failure, read_version
from bench.peers.peer import Launch, Missing, Peer
from bench.peers.table import find_peers


def raise_(problem: Exception) -> Path:
    raise problem


def make_peer(name: str, problem: Exception | None = None) -> Peer:
    def find(folder: Path) -> Path:
        return folder if problem is None else raise_(problem)

    return Peer(name, find, lambda _: "1.0", lambda *_: Launch([]))


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Missing("no java on the PATH"), "no java on the PATH"),
        (RuntimeError("two\n  lines"), "two lines"),
        (KeyError("version"), "KeyError: 'version'"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_failure_is_described_in_one_line(problem: Exception, text: str) -> None:
    assert describe_failure(problem) == text


def test_a_long_reason_is_cut() -> None:
    assert len(describe_failure(RuntimeError("word " * 1_000))) == MOST_CHARACTERS


@pytest.mark.parametrize(
    "problem", [Missing("no npm"), OSError("disk full"), ValueError("bad JSON"), TimeoutError("x")]
)
def test_a_peer_that_cannot_be_installed_is_named_and_the_others_are_found(problem: Exception) -> None:
    good, bad = make_peer("good"), make_peer("bad", problem)
    available, missing = find_peers([bad, good], Path("peers"), lambda _: None)
    assert available == {good: Path("peers")}
    assert list(missing) == [bad]
    assert str(problem) in missing[bad]


def test_a_version_that_cannot_be_read_is_no_failure() -> None:
    peer = Peer("odd", lambda peers: peers, lambda _: str(raise_(KeyError("version"))), lambda *_: Launch([]))
    assert read_version(peer, Path()) == "of unknown version"

"""The commands about the store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.inside import Inside, refused
from tests.factories.stored import make_exchange
from tests.factories.stores import open_fresh_file
from tests.programs import Understudy, wait_for
from tests.programs.terminal import run_on_terminal
from understudy.store.model.messages import Headers, Response


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store; most commands run in this process, which is faster."""
    return Inside(tmp_path)


def test_a_store_is_described(promoted: Understudy) -> None:
    described = promoted.json("store", "info")
    exchanges = promoted.sql("select count(*) from exchanges")
    assert (described["sessions"], described["exchanges"], described["retention"]) == (1, exchanges, None)
    assert described["store"] == str(promoted.store)
    text = promoted.run("store", "info")
    assert f"1 session with {exchanges} exchanges" in text
    assert "Gateways delete no old exchanges." in text


def test_a_sound_store_passes_its_check(promoted: Understudy) -> None:
    assert promoted.run("store", "check") == f"The store {promoted.store} is sound.\n"
    assert promoted.json("store", "check") == {"sound": True, "problems": []}


def test_problems_are_printed_a_line_each(promoted: Understudy) -> None:
    with closing(sqlite3.connect(promoted.store, isolation_level=None)) as connection:
        connection.execute("delete from exchange_contents where exchange_id <= 2")
    lines = promoted.run("store", "check", code=1).splitlines()
    assert lines == ["the history entry 1 has no contents", "the history entry 2 has no contents"]
    assert promoted.run("store", "check", "--json", code=1).count("has no contents") == 2


def test_old_exchanges_are_pruned_and_the_space_is_given_back(promoted: Understudy) -> None:
    exchanges = promoted.sql("select count(*) from exchanges")
    everything = ("store", "prune", "--older-than", "0s")
    assert promoted.run("store", "prune", "--older-than", "1d") == "There was nothing to delete.\n"
    assert promoted.run(*everything, "--dry-run") == f"{exchanges} exchanges would be deleted.\n"
    kept = promoted.json(*everything, "--keep-promoted", "--dry-run")["exchanges"]
    assert 0 <= kept < exchanges
    shown = promoted.run(*everything, "--session", "shop")
    assert shown.startswith(f"Deleted {exchanges} exchanges and ")
    assert shown.endswith("to give the space back to the disk: understudy store vacuum\n")
    assert promoted.sql("select count(*) from exchanges") == 0
    assert "were given back to the disk." in promoted.run("store", "vacuum")
    assert promoted.intact
    assert len(promoted.json("examples", "list", "shop")) > 0


def test_gateways_are_told_to_prune_and_no_longer_to(promoted: Understudy) -> None:
    shown = promoted.run("store", "prune", "--older-than", "30d", "--keep-promoted", "--always")
    said = "Gateways that record delete exchanges older than 30d, but for those that an example was promoted from"
    assert shown == f"There was nothing to delete.\n{said}, once an hour.\n"
    assert said in promoted.run("store", "info")
    assert promoted.json("store", "info")["retention"] == {"seconds": 2_592_000.0, "keep_promoted": True}
    assert promoted.run("store", "prune", "--never") == "Gateways delete no old exchanges.\n"
    assert promoted.json("store", "info")["retention"] is None


def test_a_gateway_that_records_prunes_at_its_start(promoted: Understudy) -> None:
    promoted.run("store", "prune", "--older-than", "1d", "--keep-promoted", "--always")
    with closing(sqlite3.connect(promoted.store, isolation_level=None)) as connection:
        connection.execute("update all_exchanges set started_at = started_at - 100000")
    kept = promoted.sql("select count(*) from promoted where example_id is not null")
    assert 0 < kept < promoted.sql("select count(*) from exchanges")
    with promoted.serving("record", "--upstream", "http://127.0.0.1:9", "--session", "later"):
        wait_for(lambda: promoted.sql("select count(*) from exchanges") == kept)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "--older-than takes a time, or how long ago, such as 30d"),
        ("--older-than soon", "--older-than takes a time such as 2026-01-31T09:30"),
        ("--older-than 2026-01-31 --always", "--older-than takes a number of seconds, minutes, hours or days"),
        ("--older-than 0d --always", "--older-than: history has to be kept for some time, such as 1d"),
        ("--older-than 1d --always --dry-run", "--always: goes without a dry run and for all sessions together"),
        ("--older-than 1d --session bank", "there is no session 'bank'"),
        ("--never --older-than 1d", "--never: goes without other options"),
    ],
)
def test_mistakes_are_one_line(understudy: Understudy, recorded: Path, typed: str, error: str) -> None:
    understudy.store.write_bytes(recorded.read_bytes())
    assert refused(understudy, f"store prune {typed}").startswith(f"Error: {error}")
    assert understudy.sql("select count(*) from settings where key = 'retention'") == 0


def test_an_empty_file_is_no_store(understudy: Understudy) -> None:
    """One that was cut off is not made anew, and not called sound."""
    understudy.store.touch()
    assert "is empty: there is no store in it" in understudy.mistake("store", "check", "--store", understudy.store)
    assert understudy.store.stat().st_size == 0


def record_hostile_answer(understudy: Understudy) -> None:
    store = open_fresh_file(understudy.store)
    session_id = store.sessions.create("shop", None).id
    headers = Headers(((b"X-Colour", b"\x1b[31m\x9b"), (b"Content-Type", b"text/plain")))
    response = Response(200, headers, b"first\n\x1b]0;own\x07\xe2\x80\xae", b"O\x1bK")
    store.history.add([make_exchange(session_id, response=response)])
    store.close()


def test_recorded_controls_reach_no_terminal(understudy: Understudy) -> None:
    record_hostile_answer(understudy)
    shown = run_on_terminal(understudy, "history", "show", "1")
    assert "first\n%1B]0;own%07%E2%80%AE" in shown
    assert all(line.isprintable() for line in shown.split("\n"))
    assert shown.endswith(run_on_terminal(understudy, "history", "show", "1", "--body", "response"))


def test_recorded_messages_go_to_a_pipe_or_with_raw_to_a_terminal_as_they_are(understudy: Understudy) -> None:
    record_hostile_answer(understudy)
    piped = understudy.output("history", "show", "1")
    assert b"\nX-Colour: \x1b[31m\x9b\n" in piped
    assert piped.endswith(b"first\n\x1b]0;own\x07\xe2\x80\xae\n")
    raw = run_on_terminal(understudy, "history", "show", "1", "--raw")
    assert raw.encode("utf-8", "surrogateescape") == piped

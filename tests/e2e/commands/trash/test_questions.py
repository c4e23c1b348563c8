"""Commands that delete ask on a terminal: what goes, how much, and whether it can be undone."""

from __future__ import annotations

import shlex

import pytest

from tests.e2e.inside import quick_json, quickly, refused
from tests.programs import Understudy
from tests.programs.terminal import run_on_terminal

HOSTILE = "\x1b]0;title\x07\u202ename"
UNDOABLE = "It can be undone for 7 days."


def ask(understudy: Understudy, typed: str, answer: str, code: int = 0) -> str:
    """What a command shows on a terminal, in one line, with an answer to its question."""
    shown = run_on_terminal(understudy, *shlex.split(typed), typed=f"{answer}\n", code=code, columns=200)
    return " ".join(shown.split())


@pytest.fixture
def mocked(promoted: Understudy) -> Understudy:
    for typed in (
        "environments set stage a=1 b=2",
        "mocks create shop --collection shop",
        "mocks errors add shop down --status 503",
        "collections create other",
        "examples add other 'GET /x' --name one",
        "keys create ci",
        "redaction add --header X-Session",
    ):
        quickly(promoted, *shlex.split(typed))
    return promoted


QUESTIONS = {
    "history delete 1": ("Delete history: 1 exchange, about 1", "Examples promoted from them stay."),
    "collections delete other": ("Delete collection other: 1 example", "History stays."),
    "examples delete one": ("Delete example one (", UNDOABLE),
    "environments delete stage": ("Delete environment stage: 2 variables?", UNDOABLE),
    "environments unset stage a": ("Delete variables a of environment stage?", UNDOABLE),
    "mocks delete shop": ("Delete mock server shop: 1 server error?", "Its collection stays."),
    "mocks errors delete shop down": ("Delete server error down of mock server shop?", UNDOABLE),
    "mocks logs shop --clear": ("Delete call log shop?", UNDOABLE),
    "redaction remove --header X-Session": ("Remove 1 redaction rule?", UNDOABLE),
    "keys revoke ci": ("Revoke key ci?", "this cannot be undone."),
}


@pytest.mark.parametrize("typed", QUESTIONS)
def test_a_deletion_asks_and_no_is_the_default(mocked: Understudy, typed: str) -> None:
    before = mocked.store.read_bytes()
    shown = ask(mocked, typed, "", code=1)
    for part in QUESTIONS[typed]:
        assert part in shown
    assert shown.endswith("Nothing was deleted.")
    assert mocked.store.read_bytes() == before


@pytest.mark.parametrize("typed", ["environments delete stage", "keys revoke ci", "history delete 1 2"])
def test_yes_deletes(mocked: Understudy, typed: str) -> None:
    shown = ask(mocked, typed, "y")
    assert "Nothing was deleted" not in shown
    assert ("Undo: understudy undo" in shown) == (typed != "keys revoke ci")


@pytest.mark.parametrize(
    "typed", ["environments delete stage", "keys revoke ci", "redaction remove --header X-Session"]
)
def test_an_option_takes_the_place_of_the_answer(mocked: Understudy, typed: str) -> None:
    shown = run_on_terminal(mocked, *shlex.split(typed), "--yes")
    assert "[y/N]" not in shown


def test_a_session_with_secrets_offers_to_delete_for_ever(shop: Understudy) -> None:
    shown = ask(shop, "sessions delete shop", "f")
    assert "Delete session shop: " in shown
    assert "Secrets are in it: " in shown
    assert "Authorization header in " in shown
    assert "[y: delete / f: delete for ever and overwrite / N: keep]" in shown
    assert shown.endswith("Deleted session shop for ever.")
    assert quickly(shop, "undo") == "There is nothing to undo.\n"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("no", 1), ("", 1)])
def test_a_session_with_secrets_can_be_deleted_as_others(shop: Understudy, answer: str, code: int) -> None:
    shown = ask(shop, "sessions delete shop", answer, code)
    assert ("Undo: understudy undo 1" in shown) == (answer == "y")


def test_forever_says_that_it_cannot_be_undone(shop: Understudy) -> None:
    shown = ask(shop, "sessions delete shop --forever", "", code=1)
    assert "This cannot be undone. [y/N]" in shown


def test_what_is_too_large_to_be_undone_says_so(shop: Understudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.proxy.operations.deleting.MOST_BYTES", 10)
    assert "this deletes session shop for ever" in refused(shop, "sessions delete shop")
    assert quickly(shop, "sessions", "delete", "shop", "--yes") == "Deleted session shop for ever.\n"


FOREVER = ["sessions delete shop --forever", "undo 1 --forget", "undo --empty"]


@pytest.mark.parametrize("typed", FOREVER)
def test_without_a_terminal_nothing_is_deleted_for_ever_by_a_slip(shop: Understudy, typed: str) -> None:
    if "undo" in typed:
        quickly(shop, "history", "delete", "1")
    assert "for ever, and there is no terminal to ask on; --yes deletes without a question" in refused(shop, typed)
    assert "--yes" not in quickly(shop, *shlex.split(typed), "--yes")


def test_names_from_outside_reach_no_terminal_raw(shop: Understudy) -> None:
    quickly(shop, "collections", "create", "other")
    quickly(shop, "examples", "add", "other", "GET /x", "--name", HOSTILE)
    [example] = quick_json(shop, "examples list other")
    shown = ask(shop, f"examples delete {example['id']}", "", code=1)
    assert "Delete example %1B]0;title%07%E2%80%AEname (" in shown

"""`undo` and `history delete`, and what programs that run answer after them."""

from __future__ import annotations

import urllib.error
import urllib.request
from functools import partial

import pytest

from tests.e2e.inside import quick_json, quickly, refused
from tests.programs import Understudy, wait_for


def test_a_deletion_is_listed_and_undone(promoted: Understudy) -> None:
    before = quick_json(promoted, "sessions list")
    assert quickly(promoted, "sessions", "delete", "shop") == "Deleted session shop. Undo: understudy undo 1\n"
    assert quick_json(promoted, "sessions list") == []
    lines = quickly(promoted, "undo").splitlines()
    assert lines[0].split() == ["ID", "DELETED", "WHAT", "SIZE", "LEFT"]
    assert f"session shop ({before[0]['exchanges']} exchanges)" in lines[1]
    assert lines[1].split()[-1] == "7d"
    assert quickly(promoted, "undo", "1").startswith("Restored session shop (")
    assert quick_json(promoted, "sessions list") == before


def test_the_newest_deletion_is_undone(promoted: Understudy) -> None:
    for number in ("1", "2"):
        quickly(promoted, "history", "delete", number)
    assert quickly(promoted, "undo", "--last") == "Restored entry 2.\n"
    assert [one["id"] for one in quick_json(promoted, "undo")] == [1]
    assert quickly(promoted, "undo", "--last") == "Restored entry 1.\n"
    assert refused(promoted, "undo --last") == "Error: there is no deletion that can be undone"


def test_a_taken_name_is_told(promoted: Understudy) -> None:
    quickly(promoted, "environments", "set", "stage", "a=1")
    quickly(promoted, "environments", "delete", "stage")
    quickly(promoted, "environments", "set", "stage", "a=2")
    restored = quickly(promoted, "undo", "1")
    assert restored == "Restored environment stage as stage (restored), because the name is taken.\n"


def test_programs_get_json(promoted: Understudy) -> None:
    deleted = quick_json(promoted, "collections delete shop")
    assert {name: deleted[name] for name in ("deleted", "name", "undo")} == {
        "deleted": "collection",
        "name": "shop",
        "undo": 1,
    }
    [listed] = quick_json(promoted, "undo")
    assert (listed["id"], listed["kind"], listed["expires_at"]) == (1, "collection", deleted["expires_at"])
    restored = quick_json(promoted, "undo 1")
    assert (restored["state"], restored["restored_as"]) == ("restored", "shop")


MISTAKES = {
    "undo 7": "there is no deletion 7 that can be undone; understudy undo lists the deletions that can be undone",
    "undo 1 --last": "--last: goes without an ID",
    "undo --forget": "--forget: goes with an ID, or with --last",
    "undo 1 --empty": "--empty: goes without an ID and other options",
    "undo --last": "there is no deletion that can be undone",
    "history delete": "no history entry was chosen; give entry ids, --session NAME",
    "history delete 999": "there is no history entry 999; understudy history list shows the entries",
    "history delete --filter path=/nothing": "there is no exchange with path '/nothing'",
    "history delete --date 2026-01-01 --since 1d": "--date goes without --since and --until",
    "mocks logs shop --yes": "--yes: goes with --clear",
}


@pytest.mark.parametrize("typed", MISTAKES)
def test_mistakes_are_told_in_one_line(shop: Understudy, typed: str) -> None:
    assert refused(shop, typed).startswith(f"Error: {MISTAKES[typed]}")


def test_history_is_deleted_by_entry_and_filter(shop: Understudy) -> None:
    entries = quick_json(shop, "history list -n 1000")
    chosen = [one for one in entries if one["method"] == "POST"]
    assert quick_json(shop, "history delete --session shop --filter method=post")["name"].startswith(f"{len(chosen)} ")
    left = [one["id"] for one in entries if one not in chosen]
    assert [one["id"] for one in quick_json(shop, "history list -n 1000")] == left
    quickly(shop, "history", "delete", str(left[0]), str(left[1]))
    assert [one["id"] for one in quick_json(shop, "history list -n 1000")] == left[2:]
    for _ in range(2):
        quickly(shop, "undo", "--last")
    assert quick_json(shop, "history list -n 1000") == entries


def test_removed_variables_and_rules_come_back(shop: Understudy) -> None:
    quickly(shop, "environments", "set", "stage", "a=1", "b=2")
    quickly(shop, "environments", "unset", "stage", "a", "b")
    quickly(shop, "environments", "set", "stage", "b=3")
    quickly(shop, "redaction", "add", "--header", "X-Session")
    quickly(shop, "redaction", "remove", "--header", "X-Session")
    for number in ("1", "2"):
        quickly(shop, "undo", number)
    assert quick_json(shop, "environments show stage")["variables"] == {"a": "1", "b": "3"}
    assert quick_json(shop, "redaction list")["headers"] == ["x-session"]


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_public_mock_server_does_not_come_back_where_they_are_forbidden(promoted: Understudy) -> None:
    quickly(promoted, "mocks", "create", "open", "--collection", "shop")
    quickly(promoted, "mocks", "delete", "open")
    quickly(promoted, "mocks", "policy", "--public", "forbid")
    assert "forbidden on this store; allow them first: " in refused(promoted, "undo 1")
    quickly(promoted, "mocks", "policy", "--public", "allow")
    assert quickly(promoted, "undo", "1") == "Restored mock server open.\n"


def answers(url: str, code: int) -> bool:
    return status(url) == code


def test_programs_that_run_answer_no_deleted_example_until_it_is_undone(understudy: Understudy) -> None:
    quickly(understudy, "collections", "create", "shop")
    quickly(understudy, "examples", "add", "shop", "GET /users/7", "--body", "seven")
    quickly(understudy, "examples", "add", "shop", "GET /a/health/check", "--body", "well")
    quickly(understudy, "mocks", "create", "shop", "--collection", "shop")
    with understudy.mocks_serving("shop") as mock, understudy.serving("mock", "shop") as gateway:
        urls = [f"{one.url}/users/7" for one in (mock, gateway)]
        assert [status(url) for url in urls] == [200, 200]
        for _ in range(2):
            quickly(understudy, "examples", "delete", "GET /users/7 - 200")
            for url in urls:
                wait_for(partial(answers, url, 404))
            quickly(understudy, "undo", "--last")
            for url in urls:
                wait_for(partial(answers, url, 200))

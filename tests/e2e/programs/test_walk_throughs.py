"""What a person does with mock servers, from the first command to the answer, by the command line and real calls.

One program serves all mock servers of a store while the commands are given: each takes effect without a restart.
"""

from __future__ import annotations

import json
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.inside import quick_json, quickly
from tests.e2e.shop import JSON, call, shop_api
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, upstream

pytestmark = pytest.mark.once

# A change is promised within 0.1 seconds; a busy machine gets more before a test fails.
SEEN_SECONDS = PATIENCE_SECONDS
TYPED = {"Content-Type": JSON}


@dataclass(frozen=True)
class Desk:
    """The command line, and the program that serves beside it."""

    understudy: Understudy
    serving: Serving

    def does(self, typed: str) -> str:
        """Give a command, as typed in a shell, without its first word."""
        return quickly(self.understudy, *shlex.split(typed))

    def url(self, slug: str) -> str:
        return f"{self.serving.url}/mocks/{slug}"

    def answers(self, *asked: Any, **headers: str) -> tuple[int, Any]:
        """Status and body of a call: path below /mocks, method and body if any; JSON is read."""
        path, method, body = (*asked, "GET", b"")[:3] if len(asked) < 2 else (*asked, b"")[:3]
        status, came = call(f"{self.serving.url}/mocks{path}", method, body, **headers)
        try:
            return status, json.loads(came)
        except ValueError:
            return status, came

    def comes_to_answer(self, expected: object, *asked: Any, **headers: str) -> None:
        """Assert that a call is answered so, at once or when the change before it has come through."""
        deadline = time.monotonic() + SEEN_SECONDS
        while (answer := _told(self.answers(*asked, **headers))) != expected:
            assert time.monotonic() < deadline, f"{answer} instead of {expected}"
            time.sleep(0.02)


def _told(answer: tuple[int, Any]) -> object:
    """Of an error its status and name, else status and body."""
    status, body = answer
    is_error = isinstance(body, dict) and isinstance(body.get("error"), dict)
    return (status, body["error"]["name"]) if is_error else (status, body)


def serve(understudy: Understudy) -> Iterator[Desk]:
    with understudy.mocks_serving() as serving:
        yield Desk(understudy, serving)


@pytest.fixture
def desk(understudy: Understudy) -> Iterator[Desk]:
    """An empty store that is served."""
    yield from serve(understudy)


@pytest.fixture
def shop_desk(understudy: Understudy, promoted_once: Understudy) -> Iterator[Desk]:
    """A store with the recorded session and the collection "shop", served."""
    shutil.copy(promoted_once.store, understudy.store)
    yield from serve(understudy)


def test_from_a_collection(shop_desk: Desk) -> None:
    printed = shop_desk.does("mocks create 'The Shop' --collection shop")
    assert "/mocks/the-shop" in printed
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/the-shop/users/1")
    assert shop_desk.answers("/the-shop/users/1/nothing")[0] == 404


def test_by_host_as_by_path(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")
    assert call(f"{shop_desk.serving.url}/users/1", Host="shop.localhost")[0] == 200


def test_from_an_api_call_then_edited_and_called_again(desk: Desk) -> None:
    with upstream(shop_api()) as api:
        desk.does(f"send GET {api}/users/1 --save-to users")
    desk.does("mocks create users --collection users")
    desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/users/users/1")
    desk.does("examples set 'GET /users/1 - 200' --status 201 --body '{\"name\": \"Grace\"}'")
    desk.comes_to_answer((201, {"name": "Grace"}), "/users/users/1")


def test_from_one_request_of_history(shop_desk: Desk) -> None:
    shop_desk.does("mocks create one --from-entry 3")
    shop_desk.comes_to_answer((200, {"id": 2, "name": "Ada"}), "/one/users/2")
    assert shop_desk.answers("/one/orders/next")[0] == 404


def test_from_all_of_a_date(shop_desk: Desk) -> None:
    [first, *_] = quick_json(shop_desk.understudy, "history list --session shop")
    shop_desk.does(f"mocks create day --from-date {first['started_at'][:10]}")
    shop_desk.comes_to_answer((200, {"order": 1}), "/day/orders/next")
    assert shop_desk.answers("/day/orders/next") == (200, {"order": 2})
    assert shop_desk.answers("/day/users/2") == (200, {"id": 2, "name": "Ada"})


def test_private_with_and_without_key(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop --private")
    key = quick_json(shop_desk.understudy, "keys create ci")["key"]
    shop_desk.comes_to_answer((401, "invalidCredentialsError"), "/shop/users/1")
    assert shop_desk.answers("/shop/users/1", **{"x-api-key": "usk_wrong"})[0] == 401
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1", **{"x-api-key": key})
    assert shop_desk.answers("/shop/users/1", **{"x-understudy-key": key})[0] == 200
    assert shop_desk.answers(f"/shop/users/1?apikey={key}")[0] == 401
    shop_desk.does("keys revoke ci")
    shop_desk.comes_to_answer((401, "invalidCredentialsError"), "/shop/users/1", **{"x-api-key": key})


def test_with_a_delay(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop --delay 2G")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")
    assert _seconds(shop_desk, "/shop/users/1") >= 0.3
    begun = time.monotonic()
    assert shop_desk.answers("/shop/users/1", **{"x-mock-response-delay": "700"})[0] == 200
    assert time.monotonic() - begun >= 0.7


def _seconds(desk: Desk, path: str) -> float:
    begun = time.monotonic()
    desk.answers(path)
    return time.monotonic() - begun


def test_an_environment_variable_in_a_body(desk: Desk) -> None:
    desk.does("environments set stage city=Berlin")
    desk.does("mocks create where --request 'GET /where 200 {{city}}' --environment stage")
    desk.comes_to_answer((200, b"Berlin"), "/where/where")
    desk.does("environments set stage city=Lisbon")
    desk.comes_to_answer((200, b"Lisbon"), "/where/where")
    desk.does("mocks edit where --no-environment")
    desk.comes_to_answer((200, b"{{city}}"), "/where/where")


ADDED = (
    "examples add search 'POST /search' --status 200 --name {name} --body {name}"
    " --request-header 'Content-Type: application/json' --request-header 'X-Team: {team}' --request-body '{body}'"
)


RUM = ("/search/search", "POST", b'{"q": "rum"}')  # no example has this body: the newest one answers


@pytest.fixture
def searching(desk: Desk) -> Desk:
    """A mock server with two examples on one path, which differ in body and header."""
    desk.does("collections create search")
    desk.does(ADDED.format(name="tea", team="red", body='{"q": "tea"}'))
    desk.does(ADDED.format(name="ale", team="blue", body='{"q": "ale"}'))
    desk.does("mocks create search --collection search")
    desk.comes_to_answer((200, b"ale"), *RUM, **TYPED)
    return desk


def test_body_matching_on_and_off_and_by_request_header(searching: Desk) -> None:
    tea = ("/search/search", "POST", b'{ "q":"tea" }')
    assert searching.answers(*tea, **TYPED) == (200, b"tea")
    assert searching.answers(*RUM, **TYPED, **{"x-mock-match-request-body": "true"})[0] == 404
    searching.does("mocks edit search --match-body")
    searching.comes_to_answer((404, "mockRequestNotFoundError"), *RUM, **TYPED)
    assert searching.answers(*tea, **TYPED) == (200, b"tea")
    assert searching.answers(*RUM, **TYPED, **{"x-mock-match-request-body": "false"}) == (200, b"ale")
    searching.does("mocks edit search --no-match-body")
    searching.comes_to_answer((200, b"ale"), *RUM, **TYPED)


def test_header_matching_on_and_off_and_by_request_header(searching: Desk) -> None:
    red = {**TYPED, "X-Team": "RED"}
    asked = ("/search/search", "POST", b"{}")
    assert searching.answers(*asked, **red, **{"x-mock-match-request-headers": "x-team"}) == (200, b"tea")
    searching.does("mocks edit search --match-header x-team")
    searching.comes_to_answer((200, b"tea"), *asked, **red)
    assert searching.answers(*asked, **TYPED, **{"X-Team": "green"})[0] == 404
    assert searching.answers(*asked, **red, **{"x-mock-match-request-headers": ""}) == (200, b"ale")
    searching.does("mocks edit search --no-match-header")
    searching.comes_to_answer((200, b"ale"), *asked, **red)


def test_an_answer_chosen_by_header(searching: Desk) -> None:
    chosen = searching.answers("/search/anywhere", "POST", **{"x-mock-response-name": "tea"})
    assert chosen == (200, b"tea")
    assert searching.answers("/search/search", "POST", **{"x-mock-response-code": "soon"})[0] == 400


def test_edited_while_it_is_served(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")
    shop_desk.does("mocks edit shop --name 'shop (stage)' --private")
    shop_desk.comes_to_answer((401, "invalidCredentialsError"), "/shop/users/1")
    shop_desk.does("mocks edit shop --public")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")


def test_a_server_error_answers_every_call_while_it_is_active(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop")
    shop_desk.does("mocks errors add shop down --status 503 --body '{\"down\": true}' --activate")
    shop_desk.comes_to_answer((503, {"down": True}), "/shop/users/1")
    assert shop_desk.answers("/shop/nothing") == (503, {"down": True})
    shop_desk.does("mocks errors off shop")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")


def test_sequences_start_over_by_command(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")
    asked = [shop_desk.answers("/shop/orders/next")[1]["order"] for _ in range(3)]
    shop_desk.does("mocks reset shop")
    shop_desk.comes_to_answer((200, {"order": 1}), "/shop/orders/next")
    assert asked == [1, 2, 2]


def test_the_url_as_a_variable(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop --save-url base")
    assert "/mocks/shop" in quick_json(shop_desk.understudy, "environments show shop")["variables"]["base"]


def test_deleted_its_url_answers_that_there_is_none(shop_desk: Desk) -> None:
    shop_desk.does("mocks create shop --collection shop")
    shop_desk.comes_to_answer((200, {"id": 1, "name": "Ada"}), "/shop/users/1")
    shop_desk.does("mocks delete shop")
    shop_desk.comes_to_answer((404, "mockNotFoundError"), "/shop/users/1")
    assert "shop" in shop_desk.does("collections list")


def test_a_request_without_an_example_says_what_it_needs(desk: Desk) -> None:
    desk.does("mocks create todo --request 'GET /todo'")
    desk.comes_to_answer((404, "mockRequestNotFoundError"), "/todo/todo")
    assert desk.answers("/todo/todo")[1]["error"]["header"] == "You need an example"


def test_an_edit_shows_in_every_worker(understudy: Understudy, promoted_once: Understudy) -> None:
    shutil.copy(promoted_once.store, understudy.store)
    quickly(understudy, "mocks", "create", "shop", "--collection", "shop")
    with understudy.mocks_serving("shop", "--workers", "2") as serving:
        quickly(understudy, "examples", "set", "GET /users/1 - 200", "--body", "new")
        deadline = time.monotonic() + SEEN_SECONDS
        while {call(f"{serving.url}/users/1")[1] for _ in range(20)} != {b"new"}:
            assert time.monotonic() < deadline

"""The answer of a mock server to a call: order of steps, keys, rate limits, and cached replies."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from tests.factories.messages import make_example, make_request, make_response
from tests.in_memory.mock_servers import HIT, hit, make_mock, make_served
from understudy.matcher.index import compile_index
from understudy.matcher.settings import MatchSettings
from understudy.serving.answers.example_replies import EXAMPLE_HEADER
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.replies import PendingReply, Reply
from understudy.serving.mock_server.calls import (
    MAX_CACHED_ERROR_BYTES,
    CompiledMockServer,
    respond,
)
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.collections import Example
from understudy.store.model.messages import LARGE_BODY, BodyRef, Headers
from understudy.store.model.mock_servers import PLAIN, Behaviour, Delay, Fault, FaultKind, RateLimit, digest_key
from understudy.store.model.values import replace

BASE = "http://127.0.0.1:4000/mocks/shop"
KEYS = frozenset({digest_key(b"secret"), digest_key(b"another")})
KEY = {"x-api-key": "secret"}
ORIGIN = {"Origin": "https://app.test"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "GET"}
DOWN = make_response(503, b"down")
NONE_LEFT = Behaviour(rate_limit=RateLimit(0))


def ask(
    served: CompiledMockServer, method: str = "GET", target: str = "/users/7", headers: Mapping[str, str] | None = None
) -> Reply:
    reply = respond(served, make_request(method, target, headers=headers or {}, origin=None), BASE)
    assert isinstance(reply, Reply)
    return reply


def status(reply: Reply) -> int:
    assert reply.response is not None
    return reply.response.status


def error_of(reply: Reply) -> dict[str, Any]:
    assert reply.response is not None
    assert isinstance(reply.response.body, bytes)
    found: dict[str, Any] = json.loads(reply.response.body)["error"]
    return found


# The order of a call

BAD = {"x-mock-response-code": "many"}
PRIVATE = make_mock(private=True, cors=True, behaviour=NONE_LEFT)
STEPS = {
    "CORS preflight": (204, make_served(mock=PRIVATE, keys=KEYS, server_error=DOWN), "OPTIONS", PREFLIGHT | BAD),
    "no valid key": (401, make_served(mock=PRIVATE, keys=KEYS, server_error=DOWN), "GET", BAD),
    "active server error": (503, make_served(mock=PRIVATE, keys=KEYS, server_error=DOWN), "GET", BAD | KEY),
    "rate limit": (429, make_served(mock=PRIVATE, keys=KEYS), "GET", BAD | KEY),
    "malformed header": (400, make_served(mock=replace(PRIVATE, behaviour=PLAIN), keys=KEYS), "GET", BAD | KEY),
    "path as it is, score 110": (200, make_served(mock=replace(PRIVATE, behaviour=PLAIN), keys=KEYS), "GET", KEY),
}


@pytest.mark.parametrize("summary", STEPS)
def test_each_step_comes_before_the_next(summary: str) -> None:
    """Each row also has what the later steps would refuse."""
    expected, served, method, headers = STEPS[summary]
    reply = ask(served, method, headers=headers)
    assert (status(reply), reply.summary) == (expected, summary)


def test_a_refusal_has_the_mock_server_that_was_called() -> None:
    """The call is logged with its mock server."""
    for _, served, method, headers in STEPS.values():
        assert ask(served, method, headers=headers).server is served


# Preflights

OPTIONS = make_example(make_request("OPTIONS", origin=None), response=make_response(204, b""))


@pytest.mark.parametrize(
    ("cors", "example", "headers", "expected"),
    [
        (True, hit(), PREFLIGHT, 204),
        (False, hit(), PREFLIGHT, 404),
        (True, hit(), ORIGIN, 404),
        (True, OPTIONS, PREFLIGHT, 204),
        (False, OPTIONS, PREFLIGHT, 204),
    ],
)
def test_a_preflight_without_an_example_is_answered(
    cors: bool, example: Example, headers: Mapping[str, str], expected: int
) -> None:
    reply = ask(make_served(example, mock=make_mock(cors=cors)), "OPTIONS", headers=headers)
    assert (status(reply), reply.example_id) == (expected, example.id if example is OPTIONS else None)


def test_a_preflight_that_an_example_answers_carries_no_key() -> None:
    """It allows the page and the field of the key, whatever was recorded; the active server error comes after it."""
    fields = [("Access-Control-Allow-Origin", "https://other.test"), ("Access-Control-Allow-Headers", "x-own")]
    example = replace(OPTIONS, response=make_response(204, b"", headers=fields))
    served = make_served(example, mock=make_mock(cors=True, private=True), keys=KEYS, server_error=DOWN)
    answered = ask(served, "OPTIONS", headers=PREFLIGHT | {"Access-Control-Request-Headers": "x-own, x-api-key"})
    assert (status(answered), answered.example_id) == (204, OPTIONS.id)
    assert answered.response
    assert answered.response.headers.get("access-control-allow-origin") == ORIGIN["Origin"]
    assert answered.response.headers.get("access-control-allow-headers") == "x-own, x-api-key"
    assert status(ask(served, "OPTIONS", headers=ORIGIN)) == 401


def test_without_cors_a_preflight_needs_the_key() -> None:
    served = make_served(OPTIONS, mock=make_mock(private=True), keys=KEYS)
    assert status(ask(served, "OPTIONS", headers=PREFLIGHT)) == 401


# Keys


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-api-key": "secret"}, 200),
        ({"X-API-Key": "another"}, 200),
        ({"x-understudy-key": "secret"}, 200),
        ({"x-api-key": "of the API", "x-understudy-key": "secret"}, 200),
        ({"x-api-key": "Secret"}, 401),
        ({"x-api-key": "secret "}, 401),
        ({"x-api-key": ""}, 401),
        ({"x-api-key": digest_key(b"secret")}, 401),
        ({"x-api-key": "ÿé"}, 401),
        ({"Authorization": "secret"}, 401),
        ({}, 401),
    ],
)
def test_a_private_mock_server_answers_calls_with_a_key(headers: Mapping[str, str], expected: int) -> None:
    assert status(ask(make_served(mock=make_mock(private=True), keys=KEYS), headers=headers)) == expected


def test_a_key_in_the_query_is_ignored() -> None:
    served = make_served(mock=make_mock(private=True), keys=KEYS)
    assert status(ask(served, target="/users/7?x-api-key=secret")) == 401


def test_a_private_mock_server_without_keys_answers_no_call() -> None:
    served = make_served(mock=make_mock(private=True))
    assert [status(ask(served, headers=headers)) for headers in ({}, {"x-api-key": ""}, KEY)] == [401] * 3


def test_a_refusal_names_the_header_of_the_key() -> None:
    error = error_of(ask(make_served(mock=make_mock(private=True), keys=KEYS)))
    assert error["name"] == "invalidCredentialsError"
    assert "x-api-key" in error["message"]


def test_the_key_is_not_compared_with_examples() -> None:
    """A public mock server ignores a key."""
    assert status(ask(make_served(), headers=KEY)) == 200


# CORS on answers

REPLIES = {"hit": ("GET", "/users/7", {}), "miss": ("GET", "/nothing", {}), "bad": ("GET", "/users/7", BAD)}


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize(("cors", "origin", "expected"), [(True, {}, "*"), (True, ORIGIN, ORIGIN["Origin"])])
def test_a_page_may_read_every_answer(name: str, cors: bool, origin: Mapping[str, str], expected: str) -> None:
    method, target, headers = REPLIES[name]
    reply = ask(make_served(mock=make_mock(cors=cors)), method, target, {**headers, **origin})
    assert reply.response is not None
    assert reply.response.headers.get("Access-Control-Allow-Origin") == expected
    assert f"\r\nAccess-Control-Allow-Origin: {expected}\r\n".encode() in reply.head


@pytest.mark.parametrize("name", REPLIES)
def test_without_cors_no_header_is_added(name: str) -> None:
    method, target, headers = REPLIES[name]
    assert b"access-control" not in ask(make_served(), method, target, {**headers, **ORIGIN}).head.lower()


def test_the_headers_of_an_example_win() -> None:
    allowed = make_response(headers={"Access-Control-Allow-Origin": "https://one.test"})
    served = make_served(make_example(make_request(origin=None), response=allowed), mock=make_mock(cors=True))
    reply = ask(served, headers={"Origin": "https://one.test"})
    assert reply.head.count(b"Access-Control-Allow-Origin") == 1
    assert b"https://one.test" in reply.head


# Answers


def test_an_answer_names_its_example_and_the_match_of_its_path() -> None:
    reply = ask(make_served(hit(id="07", name="Seven")))
    assert reply.response is not None
    assert reply.response.headers.get(EXAMPLE_HEADER.decode()) == '07; path="as it is"'
    assert (reply.example_id, reply.example_name, reply.summary) == ("07", "Seven", "path as it is, score 110")
    assert reply.wire == reply.head + HIT


def test_an_answer_has_no_urls_of_the_live_api() -> None:
    moved = make_response(302, b"", headers={"Location": "http://api.example.com/next"})
    reply = ask(make_served(make_example(response=moved)))
    assert reply.response is not None
    assert reply.response.headers.get("Location") == f"{BASE}/next"


@pytest.mark.parametrize(
    "served", [make_served(mock=make_mock(private=True)), make_served(server_error=DOWN), make_served(OPTIONS)]
)
def test_errors_to_head_have_no_body(served: CompiledMockServer) -> None:
    assert ask(served, "HEAD").body == b""


# What may be remembered

LONG = make_response(503, b"x" * (MAX_CACHED_ERROR_BYTES + 1))


@pytest.mark.parametrize(
    ("served", "target", "fixed"),
    [
        (make_served(), "/users/7", True),
        (make_served(), "/nothing", True),
        (make_served(mock=make_mock(behaviour=Behaviour(Delay(5)))), "/nothing", False),
        (make_served(mock=make_mock(behaviour=Behaviour(rate_limit=RateLimit(9)))), "/users/7", False),
        (make_served(mock=make_mock(behaviour=NONE_LEFT)), "/users/7", False),
        (make_served(hit(sequence="s"), hit(id="02", sequence="s")), "/users/7", False),
        (make_served(server_error=DOWN), "/users/7", True),
        (make_served(server_error=LONG), "/users/7", False),
        (make_served(mock=make_mock(private=True)), "/users/7", False),
    ],
)
def test_only_answers_that_never_change_are_cacheable(served: CompiledMockServer, target: str, fixed: bool) -> None:
    assert ask(served, target=target).is_cacheable is fixed


def test_an_answer_is_rendered_once() -> None:
    served = make_served()
    assert ask(served) is ask(served, headers={"X-Other": "1"})


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("GET", {"Accept-Encoding": "gzip"}), ("GET", ORIGIN), ("GET", {"x-mock-response-delay": "1"})],
)
def test_an_answer_is_rendered_for_each_input_that_it_depends_on(method: str, headers: Mapping[str, str]) -> None:
    served = make_served(mock=make_mock(cors=True))
    assert ask(served) is not ask(served, method, headers=headers)


def test_an_answer_is_rendered_for_each_base_url() -> None:
    served = make_served()
    other = respond(served, make_request(origin=None), "http://shop.localhost:4000")
    assert other is not ask(served)


def test_a_template_is_rendered_for_every_request() -> None:
    """It is filled in for one request only, so no key can name it."""
    body = b"{{$queryParams 'a'}}"
    example = replace(make_example(make_request(origin=None), response=make_response(body=body)), templates=True)
    templates = Templates(compile_templates([example], lambda _: body))
    served = CompiledMockServer(make_mock(), Answers(compile_index([example]), templates=templates))
    values = [str(number) for number in range(20)]
    assert [ask(served, target=f"/users/7?a={one}").body.decode() for one in values] == values


def test_an_answer_is_pending_while_its_body_is_in_the_store() -> None:
    kept = make_example(make_request(origin=None), response=make_response(body=BodyRef("d1935", 3)))
    pending = respond(make_served(kept), make_request(origin=None), BASE)
    assert isinstance(pending, PendingReply)
    assert pending.finish(HIT).body == HIT


# Behaviour


@pytest.mark.parametrize(
    ("own", "mock", "expected"),
    [
        (PLAIN, PLAIN, None),
        (PLAIN, Behaviour(Delay(5)), Behaviour(Delay(5))),
        (Behaviour(Delay(7)), Behaviour(Delay(5), 10), Behaviour(Delay(7), 10)),
    ],
)
def test_an_answer_has_the_behaviour_of_its_example_and_mock_server(
    own: Behaviour, mock: Behaviour, expected: Behaviour | None
) -> None:
    assert ask(make_served(hit(behaviour=own), mock=make_mock(behaviour=mock))).behaviour == expected


@pytest.mark.parametrize("target", ["/users/7", "/nothing"])
def test_delays_and_faults_apply_to_hits_and_misses(target: str) -> None:
    behaviour = Behaviour(Delay(5), fault=Fault(FaultKind.RESET))
    assert ask(make_served(mock=make_mock(behaviour=behaviour)), target=target).behaviour == behaviour


@pytest.mark.parametrize(
    "served",
    [
        make_served(mock=make_mock(private=True, behaviour=Behaviour(Delay(5)))),
        make_served(mock=make_mock(behaviour=Behaviour(Delay(5), rate_limit=RateLimit(0)))),
        make_served(mock=make_mock(behaviour=Behaviour(Delay(5))), server_error=DOWN),
    ],
)
def test_refusals_before_the_decision_have_no_behaviour(served: CompiledMockServer) -> None:
    assert ask(served).behaviour is None


# Rate limits


def test_a_limit_holds_for_a_mock_server_in_each_window() -> None:
    clock = [0.0]
    served = make_served(mock=make_mock(behaviour=Behaviour(rate_limit=RateLimit(2, 10))), now=lambda: clock[0])
    got = []
    for clock[0] in (0.0, 1.0, 2.0, 9.9, 10.0):
        got.append(status(ask(served, target="/nothing" if clock[0] == 1.0 else "/users/7")))
    assert got == [200, 404, 429, 429, 200]


def test_a_limit_of_an_example_is_its_own() -> None:
    limited = make_example(make_request(target="/orders", origin=None), id="02", behaviour=NONE_LEFT)
    served = make_served(hit(), limited, now=lambda: 0.0)
    assert [status(ask(served, target=target)) for target in ("/users/7", "/orders")] == [200, 429]


def test_a_rate_limit_has_retry_after() -> None:
    served = make_served(mock=make_mock(behaviour=NONE_LEFT), now=lambda: 57.0)
    reply = ask(served)
    assert reply.response is not None
    assert reply.response.headers.get("Retry-After") == "3"


def test_an_example_is_matched_by_the_recorded_name_of_a_cookie() -> None:
    """The mock server took its prefix off for the client."""
    cookie = [("Set-Cookie", "__Host-sid=1; Secure; Path=/")]
    login = make_example(make_request(target="/login", origin=None), id="01", response=make_response(headers=cookie))
    me = make_example(make_request(target="/me", headers=[("Cookie", "__Host-sid=1")], origin=None), id="02")
    index = compile_index([login, me], MatchSettings(headers=frozenset({"cookie"})))
    served = CompiledMockServer(make_mock(), Answers(index))
    assert status(ask(served, target="/me", headers={"Cookie": "sid=1"})) == 404
    ask(served, target="/login")
    assert status(ask(served, target="/me", headers={"Cookie": "sid=1"})) == 200


# Ids and distance


def test_an_answer_by_ids_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is that of another path; the line has no query, which may be secret."""
    served = make_served(hit(literal=False))
    with caplog.at_level(logging.WARNING, logger="understudy"):
        ask(served)
        ask(served, target="/users/8?key=k3y")
    assert caplog.messages == ["mock server Shop, GET /users/8: Example 01 (path without ids, score 69)"]


def test_a_miss_that_ids_would_answer_names_the_way() -> None:
    """The example, and the path template that says the same openly."""
    error = error_of(ask(make_served(), target="/users/8"))
    assert error["hint"] == {"action": "find_by_ids", "example": "01", "path": "/users/{{id}}"}
    assert error["explanation"]["by_ids"]["id"] == "01"


# URLs in bodies

LINKED = b'{"next": "https://api.test/users/8"}'
LED_HERE = b'{"next": "http://127.0.0.1:4000/mocks/shop/users/8"}'


def make_linked(*, rewrite_bodies: bool = True) -> CompiledMockServer:
    """Return a mock server whose answer has a URL of the recorded API, and digest and validator of its body."""
    digest = f"sha-256=:{b64encode(sha256(LINKED).digest()).decode()}:"
    fields = [("Content-Type", "application/json"), ("Content-Digest", digest), ("ETag", '"1"')]
    fields.append(("Content-Length", str(len(LINKED))))
    request = make_request("GET", "/users/7", origin="https://api.test")
    example = make_example(request=request, response=make_response(200, LINKED, headers=fields))
    return make_served(example, mock=make_mock(rewrite_bodies=rewrite_bodies))


def headers_of(reply: Reply) -> Headers:
    assert reply.response is not None
    return reply.response.headers


def test_urls_in_bodies_lead_to_the_mock_where_that_is_switched_on() -> None:
    assert ask(make_linked()).body == LED_HERE
    assert ask(make_linked(rewrite_bodies=False)).body == LINKED


def test_fields_about_the_body_fit_what_is_sent() -> None:
    headers = headers_of(ask(make_linked()))
    assert headers.get("content-length") == str(len(LED_HERE))
    assert headers.get("content-digest") is None


def test_head_has_the_fields_of_get_and_no_body() -> None:
    served = make_linked()
    head, get = ask(served, "HEAD"), ask(served)
    assert (head.body, headers_of(head).fields) == (b"", headers_of(get).fields)


def test_a_range_is_cut_from_what_is_sent() -> None:
    reply = ask(make_linked(), headers={"Range": "bytes=10-15", "If-Range": '"1"'})
    assert (status(reply), reply.body) == (206, LED_HERE[10:16])
    assert headers_of(reply).get("content-range") == f"bytes 10-15/{len(LED_HERE)}"


def test_a_validator_that_was_sent_is_known_again() -> None:
    assert status(ask(make_linked(), headers={"If-None-Match": '"1"'})) == 304


def test_a_stored_body_is_read_whole_to_be_rewritten() -> None:
    """Also one that would else be sent piece by piece."""
    stored = BodyRef("d", LARGE_BODY + 1)
    request = make_request("GET", "/users/7", origin="https://api.test")
    response = make_response(200, stored, headers=[("Content-Type", "application/json")])
    served = make_served(make_example(request=request, response=response), mock=make_mock(rewrite_bodies=True))
    served = replace(served, bodies=lambda _: None)
    pending = respond(served, make_request("GET", "/users/7", origin=None), BASE)
    assert isinstance(pending, PendingReply)
    assert pending.finish(LINKED).body == LED_HERE

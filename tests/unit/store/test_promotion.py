"""Promotion turns each exchange into a request item and an example once."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

import pytest

from understudy.store.model.collections import Example
from understudy.store.model.exchanges import CLIENT_LEFT, GATEWAY_STOPPED, Exchange, Part, RedactedPlace, Timings
from understudy.store.model.messages import Body, BodyRef, Chunk, Headers, Origin, Request, Response
from understudy.store.model.values import replace
from understudy.store.promotion import (
    CollectionState,
    PromotionPlan,
    PromotionResult,
    Repeats,
    find_skip_reason,
    promote,
)
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redactor import Redactor

EMPTY = CollectionState("c1")
DEFAULT = PromotionPlan()
KEEP = PromotionPlan(keep_secrets=True)


def exchange(number: int, target: bytes = b"/users/1", body: Body = b"{}", **response: object) -> Exchange:
    answer = replace(Response(200, Headers.of([("Content-Type", "application/json")]), body), **response)
    return Exchange("s1", Request("GET", target), answer, Timings(started=float(number)), id=number)


def read(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def make_key(request: Request, body: bytes, _varied: frozenset[str]) -> str:
    return f"{request.method} {request.target!r} {body!r}"


def run(
    exchanges: Sequence[Exchange], known: CollectionState = EMPTY, plan: PromotionPlan = DEFAULT
) -> PromotionResult:
    return promote(exchanges, known, plan, read=read, request_key=make_key)


def bodies(promoted: PromotionResult) -> list[Body]:
    return [example.response.body for example in promoted.examples]


def test_an_exchange_becomes_an_item_and_an_example() -> None:
    one = exchange(7)
    promoted = run([one])
    (item,), (example,) = promoted.items, promoted.examples
    assert (item.collection_id, item.name, item.position) == ("c1", "GET /users/1", 0)
    assert example == Example(
        example.id,
        "c1",
        item.id,
        "GET /users/1 - 200",
        one.request,
        one.response,  # type: ignore[arg-type]
        sequence=item.id,
        fingerprint=example.fingerprint,
    )
    assert promoted.marks == ((7, example.id),)


def test_ids_of_items_and_examples_increase_in_recorded_order() -> None:
    promoted = run([exchange(3, body=b"3"), exchange(1, body=b"1"), exchange(2, b"/b", body=b"2")])
    assert bodies(promoted) == [b"1", b"2", b"3"]
    assert [example.id for example in promoted.examples] == sorted(example.id for example in promoted.examples)
    assert [item.position for item in promoted.items] == [0, 1]


def test_exchanges_with_the_same_start_are_ordered_by_id() -> None:
    at_once = [replace(exchange(n, body=str(n).encode()), timings=Timings(5.0)) for n in (2, 1, 3)]
    assert bodies(run(at_once)) == [b"1", b"2", b"3"]


def test_equal_requests_become_one_item() -> None:
    promoted = run([exchange(1, body=b"a"), exchange(2, body=b"b"), exchange(3, b"/other")])
    assert [item.name for item in promoted.items] == ["GET /users/1", "GET /other"]
    assert promoted.examples[0].item_id == promoted.examples[1].item_id == promoted.items[0].id


@pytest.mark.parametrize(
    ("plan", "kept"),
    [
        (PromotionPlan(), [b"a", b"b", b"a"]),
        (PromotionPlan(Repeats.ALL), [b"a", b"b", b"a"]),
        (PromotionPlan(Repeats.NEWEST), [b"a"]),
        (PromotionPlan(keep_every=True), [b"a", b"a", b"b", b"a"]),
    ],
)
def test_repeated_responses_become_examples(plan: PromotionPlan, kept: list[bytes]) -> None:
    promoted = run([exchange(n, body=body) for n, body in enumerate((b"a", b"a", b"b", b"a"), 1)], plan=plan)
    assert bodies(promoted) == kept
    assert promoted.identical == (0 if plan.keep_every else 1)
    assert [example.sequence is None for example in promoted.examples] == [plan.repeats is not Repeats.SEQUENCE] * len(
        kept
    )


def test_with_keep_every_each_example_has_the_id_of_its_exchange() -> None:
    """An example of a collection has no entry, because history may be deleted."""
    recorded = [exchange(7), exchange(9)]
    assert [example.entry for example in run(recorded, plan=PromotionPlan(keep_every=True)).examples] == [7, 9]
    assert [example.entry for example in run(recorded).examples] == [None]


def test_an_identical_response_is_marked_with_its_example() -> None:
    promoted = run([exchange(1), exchange(2)])
    assert promoted.marks == ((1, promoted.examples[0].id), (2, promoted.examples[0].id))


def test_newest_marks_replaced_exchanges_without_an_example() -> None:
    promoted = run([exchange(1, body=b"a"), exchange(2, body=b"b")], plan=PromotionPlan(Repeats.NEWEST))
    assert promoted.marks == ((1, None), (2, promoted.examples[0].id))
    assert promoted.dropped == ()


def test_newest_drops_older_examples_that_were_not_edited() -> None:
    first = run([exchange(1, body=b"a"), exchange(2, body=b"b")])
    unedited, edited = first.examples
    known = CollectionState.of("c1", [1, 2], first.items, [unedited, replace(edited, edited=True)])
    second = run([exchange(3, body=b"c")], known, PromotionPlan(Repeats.NEWEST))
    assert second.dropped == (unedited.id,)
    assert bodies(second) == [b"c"]


def test_promoting_again_changes_nothing() -> None:
    first = run([exchange(1), exchange(2, body=b"b")])
    again = run([exchange(1), exchange(2, body=b"b")], first.known)
    assert (again.items, again.examples, again.marks, again.dropped) == ((), (), (), ())
    assert again.already_promoted == 2
    assert again.known == first.known


def test_only_new_exchanges_are_added() -> None:
    first = run([exchange(1)])
    second = run([exchange(1), exchange(2), exchange(3, body=b"new"), exchange(4, b"/b")], first.known)
    assert bodies(second) == [b"new", b"{}"]
    assert second.examples[0].item_id == first.items[0].id
    assert [item.position for item in second.items] == [1]
    assert second.marks[0] == (2, first.examples[0].id)


def test_an_edit_stays_when_the_recorded_response_comes_again() -> None:
    first = run([exchange(1)])
    edited = replace(first.examples[0], response=Response(500), edited=True)
    second = run([exchange(1), exchange(2)], CollectionState.of("c1", [1], first.items, [edited]))
    assert (second.examples, second.dropped, second.identical) == ((), (), 1)


def test_the_state_of_the_store_equals_the_one_that_promotion_left() -> None:
    first = run([exchange(1), exchange(2, body=b"b"), exchange(3, b"/b")])
    assert CollectionState.of("c1", [1, 2, 3], first.items, reversed(first.examples)) == first.known


def make_upgrade(protocol: str) -> Exchange:
    return replace(exchange(1), response=Response(101, Headers.of([("Upgrade", protocol)])))


def make_grpc(kind: str) -> Exchange:
    return replace(exchange(1), request=Request("POST", b"/s/m", Headers.of([("Content-Type", kind)])))


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        (replace(exchange(1), error="connection refused", response=None), "failed: connection refused"),
        (replace(exchange(1), error="cut off"), "failed: cut off"),
        (replace(exchange(1), response=None), "there is no response"),
        (exchange(1, status=101), "it became a tunnel connection"),
        (make_upgrade("websocket"), "it became a websocket connection"),
        (make_grpc("application/grpc"), "gRPC is not plain HTTP"),
        (make_grpc("application/grpc+proto; a=b"), "gRPC is not plain HTTP"),
        (exchange(1, status=103), "status 103 is not a final response"),
        (replace(exchange(1), request=Request("CONNECT", b"a:443")), "CONNECT opens a tunnel"),
    ],
)
def test_an_exchange_without_a_final_response_is_skipped_with_a_reason(failed: Exchange, reason: str) -> None:
    promoted = run([failed])
    assert promoted.skipped == ((failed, reason),)
    assert (promoted.items, promoted.examples, promoted.marks) == ((), (), ())


CAME = b"data: 1\n\n"
BROKE_OFF = "the upstream closed the connection in the middle of its answer"
EVENTS = ("Content-Type", "text/event-stream")
WATCH = ("Content-Type", "application/json")


def make_left(error: str, *fields: tuple[str, str], body: bytes = CAME, chunks: tuple[Chunk, ...] = ()) -> Exchange:
    """An exchange whose response broke off."""
    return replace(exchange(1), error=error, response=Response(200, Headers.of(fields), body, chunks=chunks))


@pytest.mark.parametrize(
    ("left", "is_promoted"),
    [
        (make_left(CLIENT_LEFT, EVENTS), True),
        (make_left(GATEWAY_STOPPED, EVENTS), True),
        (make_left(CLIENT_LEFT, WATCH, chunks=(Chunk(0.0, 5), Chunk(1.0, 4))), True),
        (make_left(CLIENT_LEFT, WATCH), False),
        (make_left(CLIENT_LEFT, EVENTS, body=b""), False),
        (make_left(CLIENT_LEFT, EVENTS, ("Content-Length", "100")), False),
        (make_left(CLIENT_LEFT, EVENTS, ("Content-Encoding", "gzip")), False),
        (make_left(BROKE_OFF, EVENTS), False),
    ],
)
def test_a_stream_that_its_client_left_is_an_example_as_far_as_it_came(left: Exchange, is_promoted: bool) -> None:
    """A part of a file is not, nor is a stream that the upstream broke off."""
    assert [one.response.body for one in run([left]).examples] == ([CAME] if is_promoted else [])


def test_a_request_that_was_left_without_an_answer_is_skipped_with_the_reason() -> None:
    left = replace(exchange(1), error=CLIENT_LEFT, response=None)
    assert run([left]).skipped == ((left, "failed: the client closed the connection"),)


@pytest.mark.parametrize("status", [200, 204, 304, 404, 500])
def test_all_final_responses_can_be_examples(status: int) -> None:
    assert find_skip_reason(exchange(1, status=status)) == ""


def test_grpc_web_is_plain_http() -> None:
    assert find_skip_reason(make_grpc("application/grpc-web+proto")) == ""


def test_logins_with_different_passwords_become_one_item() -> None:
    form = Headers.of([("Content-Type", "application/x-www-form-urlencoded")])
    logins = [
        replace(exchange(n), request=Request("POST", b"/login", form, b"user=ann&password=" + password))
        for n, password in enumerate((b"one", b"two"), 1)
    ]
    promoted = run(logins)
    assert [item.name for item in promoted.items] == ["POST /login"]
    assert promoted.examples[0].redacted == {RedactedPlace(Part.FORM, "password")}
    assert promoted.redacted_in_requests == {RedactedPlace(Part.FORM, "password"): 2}


def test_responses_that_differ_only_in_secrets_are_identical() -> None:
    promoted = run([exchange(n, body=b'{"password": "%d"}' % n) for n in (1, 2)])
    assert bodies(promoted) == [b'{"password": "REDACTED"}']
    assert promoted.redacted_in_responses == {RedactedPlace(Part.JSON, "$.password"): 2}


def test_the_redacted_places_of_an_example_are_those_of_its_request() -> None:
    promoted = run([exchange(1, headers=Headers.of([("Set-Cookie", "a=b")]))])
    assert promoted.examples[0].redacted == frozenset()


def test_hop_by_hop_fields_are_dropped_and_no_length_is_added() -> None:
    chunked = Headers.of([("Transfer-Encoding", "chunked"), ("Connection", "X-Hop"), ("X-Hop", "1"), ("ETag", "e")])
    one = replace(exchange(1, headers=chunked), request=Request("GET", b"/", chunked))
    (example,) = run([one]).examples
    assert list(example.request.headers) == list(example.response.headers) == [("ETag", "e")]


def test_the_origin_stays() -> None:
    origin = Origin("https", "api.example.com", 443)
    one = replace(exchange(1), request=Request("GET", b"/", origin=origin))
    assert run([one]).examples[0].request.origin == origin


def test_a_reference_stays_unless_the_body_has_a_secret() -> None:
    kept = {digit * 64: body for digit, body in (("a", b'{"a": 1}'), ("b", b'{"password": "t"}'))}
    first, second = (BodyRef(digest, 14) for digest in kept)
    promoted = promote(
        [exchange(1, body=first), exchange(2, body=second)],
        EMPTY,
        DEFAULT,
        read=lambda body: body if isinstance(body, bytes) else kept[body.digest],
        request_key=make_key,
    )
    assert bodies(promoted) == [first, b'{"password": "REDACTED"}']


def test_a_reference_and_its_bytes_are_the_same_response() -> None:
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # SHA-256 of {}
    promoted = promote(
        [exchange(1), exchange(2, body=BodyRef(digest, 2))],
        EMPTY,
        DEFAULT,
        read=lambda body: body if isinstance(body, bytes) else b"{}",
        request_key=make_key,
    )
    assert promoted.identical == 1


def test_the_request_key_gets_the_body_redacted_and_decoded() -> None:
    coded = Headers.of([("Content-Encoding", "gzip")])
    login = replace(exchange(1), request=Request("POST", b"/", coded, gzip.compress(b'{"pwd":"x"}')))
    promoted = promote([login], EMPTY, DEFAULT, read=read, request_key=lambda _request, body, _response: body.decode())
    assert list(promoted.known.items) == ['{"pwd":"REDACTED"}']


def test_with_keep_secrets_nothing_is_redacted() -> None:
    one = exchange(1, headers=Headers.of([("Set-Cookie", "a=b")]), body=b'{"password": "t"}')
    promoted = run([one], plan=KEEP)
    assert promoted.examples[0].response == one.response
    assert not promoted.redacted_in_responses


def promote_with_placeholders(exchanges: Sequence[Exchange], plan: PromotionPlan = DEFAULT) -> PromotionResult:
    """Promote as a store does, with its own placeholders."""
    redactor = Redactor(placeholder=Placeholders(b"k"), remembers=True)
    return promote(exchanges, EMPTY, plan, read=read, request_key=make_key, redactor=redactor)


def test_exchanges_that_differ_in_secrets_become_one_example_with_the_first_placeholder() -> None:
    promoted = promote_with_placeholders(
        [exchange(n, b"/?pwd=secret%d" % n, b'{"password": "token %d"}' % n) for n in (1, 2)]
    )
    (example,) = promoted.examples
    assert example.name == "GET /?pwd=REDACTED - 200"
    assert example.request.target == b"/?pwd=" + Placeholders(b"k")("secret1").encode()
    assert example.response.body == b'{"password": "%s"}' % Placeholders(b"k")("token 1").encode()
    assert promoted.identical == 1


def test_a_token_under_another_name_has_the_same_placeholder() -> None:
    token = b"a1B2c3D4e5F6"
    promoted = promote_with_placeholders(
        [exchange(1, b"/login", b'{"password": "%s"}' % token), exchange(2, b"/files?at=" + token)]
    )
    placeholder = Placeholders(b"k")(token.decode())
    assert promoted.examples[1].request.target == f"/files?at={placeholder}".encode()
    assert promoted.examples[1].redacted == {RedactedPlace(Part.QUERY, "at")}


@pytest.mark.parametrize("plan", [DEFAULT, KEEP])
def test_values_redacted_at_recording_match_any_value(plan: PromotionPlan) -> None:
    """Requests with other secrets at the same places become one item."""
    places = frozenset({RedactedPlace(Part.QUERY, "at"), RedactedPlace(Part.PATH, "REDACTED-0123456789ab")})
    recorded = [replace(exchange(n, b"/x/REDACTED-0123456789ab?at=%d" % n, b"%d" % n), redacted=places) for n in (1, 2)]
    promoted = promote_with_placeholders(recorded, plan)
    assert len(promoted.items) == 1
    assert [example.request.target[-1:] for example in promoted.examples] == [b"1", b"2"]
    assert {example.redacted for example in promoted.examples} == {places}


def test_a_body_that_was_cut_is_no_example() -> None:
    cut = replace(exchange(1), degraded="the body of the response was cut after 3 bytes")
    assert find_skip_reason(cut) == cut.degraded
    assert find_skip_reason(replace(cut, degraded="something else")) == ""

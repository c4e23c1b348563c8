"""Answers of JSON-RPC carry the id of the request."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.matcher.parts.candidate import MAX_KEPT_BODY
from understudy.matcher.parts.operations import list_rpc_ids
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.serving.answers.outcomes import Answers, find_outcome
from understudy.serving.answers.rpc_ids import NewIds, carry_ids, find_answered_ids, map_ids
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, BodyRef, Chunk, Request, Response, measure_body
from understudy.store.model.values import replace

JSON = "application/json"


def make_call(id: str, method: str = "add") -> Request:
    """Return a call with this id, as JSON; without one for ""."""
    member = f', "id": {id}' if id else ""
    return make_request("POST", "/rpc", body=f'{{"jsonrpc": "2.0", "method": "{method}"{member}}}'.encode())


def make_batch(*ids: str) -> Request:
    """Return a batch of calls."""
    calls = b", ".join(call.body for call in map(make_call, ids) if isinstance(call.body, bytes))
    return make_request("POST", "/rpc", body=b"[" + calls + b"]")


def pair_ids(recorded: Request | None, asked: Request) -> NewIds:
    """Return the new ids for a recorded request whose body is known, or, for None, is not."""
    body = b"" if recorded is None else recorded.body
    assert isinstance(body, bytes)
    return map_ids(lambda: None if recorded is None else list_rpc_ids(body), asked)


def make_answer(body: bytes, kind: str = JSON) -> Response:
    """Return a recorded answer."""
    return make_response(200, body, headers=[("Content-Type", kind)])


@pytest.mark.parametrize(
    ("recorded", "asked", "before", "after"),
    [
        ("1", "7", b'{"jsonrpc":"2.0","id":1,"result":{"id":1}}', b'{"jsonrpc":"2.0","id":7,"result":{"id":1}}'),
        ("1", '"a"', b'{ "id" : 1, "jsonrpc": "2.0" }', b'{ "id" : "a", "jsonrpc": "2.0" }'),
        ("1", "7", b'{"jsonrpc":"2.0","id":2}', b'{"jsonrpc":"2.0","id":2}'),
        ("1", "7", b'{"jsonrpc":"2.0","id":null,"error":{}}', b'{"jsonrpc":"2.0","id":null,"error":{}}'),
        ("1", "1", b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"2.0","id":1}'),
        ("", "", b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"2.0","id":1}'),
        ("1", "7", b'{"id":1,"name":"\\"id\\": 1"}', b'{"id":1,"name":"\\"id\\": 1"}'),
        ("1", "7", b'not "jsonrpc"', b'not "jsonrpc"'),
    ],
)
def test_the_id_of_the_request_is_carried(recorded: str, asked: str, before: bytes, after: bytes) -> None:
    """The id that equals the recorded request's becomes the new one; nothing else changes."""
    assert carry_ids(make_answer(before), pair_ids(make_call(recorded), make_call(asked))).body == after


def test_each_id_of_a_batch_is_carried() -> None:
    """The ids of a batch are carried by the place of their calls, whatever the order of the answers."""
    response = make_answer(b'[{"jsonrpc":"2.0","id":2},{"jsonrpc":"2.0","id":1,"result":[{"id":1}]}]')
    carried = carry_ids(response, pair_ids(make_batch("1", "2"), make_batch("8", "9")))
    assert carried.body == b'[{"jsonrpc":"2.0","id":9},{"jsonrpc":"2.0","id":8,"result":[{"id":1}]}]'


def test_ids_in_events_are_carried() -> None:
    """A stream of events keeps its pieces and times."""
    events = b'event: message\ndata: {"jsonrpc":"2.0","id":1}\n\ndata: {"jsonrpc":"2.0","method":"note"}\n\n'
    chunks = (Chunk(0.0, 45), Chunk(0.5, len(events) - 45))
    recorded = replace(make_answer(events, "text/event-stream"), chunks=chunks)
    response = carry_ids(recorded, pair_ids(make_call("1"), make_call("1234")))
    assert response.body == events.replace(b'"id":1', b'"id":1234')
    assert response.chunks == (Chunk(0.0, 48), Chunk(0.5, len(events) - 45))


def test_a_coded_answer_is_decoded() -> None:
    """An answer with a content coding is sent without it."""
    body = gzip.compress(b'{"jsonrpc":"2.0","id":1}')
    recorded = make_response(200, body, headers=[("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))])
    response = carry_ids(recorded, pair_ids(make_call("1"), make_call("7")))
    assert (response.body, response.headers.get("content-encoding")) == (b'{"jsonrpc":"2.0","id":7}', None)
    assert response.headers.get("content-length") == str(measure_body(response.body))


def test_a_request_of_the_server_keeps_its_id() -> None:
    """It has a method; an answer has none, wherever its id stands."""
    asked = (
        b'data: {"jsonrpc":"2.0","id":1,"method":"roots/list"}\n\ndata: {"method":"ping","id":1,"jsonrpc":"2.0"}\n\n'
    )
    answered = b'data: {"jsonrpc":"2.0","id":1,"result":{"method":"x"}}\n\n'
    response = carry_ids(make_answer(asked + answered, "text/event-stream"), pair_ids(make_call("1"), make_call("7")))
    assert response.body == asked + answered.replace(b'"id":1', b'"id":7')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"jsonrpc":"2.0","id":5,"result":1}', b'{"jsonrpc":"2.0","id":7,"result":1}'),
        (b'{"jsonrpc":"2.0","id":null,"error":{}}', b'{"jsonrpc":"2.0","id":null,"error":{}}'),
        (b'{"jsonrpc":"2.0","id":5,"method":"ping"}', b'{"jsonrpc":"2.0","id":5,"method":"ping"}'),
    ],
)
def test_where_the_recorded_id_is_unknown_the_answer_carries_that_of_the_call(before: bytes, after: bytes) -> None:
    assert carry_ids(make_answer(before), pair_ids(None, make_call("7"))).body == after


@pytest.mark.parametrize("asked", [make_call(""), make_batch("7", "8")])
def test_where_recorded_ids_are_unknown_a_notification_or_batch_changes_nothing(asked: Request) -> None:
    assert pair_ids(None, asked) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'{"a":"id","id":1}', [b"1"]),
        (b'{"a":["id",{"id":2}],"id" : "x"}', [b'"x"']),
        (b'{"id":{"id":3}}', []),
        (b'[{"id":1},{"id":2,"method":"m"},{"id":3}]', [b"1", b"3"]),
        (b'{"id":1,"method":"m"}\n{"id":2}\n[{"id":3}]\n{"id":4}', [b"2", b"3", b"4"]),
        (b'{"id":1,"result":"cut \\"\\', [b"1"]),
        (b'{"method":"m","id":1,"params":{', []),
        (b'{"id"', []),
        (b'{"id":', []),
    ],
)
def test_ids_of_answers_are_found(text: bytes, found: list[bytes]) -> None:
    assert [text[first:last] for first, last in find_answered_ids(text)] == found


def make_stored_call(id: str, size: int = 10) -> tuple[Example, bytes]:
    """Return an example of a call whose body is in the store, and that body, larger than the size."""
    body = make_call(id).body
    assert isinstance(body, bytes)
    body = body.replace(b"{", b'{"pad": "%s", ' % (b"x" * size), 1)
    request = make_request("POST", "/rpc", body=BodyRef(id, len(body)))
    return make_example(request, id=id, response=make_answer(b'{"jsonrpc":"2.0","id":%s}' % id.encode())), body


def answer_in_turn(examples: list[Example], bodies: dict[str, bytes], settings: MatchSettings) -> list[Body]:
    """Return the answers to one call with the id 77 for each example."""

    def load(body: Body) -> bytes:
        return bodies[body.digest] if isinstance(body, BodyRef) else body

    answers, asked = Answers(compile_index(examples, settings, load_body=load)), make_call("77")
    outcomes = [find_outcome(answers, asked) for _ in examples]
    return [carry_ids(one.example.response, one.new_ids).body for one in outcomes if one.example is not None]


@pytest.mark.parametrize("size", [10, MAX_KEPT_BODY])
@pytest.mark.parametrize("settings", [POSTMAN, replace(POSTMAN, selectors=False, prefer_body=False)])
def test_the_id_is_carried_where_the_recorded_body_is_in_the_store(size: int, settings: MatchSettings) -> None:
    """Whether it was read when the index was compiled, kept, or neither."""
    example, body = make_stored_call("1", size)
    assert answer_in_turn([example], {"1": body}, settings) == [b'{"jsonrpc":"2.0","id":77}']


@pytest.mark.parametrize("is_stored", [True, False])
def test_each_answer_of_a_sequence_carries_the_id(is_stored: bool) -> None:
    """The recorded id is that of the example that answers, not of the newest one."""
    made = [make_stored_call(id) for id in ("11", "12", "13")]
    bodies = {example.id: body for example, body in made}
    examples = [replace(example, sequence="s") for example, _ in made]
    if not is_stored:
        examples = [replace(one, request=replace(one.request, body=bodies[one.id])) for one in examples]
    assert answer_in_turn(examples, bodies, POSTMAN) == [b'{"jsonrpc":"2.0","id":77}'] * 3


def test_the_ids_of_a_large_batch_are_known() -> None:
    """They are kept when the index is compiled, although the body is not."""
    body = make_batch(*(str(number) for number in range(100))).body
    assert isinstance(body, bytes)
    request = make_request("POST", "/rpc", body=BodyRef("b", len(body)))
    example = make_example(request, response=make_answer(b'[{"jsonrpc":"2.0","id":2},{"jsonrpc":"2.0","id":1}]'))
    answers = Answers(compile_index([example], POSTMAN, load_body=lambda _: body))
    outcome = find_outcome(answers, make_batch(*(str(number + 500) for number in range(100))))
    assert carry_ids(example.response, outcome.new_ids).body == (
        b'[{"jsonrpc":"2.0","id":502},{"jsonrpc":"2.0","id":501}]'
    )

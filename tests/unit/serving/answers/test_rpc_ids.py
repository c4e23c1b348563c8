"""Answers of JSON-RPC carry the id of the request."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_request, make_response
from understudy.serving.answers.rpc_ids import carry_ids, map_ids
from understudy.store.model.messages import Chunk, Request, Response, measure_body
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
    assert carry_ids(make_answer(before), map_ids(make_call(recorded), make_call(asked))).body == after


def test_each_id_of_a_batch_is_carried() -> None:
    """The ids of a batch are carried by the place of their calls, whatever the order of the answers."""
    response = make_answer(b'[{"jsonrpc":"2.0","id":2},{"jsonrpc":"2.0","id":1,"result":[{"id":1}]}]')
    carried = carry_ids(response, map_ids(make_batch("1", "2"), make_batch("8", "9")))
    assert carried.body == b'[{"jsonrpc":"2.0","id":9},{"jsonrpc":"2.0","id":8,"result":[{"id":1}]}]'


def test_ids_in_events_are_carried() -> None:
    """A stream of events keeps its pieces and times."""
    events = b'event: message\ndata: {"jsonrpc":"2.0","id":1}\n\ndata: {"jsonrpc":"2.0","method":"note"}\n\n'
    chunks = (Chunk(0.0, 45), Chunk(0.5, len(events) - 45))
    recorded = replace(make_answer(events, "text/event-stream"), chunks=chunks)
    response = carry_ids(recorded, map_ids(make_call("1"), make_call("1234")))
    assert response.body == events.replace(b'"id":1', b'"id":1234')
    assert response.chunks == (Chunk(0.0, 48), Chunk(0.5, len(events) - 45))


def test_a_coded_answer_is_decoded() -> None:
    """An answer with a content coding is sent without it."""
    body = gzip.compress(b'{"jsonrpc":"2.0","id":1}')
    recorded = make_response(200, body, headers=[("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))])
    response = carry_ids(recorded, map_ids(make_call("1"), make_call("7")))
    assert (response.body, response.headers.get("content-encoding")) == (b'{"jsonrpc":"2.0","id":7}', None)
    assert response.headers.get("content-length") == str(measure_body(response.body))

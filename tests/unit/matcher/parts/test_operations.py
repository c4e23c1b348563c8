"""Tests of the operation that a request names."""

from __future__ import annotations

from hashlib import sha256

import pytest

from understudy.matcher.parts.operations import MAX_SIZE, Operation, find_operation, may_name_operation
from understudy.store.model.messages import Headers

UPLOAD = "multipart/form-data; boundary=X"
HASH = sha256(b"{ a }").hexdigest()


def find(body: bytes, kind: str = "application/json") -> Operation | None:
    """Return the operation of a POST."""
    return find_operation(b"", Headers.of([("Content-Type", kind)]), body)


def upload(operations: bytes, name: bytes = b"operations") -> bytes:
    """Return an upload with this part."""
    head = b'--X\r\nContent-Disposition: form-data; name="'
    return head + name + b'"\r\n\r\n' + operations + b"\r\n" + head + b'0"\r\n\r\n\xff\x00\r\n--X--\r\n'


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"id":"q1","variables":{}}', "q1"),
        (b'{"id":"q1","variables":null}', "q1"),
        (b'{"id":"q1","operationName":"A"}', "A"),
        (b'{"doc_id":"17","variables":{"a":1}}', "17"),
        (b'{"documentId":"d"}', "d"),
        (b'[{"id":"q1","variables":{}}]', "q1"),
        (b'{"id":"q1"}', None),
        (b'{"id":"q1","variables":[{"key":"a"}]}', None),
        (b'{"id":7,"variables":{}}', None),
        (b'{"id":"q1","extensions":["12"],"variables":"x"}', None),
    ],
)
def test_persisted_operations_in_json(body: bytes, name: str | None) -> None:
    """An id names an operation beside another member of a GraphQL request."""
    found = find(body)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"documentId=d1", "d1"),
        (b"id=q1&operationName=A", "A"),
        (b"id=q1&extensions=%7B%7D", "q1"),
        (b"id=q1&variables=%7B%22a%22%3A1%7D", "q1"),
        (b"extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22" + HASH.encode() + b"%22%7D%7D", HASH),
        (b"id=q1", None),
        (b"id=q1&variables=temperature", None),
        (b"id=q1&extensions=101,102", None),
        (b"id=q1&variables=%FF%7B", None),
    ],
)
def test_persisted_operations_in_a_query(query: bytes, name: str | None) -> None:
    """A GET names a stored query by the same members."""
    found = find_operation(query, Headers(), b"")
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("query", "may"), [(b"documentId=d1", True), (b"id=q1&operationName=A", True), (b"id=q1", False)]
)
def test_query_that_may_name_one(query: bytes, may: bool) -> None:
    """The quick check has every query that names an operation."""
    assert may_name_operation(query, Headers()) is may


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (upload(b'{"query":"mutation Up($f: Upload!) { up(f: $f) }","variables":{"f":null}}'), "Up"),
        (upload(b'[{"query":"mutation Up { up }"}]'), "Up"),
        (upload(b'{"query":"mutation Up { up }"}', b"other"), None),
        (upload(b"operations"), None),
        (b"--X\r\noperations", None),
    ],
)
def test_operations_of_uploads(body: bytes, name: str | None) -> None:
    """The part `operations` of a multipart request names the operation."""
    found = find(body, UPLOAD)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    "message",
    [b'{"jsonrpc":"2.0","id":1,"method":"add"}', b'{"query":"{ a }"}', b'{"id":"q1","variables":{}}'],
)
def test_batch_of_one_is_another_operation(message: bytes) -> None:
    """A batch of one is answered by a list."""
    one, batch = find(message), find(b"[" + message + b"]")
    assert one is not None
    assert batch is not None
    assert (one.name, one.key != batch.key) == (batch.name, True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id":"\xff","variables":{}}', "application/json"),
        (b'{"variables":' + b"[" * 100_000, "application/json"),
        (b'{"variables":' + b"{" * 100_000 + b"}" * 100_000, "application/json"),
        (b'{"id":"' + b"x" * MAX_SIZE + b'","variables":{}}', "application/json"),
        (upload(b'{"variables":' + b"[" * 100_000), UPLOAD),
        (upload(b"{}"), "multipart/form-data; boundary=\xff"),
        (upload(b"{}"), "multipart/form-data"),
    ],
)
def test_hostile_bodies_name_nothing(body: bytes, kind: str) -> None:
    """No body is an error here."""
    assert find(body, kind) is None

"""With redaction, no file of a store has a secret of the labelled set: neither the database nor its log."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.factories.stores import open_fresh_file
from tests.unit.store.redaction.labelled_places import Shape
from tests.unit.store.redaction.test_labelled_places import ALL_SHAPES, redact
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redacting_history import RedactingHistory
from understudy.store.redaction.redactor import Redactor

ORIGIN = Origin("http", "api.example.com", 80)
LEAST_CHARACTERS = 6
"""A shorter secret, such as a PIN, may be anywhere in a file by chance."""


def render(line: bytes, headers: Headers) -> bytes:
    """A head as it may be received: with other spaces than a program would write."""
    return line + b"\r\n" + b"".join(b"%s:  %s \r\n" % field for field in headers.fields) + b"\r\n"


def make_exchange(session_id: str, shape: Shape, number: int) -> Exchange:
    """An exchange that holds the text of a shape at its place, in the received heads too."""
    kind, _, name = shape.part.partition(" ")
    target = shape.text.encode() if shape.part == "target" else f"/{number}".encode()
    headers, body = Headers(), b""
    if kind == "header":
        headers = Headers.of([(name, shape.text)])
    elif shape.part != "target":
        headers, body = Headers.of([("Content-Type", shape.part)]), shape.text.encode()
    absolute = b"GET http://api.example.com" + target + b" HTTP/1.1"
    return Exchange(
        session_id,
        Request("GET", target, headers, body, ORIGIN),
        Response(200, headers, body, b"OK"),
        Timings(1_000.0 + number),
        key=number,
        request_head=render(absolute, headers),
        response_head=render(b"HTTP/1.1 200 OK", headers),
    )


@pytest.mark.parametrize("copies", [1, 2], ids=["inline", "by digest"])
def test_no_file_of_a_store_has_a_secret(tmp_path: Path, copies: int) -> None:
    """Whether bodies are in their rows or, as repeated ones, in a table of their own."""
    store = open_fresh_file(tmp_path / "understudy.db")
    session_id = store.sessions.create("shop", None).id
    history = RedactingHistory(store.history, Redactor(placeholder=Placeholders(b"k"), remembers=True))
    for number, shape in enumerate(ALL_SHAPES):
        history.add([make_exchange(session_id, shape, number * copies + copy) for copy in range(copies)])
    store.history.index_for_search()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    store.close()
    elsewhere = "\n".join(map(redact, ALL_SHAPES))  # where the same text is harmless
    values = {(shape.name, value) for shape in ALL_SHAPES for value in shape.secret if value not in elsewhere}
    labelled = sorted((name, value) for name, value in values if len(value) >= LEAST_CHARACTERS)
    assert len(labelled) > 150
    found = [(name, value) for name, value in labelled if value.encode() in kept or quote(value).encode() in kept]
    assert found == []
    assert b"api.example.com" in kept

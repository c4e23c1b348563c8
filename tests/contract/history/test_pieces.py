"""The contract of `Bodies` of large bodies, which come in pieces, and of the answers of a collection."""

from __future__ import annotations

import hashlib

import pytest

from tests.factories.messages import make_example, make_response
from tests.factories.stored import collect, make_exchange, record
from understudy.store.errors import NotFound
from understudy.store.model import ids
from understudy.store.model.messages import Body, BodyRef, PiecedBody, Response
from understudy.store.repositories.store import Store
from understudy.store.sql.deletion import unused_bodies

PIECES = [b"one", b"", b"two" * 6_000, b"\x00\xff"]
WHOLE = b"".join(PIECES)


def receive(store: Store) -> PiecedBody:
    """Return a new body whose pieces are in the store."""
    key = ids.new_id()
    store.bodies.add_pieces([(key, position, piece) for position, piece in enumerate(PIECES[:2])])
    store.bodies.add_pieces([(key, position + 2, piece) for position, piece in enumerate(PIECES[2:])])
    return PiecedBody(hashlib.sha256(WHOLE).hexdigest(), len(WHOLE), key)


def kept_body(store: Store, body: Body) -> Body:
    """Record a body and return it as history returns it."""
    [exchange] = record(store, body, session=ids.new_id())
    assert isinstance(exchange.response, Response)
    return exchange.response.body


def has_pieces(store: Store, key: str) -> bool:
    """Whether the store has pieces with this key, which it reads for another body."""
    probe = PiecedBody("0" * 64, 1, key)
    try:
        return store.bodies.read(kept_body(store, probe)) != b""
    except NotFound:
        return False


def test_a_body_that_is_deleted_while_it_is_read_is_not_cut_short(store: Store) -> None:
    [exchange] = record(store, receive(store))
    assert exchange.response
    pieces = store.bodies.read_pieces(exchange.response.body)
    assert next(pieces) == PIECES[0]
    store.sessions.delete(exchange.session_id)
    with pytest.raises(NotFound, match=r"has 3 bytes in place of \d+: it was deleted while it was read"):
        list(pieces)


def test_a_body_in_pieces_is_read_whole_and_piece_by_piece(store: Store) -> None:
    body = kept_body(store, receive(store))
    assert body == BodyRef(hashlib.sha256(WHOLE).hexdigest(), len(WHOLE))
    assert store.bodies.read(body) == WHOLE
    assert list(store.bodies.read_pieces(body)) == PIECES


def test_one_piece_is_read_at_a_time(store: Store) -> None:
    """A small body has one piece; a position after the last piece is not found."""
    large, small = kept_body(store, receive(store)), kept_body(store, b"small")
    assert [store.bodies.read_piece(large, position) for position in range(4)] == PIECES
    assert [store.bodies.read_piece(body, 0) for body in (small, b"given")] == [b"small", b"given"]
    for body, position in ((large, 4), (small, 1), (b"given", 1)):
        with pytest.raises(NotFound, match=f"there is no piece {position} of this body"):
            store.bodies.read_piece(body, position)


def test_a_small_body_is_one_piece(store: Store) -> None:
    assert list(store.bodies.read_pieces(kept_body(store, b"small"))) == [b"small"]
    assert list(store.bodies.read_pieces(b"given")) == [b"given"]


def test_pieces_of_an_unknown_body_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no body"):
        list(store.bodies.read_pieces(BodyRef("0" * 64, 3)))


@pytest.mark.parametrize("whole_first", [False, True])
def test_the_same_content_is_kept_once(store: Store, whole_first: bool) -> None:
    """Whether in one piece or several: the pieces of the second are deleted."""
    kept_body(store, WHOLE if whole_first else receive(store))
    second = receive(store)
    assert store.bodies.read(kept_body(store, second)) == WHOLE
    assert not has_pieces(store, second.key)


def test_deleting_the_last_exchange_of_a_body_deletes_its_pieces(store: Store) -> None:
    session = store.sessions.create("large", None)
    body = receive(store)
    store.history.add([make_exchange(session.id, response=make_response(body=body))])
    store.sessions.delete(session.id)
    assert not has_pieces(store, body.key)


@pytest.mark.parametrize(("seconds", "stays"), [(0.0, False), (3600.0, True)])
def test_old_pieces_without_a_body_are_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float, stays: bool
) -> None:
    """They are from a gateway that ended during a body; younger ones may be from a gateway that runs."""
    body = receive(store)
    monkeypatch.setattr(unused_bodies, "ABANDONED_SECONDS", seconds - 1)
    store.sessions.delete(store.sessions.create("empty", None).id)
    assert has_pieces(store, body.key) is stays


def test_the_response_bodies_of_a_collection_are_read_at_once(store: Store) -> None:
    """Oldest first, without those of other collections, larger ones and those in pieces."""
    [pieced] = record(store, receive(store), session="pieced")
    assert pieced.response
    bodies_of = [b"b", b"a", b"", b"12345", pieced.response.body, b"123456"]
    examples = [make_example(id=f"0{n}", response=make_response(body=one)) for n, one in enumerate(bodies_of)]
    shop = collect(store, *examples)
    collect(store, make_example(id="09", item_id="another", response=make_response(body=b"c")), name="other")
    contents = [content for _, content in store.bodies.read_response_bodies(shop.id, 5)]
    assert contents == [b"b", b"a", b"12345"]
    assert dict(store.bodies.read_response_bodies(shop.id, 5)) == {
        hashlib.sha256(one).hexdigest(): one for one in contents
    }


def test_many_bodies_are_read_at_once(store: Store) -> None:
    """Bodies of more than the largest size, bodies in pieces and unknown digests are left out."""
    short, long, other = (byte * size for byte, size in ((b"s", 20_000), (b"l", 20_001), (b"o", 20_000)))
    [pieced, *_] = record(store, receive(store), short, long, other, session="many")
    assert pieced.response
    assert isinstance(pieced.response.body, BodyRef)
    contents = {hashlib.sha256(one).hexdigest(): one for one in (short, long, other, b"never seen")}
    found = store.bodies.read_many(contents.keys() | {pieced.response.body.digest}, 20_000)
    assert sorted(found.values()) == [other, short]
    assert found.items() <= contents.items()

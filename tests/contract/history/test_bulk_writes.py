"""Many exchanges are stored in short pieces, and large bodies in pieces of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories.messages import make_request, make_response
from tests.factories.stored import EVERYTHING, make_exchange
from understudy.store import bulk_writes
from understudy.store.bulk_writes import BulkWriter
from understudy.store.errors import ValueRefused
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import BodyRef
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


@pytest.fixture
def session_id(store: Store) -> str:
    """A session to write to."""
    return store.sessions.create("imported", None).id


def test_all_are_stored_and_reported(store: Store, session_id: str) -> None:
    reports: list[int] = []
    exchanges = (make_exchange(session_id, f"/{number}") for number in range(1_000))
    assert BulkWriter(store.history, store.bodies).add_all(exchanges, lambda done, _: reports.append(done)) == 1_000
    assert reports[0] == 100
    assert (reports[-1], reports) == (1_000, sorted(reports))
    assert len(list(store.history.select(EVERYTHING))) == 1_000


def test_a_piece_has_few_bytes(store: Store, session_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_writes, "MOST_PIECE_BYTES", 1_000)
    reports: list[int] = []
    exchanges = [make_exchange(session_id, response=make_response(body=b"x" * 500)) for _ in range(6)]
    BulkWriter(store.history, store.bodies).add_all(exchanges, lambda done, _: reports.append(done))
    assert reports == [2, 4, 6]


def test_large_bodies_are_stored_in_pieces(store: Store, session_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("LARGE_BODY", 20_000), ("BODY_PIECE_BYTES", 7_000), ("MOST_PIECE_BYTES", 16_000)):
        monkeypatch.setattr(bulk_writes, name, size)
    asked, said = (bytes([number % 251 for number in range(size)]) for size in (50_000, 20_001))
    exchange = make_exchange(session_id, make_request("POST", body=asked), make_response(body=said))
    BulkWriter(store.history, store.bodies).add_all([exchange])
    [stored] = store.history.select(EVERYTHING)
    assert stored.response
    for body, content in ((stored.request.body, asked), (stored.response.body, said)):
        assert isinstance(body, BodyRef)
        assert store.bodies.read(body) == content
        assert len(list(store.bodies.read_pieces(body))) > 2


def test_what_came_before_an_error_stays_and_can_be_added_again(store: Store, session_id: str) -> None:
    exchanges = [replace(make_exchange(session_id, f"/{number}"), key=number) for number in range(150)]

    def fail_late() -> Iterator[Exchange]:
        yield from exchanges[:120]
        yield make_exchange("no such session")

    writer = BulkWriter(store.history, store.bodies)
    with pytest.raises(ValueRefused, match="no session"):
        writer.add_all(fail_late())
    assert len(list(store.history.select(EVERYTHING))) == 100
    writer.add_all(exchanges)
    assert len(list(store.history.select(EVERYTHING))) == 150

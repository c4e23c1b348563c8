"""Bodies that are read before the first request for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.addons.loop.body_reader import BodyReader
from understudy.proxy.compilation import body_warmup
from understudy.proxy.compilation.body_warmup import warm_up_bodies
from understudy.store.errors import StoreError
from understudy.store.model.messages import Body, BodyRef


class Shelf:
    """The answers of two collections, with a list of bodies that are read one by one."""

    def __init__(self) -> None:
        self.asked: list[Body] = []

    def read(self, body: Body) -> bytes:
        self.asked.append(body)
        return b"read"

    def read_response_bodies(self, collection_id: str, largest: int) -> Iterator[tuple[str, bytes]]:
        assert largest == body_warmup.LARGEST
        if collection_id == "broken":
            raise StoreError("broken")
        for number in range(4):
            yield f"{collection_id} {number}", b"12345"


async def held(*collection_ids: str) -> list[str]:
    """Return the digests that a reader holds after the warm-up."""
    shelf = Shelf()
    reader = BodyReader(shelf.read)
    await warm_up_bodies(reader, shelf, collection_ids)  # type: ignore[arg-type]
    every = [f"{one} {number}" for one in collection_ids for number in range(4)]
    return [digest for digest in every if reader.get_cached(BodyRef(digest, 5)) is not None]


async def test_all_answers_are_held() -> None:
    assert len(await held("one", "two")) == 8


@pytest.mark.parametrize(("room", "number"), [(0, 0), (1, 2), (11, 4), (31, 8)])
async def test_the_room_is_limited(monkeypatch: pytest.MonkeyPatch, room: int, number: int) -> None:
    monkeypatch.setattr(body_warmup, "ROOM", room)
    monkeypatch.setattr(body_warmup, "AT_ONCE", 2)
    assert len(await held("one", "two")) == number


async def test_a_broken_store_leaves_bodies_to_be_read_on_request() -> None:
    assert await held("one", "broken", "two") == [f"one {number}" for number in range(4)]

"""Reading bodies without stopping the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from understudy.addons.loop import body_reader
from understudy.addons.loop.body_reader import BodyReader
from understudy.store.errors import NotFound
from understudy.store.model.messages import Body, BodyRef

SMALL = BodyRef("small", 5)


class Shelf:
    """Bodies by digest; it notes which were read, and in which thread."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = contents
        self.read_so_far: list[str] = []
        self.threads: set[int] = set()

    def read(self, body: Body) -> bytes:
        assert isinstance(body, BodyRef)
        self.threads.add(threading.get_ident())
        self.read_so_far.append(body.digest)
        if body.digest not in self.contents:
            raise NotFound("gone")
        return self.contents[body.digest]


async def test_bytes_are_not_read_from_the_store() -> None:
    shelf = Shelf()
    assert await BodyReader(shelf.read).read(b"given") == b"given"
    assert shelf.read_so_far == []


async def test_a_reference_is_read_in_a_thread() -> None:
    shelf = Shelf(small=b"small")
    assert await BodyReader(shelf.read).read(SMALL) == b"small"
    assert threading.get_ident() not in shelf.threads


async def test_a_body_that_was_read_is_cached() -> None:
    shelf = Shelf(small=b"small")
    reader = BodyReader(shelf.read)
    assert [await reader.read(SMALL) for _ in range(3)] == [b"small"] * 3
    assert shelf.read_so_far == ["small"]


async def test_a_large_body_is_read_once_for_many_clients() -> None:
    """It is kept apart from small ones, many of which it would evict."""
    large = b"x" * (body_reader.MAX_CACHED_BYTES + 1)
    shelf = Shelf(large=large)
    reader = BodyReader(shelf.read)
    body = BodyRef("large", len(large))
    assert await asyncio.gather(*(reader.read(body) for _ in range(5))) == [large] * 5
    assert await reader.read(body) == large
    assert shelf.read_so_far == ["large"]
    assert reader.get_cached(body) is None


async def test_a_body_that_could_not_be_read_is_read_again() -> None:
    shelf = Shelf()
    reader = BodyReader(shelf.read)
    body = BodyRef("later", body_reader.MAX_CACHED_BYTES + 1)
    found = await asyncio.gather(*(reader.read(body) for _ in range(2)), return_exceptions=True)
    assert [isinstance(each, Exception) for each in found] == [True, True]
    shelf.contents["later"] = b"x"
    assert await reader.read(body) == b"x"


async def test_the_cache_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_reader, "CACHE_BYTES", 10)
    monkeypatch.setattr(body_reader, "PARTS_BYTES", 10)
    shelf = Shelf(a=b"12345", b=b"12345", c=b"12345")
    reader = BodyReader(shelf.read)
    for digest in "abca":
        await reader.read(BodyRef(digest, 5))
    assert shelf.read_so_far == ["a", "b", "c", "a"]


async def test_a_deleted_body_is_not_found_each_time() -> None:
    reader = BodyReader(Shelf().read)
    for _ in range(2):
        with pytest.raises(NotFound):
            await reader.read(SMALL)

"""Waiting in the event loop until an exchange is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from tests.factories.stored import make_exchange
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.store.errors import StoreError
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.exchanges import Exchange


@contextmanager
def run_commits(keep: Callable[[Sequence[Exchange]], list[int]]) -> Iterator[Commits]:
    writer = HistoryWriter(keep, announce=partial(report_in_loop, asyncio.get_running_loop()))
    writer.start()
    yield Commits(writer)
    writer.stop()


async def test_keeping_returns_the_id() -> None:
    with run_commits(lambda exchanges: [7] * len(exchanges)) as commits:
        assert await commits.keep(make_exchange()) == 7


async def test_keeping_raises_the_reason_of_a_loss() -> None:
    def fail(exchanges: Sequence[Exchange]) -> list[int]:
        raise StoreError("disk full")

    with run_commits(fail) as commits, pytest.raises(StoreError, match="disk full"):
        await commits.keep(make_exchange())


async def test_many_exchanges_are_kept_at_once() -> None:
    with run_commits(lambda exchanges: [int(one.timings.started) for one in exchanges]) as commits:
        kept = await asyncio.gather(*(commits.keep(make_exchange(started=float(n))) for n in range(50)))
    assert kept == list(range(50))


async def test_a_loss_outside_the_writer_is_counted_by_it() -> None:
    writer = HistoryWriter(lambda _: [])
    Commits(writer).count_loss()
    assert writer.lost == 1


def test_a_loop_that_has_ended_is_not_an_error() -> None:
    """The batch is kept all the same; no connection waits for it."""
    loop = asyncio.new_event_loop()
    loop.close()
    report_in_loop(loop, [(lambda _: None, 1)])


async def test_exchanges_of_one_round_of_the_loop_are_committed_together() -> None:
    batches: list[int] = []

    def keep(exchanges: Sequence[Exchange]) -> list[int]:
        batches.append(len(exchanges))
        return list(range(len(exchanges)))

    with run_commits(keep) as commits:
        futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
        for future in futures:
            commits.submit(make_exchange(), future.set_result)
        assert await asyncio.gather(*futures) == [0, 1, 2]
    assert batches == [3]

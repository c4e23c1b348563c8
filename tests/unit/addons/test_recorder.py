"""Recording by hooks: what is kept, what waits until it is kept, and what a loss causes."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest

from tests.factories.flows import make_flow, make_flow_response
from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import get_note
from understudy.addons.loop.commits import Commits, report_in_loop
from understudy.addons.recorder import Recorder
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.errors import StoreError
from understudy.store.history_writer import HistoryWriter
from understudy.store.model.exchanges import Exchange
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import LARGE_BODY, PiecedBody


class History:
    """A history in memory behind a running writer; `failure` is raised instead of keeping an exchange."""

    def __init__(self) -> None:
        self.kept: list[Exchange] = []
        self.failure: Exception | None = None
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.pieces: list[tuple[str, int, bytes]] = []
        announce = partial(report_in_loop, asyncio.get_running_loop())
        self.writer = HistoryWriter(self._add, self._add_pieces, announce=announce)

    def recorder(
        self,
        mode: Mode = Mode.RECORD,
        on_loss: OnLoss = OnLoss.STOP,
        session: str | None = "s",
        keeping: BodyLimits | None = None,
        *,
        holds: bool = False,
    ) -> Recorder:
        """A recorder whose flows start in this mode."""
        current = CurrentMode(ActiveMode(mode, session_id=session))
        return Recorder(current, Commits(self.writer), on_loss, keeping=keeping, holds_back=holds)

    def _add_pieces(self, pieces: list[tuple[str, int, bytes]]) -> None:
        if self.failure:
            raise self.failure
        self.pieces += pieces

    def _add(self, exchanges: Sequence[Exchange]) -> list[int]:
        assert self.may_commit.wait(30)
        if self.failure:
            raise self.failure
        self.kept += exchanges
        return list(range(len(self.kept) - len(exchanges) + 1, len(self.kept) + 1))


@pytest.fixture
async def history() -> AsyncIterator[History]:
    """A history whose writer runs until the end of the test."""
    made = History()
    made.writer.start()
    yield made
    made.writer.stop()


@pytest.mark.parametrize("mode", [Mode.RECORD, Mode.SPY])
async def test_what_is_forwarded_is_kept(history: History, mode: Mode) -> None:
    await history.recorder(mode).response(make_flow(target=b"/a", response=make_flow_response(201)))
    [exchange] = history.kept
    assert exchange.response
    assert (exchange.session_id, exchange.request.target, exchange.response.status) == ("s", b"/a", 201)


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.MOCK, Mode.REPLAY])
@pytest.mark.parametrize("hook", ["response", "error"])
async def test_other_modes_keep_nothing(history: History, mode: Mode, hook: str) -> None:
    await getattr(history.recorder(mode), hook)(make_flow(response=make_flow_response(), error="reset"))
    assert history.kept == []


async def test_without_a_session_each_exchange_is_lost(history: History) -> None:
    """The session was deleted while the gateway runs: the client must not believe that its calls are kept."""
    flow = make_flow(response=make_flow_response())
    await history.recorder(session=None).response(flow)
    assert flow.response
    assert (flow.response.status_code, history.kept, history.writer.lost) == (502, [], 1)


async def test_a_stream_that_cannot_be_kept_does_not_end(history: History) -> None:
    """Its pieces were sent; without the end the client sees that the response is incomplete."""
    history.failure = StoreError("disk full")
    recorder = history.recorder()
    flow = make_flow(response=make_flow_response(headers=[(b"Content-Type", b"text/event-stream")]))
    flow.live = True
    recorder.responseheaders(flow)
    assert flow.response
    assert callable(flow.response.stream)
    flow.response.stream(b"data: 1\n\n")
    await recorder.response(flow)
    assert flow.error
    assert flow.error.msg == flow.error.KILLED_MESSAGE


@pytest.mark.parametrize("hook", ["response", "error"])
async def test_a_response_of_ours_is_not_kept(history: History, hook: str) -> None:
    flow = make_flow(response=make_flow_response(), error="reset")
    get_note(flow).is_answered = True
    await getattr(history.recorder(Mode.SPY), hook)(flow)
    assert history.kept == []


async def test_a_response_waits_until_its_exchange_is_durable(history: History) -> None:
    history.may_commit.clear()
    hook = asyncio.ensure_future(history.recorder().response(make_flow(response=make_flow_response())))
    await asyncio.wait([hook], timeout=0.05)
    assert not hook.done()
    history.may_commit.set()
    await asyncio.wait_for(hook, 30)
    assert len(history.kept) == 1


async def test_an_exchange_whose_client_has_left_is_kept(history: History) -> None:
    history.may_commit.clear()
    recorder = history.recorder()
    gone = asyncio.ensure_future(recorder.response(make_flow(target=b"/gone", response=make_flow_response())))
    await asyncio.sleep(0)
    gone.cancel()
    history.may_commit.set()
    await recorder.response(make_flow(target=b"/next", response=make_flow_response()))
    assert [exchange.request.target for exchange in history.kept] == [b"/gone", b"/next"]


async def test_an_upstream_that_failed_is_kept_as_failed(history: History) -> None:
    await history.recorder().error(make_flow(error="connection refused"))
    [exchange] = history.kept
    assert (exchange.has_failed, exchange.error, exchange.response) == (True, "connection refused", None)


async def test_a_response_that_broke_off_is_kept_as_failed(history: History) -> None:
    await history.recorder().error(make_flow(response=make_flow_response(body=b"par"), error="reset"))
    [exchange] = history.kept
    assert exchange.response
    assert (exchange.has_failed, exchange.response.body) == (True, b"par")


async def test_an_exchange_that_is_kept_is_not_kept_again_as_failed(history: History) -> None:
    """The client may break off after the hook, before it has read everything."""
    recorder, flow = history.recorder(), make_flow(response=make_flow_response(), error="client gone")
    await recorder.response(flow)
    await recorder.error(flow)
    assert len(history.kept) == 1


# Losses


async def test_a_loss_stops_the_response(history: History) -> None:
    history.failure = StoreError("no space left")
    flow = make_flow(response=make_flow_response())
    await history.recorder().response(flow)
    assert flow.response
    assert flow.response.status_code == 502
    error = flow.response.json()["error"]
    assert error["name"] == "recordingFailedError"
    assert error["message"].endswith("could not be kept: no space left")


async def test_a_loss_does_not_stop_the_response_with_the_option_for_it(history: History) -> None:
    history.failure = StoreError("no space left")
    flow = make_flow(response=make_flow_response(201))
    await history.recorder(on_loss=OnLoss.CONTINUE).response(flow)
    assert flow.response
    assert flow.response.status_code == 201


@pytest.mark.parametrize("on_loss", OnLoss)
async def test_a_loss_is_counted(history: History, on_loss: OnLoss) -> None:
    history.failure = ZeroDivisionError("oh")
    await history.recorder(on_loss=on_loss).response(make_flow(response=make_flow_response()))
    assert (history.writer.kept, history.writer.lost) == (0, 1)


async def test_a_failed_exchange_that_is_lost_is_counted(history: History) -> None:
    history.failure = StoreError("no space left")
    await history.recorder().error(make_flow(error="reset"))
    assert history.writer.lost == 1


async def test_a_flow_that_cannot_be_read_is_a_loss_too(history: History) -> None:
    """mitmproxy would log the exception and send the response."""
    flow = make_flow(response=make_flow_response())
    flow.request.data.headers = None  # type: ignore[assignment]  # so that something fails
    await history.recorder().response(flow)
    assert flow.response
    assert (flow.response.status_code, history.writer.lost) == (502, 1)


# Streaming and the log


@pytest.mark.parametrize(
    ("mode", "content_type", "streams"),
    [
        (Mode.PASS, b"text/plain", True),
        (Mode.RECORD, b"text/plain", False),
        (Mode.SPY, b"text/plain", False),
        (Mode.RECORD, b"text/event-stream; charset=utf-8", True),
        (Mode.PASS, b"text/event-stream", True),
    ],
)
async def test_which_responses_are_streamed_in_stock_mitmproxy(
    history: History, mode: Mode, content_type: bytes, streams: bool
) -> None:
    flow = make_flow(response=make_flow_response(headers=((b"Content-Type", content_type),)))
    history.recorder(mode).responseheaders(flow)
    assert flow.response
    assert bool(flow.response.stream) is streams


@pytest.mark.parametrize(
    ("fields", "streams"),
    [
        ({b"Content-Type": b"text/plain"}, True),
        ({b"Content-Length": b"12"}, False),
        ({b"Content-Length": b"%d" % (LARGE_BODY + 1)}, True),
        ({b"Content-Length": b"12", b"Content-Type": b"text/event-stream"}, True),
    ],
)
async def test_our_own_layer_streams_each_response_that_may_be_large(
    history: History, fields: dict[bytes, bytes], streams: bool
) -> None:
    flow = make_flow(response=make_flow_response(headers=fields.items()))
    history.recorder(holds=True).responseheaders(flow)
    assert flow.response
    assert bool(flow.response.stream) is streams


@pytest.mark.parametrize(("mode", "streams"), [(Mode.RECORD, True), (Mode.PASS, True), (Mode.SPY, False)])
async def test_a_large_request_is_streamed(history: History, mode: Mode, streams: bool) -> None:
    """Not in spy mode, where the examples are asked first."""
    flow = make_flow("POST", headers=((b"Content-Length", b"%d" % (LARGE_BODY + 1)),))
    history.recorder(mode, holds=True).requestheaders(flow)
    assert bool(flow.request.stream) is streams


async def test_a_large_body_is_kept_in_pieces(history: History) -> None:
    """The exchange is kept after the last piece, and has the times of all chunks."""
    flow = make_flow(response=make_flow_response(body=None, headers=((b"Content-Type", b"text/event-stream"),)))
    recorder = history.recorder(keeping=BodyLimits(large=10))
    recorder.responseheaders(flow)
    assert flow.response
    assert callable(flow.response.stream)
    for content in (b"12345", b"67890", b"a"):
        flow.response.stream(content)
    await recorder.response(flow)
    assert [(position, content) for _, position, content in history.pieces] == [(0, b"1234567890a")]
    [exchange] = history.kept
    assert exchange.response
    assert isinstance(exchange.response.body, PiecedBody)
    assert exchange.response.body.key == history.pieces[0][0]


async def test_a_body_whose_pieces_are_lost_is_one_loss(history: History, caplog: pytest.LogCaptureFixture) -> None:
    """Its client does not get the end."""
    history.failure = StoreError("no space left")
    flow = make_flow(response=make_flow_response(body=None, headers=((b"Content-Type", b"text/event-stream"),)))
    flow.live = True
    recorder = history.recorder(keeping=BodyLimits(large=1))
    recorder.responseheaders(flow)
    assert flow.response
    assert callable(flow.response.stream)
    flow.response.stream(b"data: 1")
    await recorder.response(flow)
    assert (history.kept, history.writer.lost) == ([], 1)
    assert flow.error


async def test_an_event_stream_is_kept_at_its_end(history: History) -> None:
    recorder = history.recorder()
    flow = make_flow(response=make_flow_response(body=None, headers=((b"Content-Type", b"text/event-stream"),)))
    recorder.responseheaders(flow)
    assert flow.response
    assert callable(flow.response.stream)
    flow.response.stream(b"data: 1\n\n")
    await recorder.response(flow)
    [exchange] = history.kept
    assert exchange.response
    assert exchange.response.body == b"data: 1\n\n"


async def test_the_log_has_no_query(history: History, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="understudy"):
        await history.recorder().response(make_flow(target=b"/a?token=s3cr3t", response=make_flow_response()))
    assert caplog.messages == ["record GET /a: 200, entry 1"]

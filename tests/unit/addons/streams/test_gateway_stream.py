"""One exchange in mitmproxy's HTTP layer: what waits before it reaches the client."""

from __future__ import annotations

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.body_tap import BodyTap
from understudy.addons.loop.commits import Commits
from understudy.addons.streams.gateway_stream import GatewayStream
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.history_writer import HistoryWriter


@pytest.mark.parametrize(("content_type", "waits"), [("application/grpc", False), ("text/event-stream", True)])
def test_the_head_of_a_grpc_call_does_not_wait_for_an_error_that_may_replace_it(content_type: str, waits: bool) -> None:
    stream = GatewayStream(Context(tflow.tclient_conn(), Options()), 1)
    stream.flow = flow = tflow.tflow(resp=True)
    flow.request.http_version, flow.request.headers["content-type"] = "HTTP/2.0", content_type
    get_note(flow).response_tap = BodyTap(Commits(HistoryWriter(lambda _: [])), BodyLimits(), 0.0)
    first = next(iter(stream.start_response_stream()))
    assert isinstance(first, commands.RequestWakeup) is waits

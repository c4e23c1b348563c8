"""A mock server, the gateway's layer and its hook give the same bytes for the same request."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st
from mitmproxy.net.http.http1 import assemble

from tests.factories.flows import UPSTREAM, make_flow
from tests.property.test_matcher_laws import ASKED, REQUESTS
from understudy.addons.answerer import Answerer
from understudy.addons.current import CurrentMode
from understudy.addons.loop.body_reader import BodyReader
from understudy.matcher.index import compile_index
from understudy.matcher.settings import MatchSettings
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.answers.sequences import Sequences
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind, GatewaySite
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import MockSite
from understudy.serving.responder import Responder
from understudy.serving.site_protocol import Site
from understudy.serving.steps import HandOver
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Headers, Origin, Request, Response
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace

PLACE = Origin("http", *UPSTREAM)
OWN_HEADER = re.compile(rb"X-Understudy-Example: [^\r\n]*\r\n")
SETTINGS = st.builds(MatchSettings, distance=st.booleans(), body=st.booleans())
BODIES = st.sampled_from([b"", b"plain", b'{"id": "{{$body \'k\'}}", "q": "{{$queryParams \'p\'}}", "x": "{{x}}"}'])
FIELDS = st.lists(
    st.sampled_from(
        [
            (b"Content-Type", b"application/json"),
            (b"content-length", b"7"),
            (b"Location", b"http://api.example.com/next"),
            (b"Set-Cookie", b"a=b; Domain=api.example.com"),
            (b"Connection", b"close, X-Hop"),
            (b"X-Hop", b"1"),
            (b"Transfer-Encoding", b"chunked"),
            (b"ETag", b'"e"'),
        ]
    ),
    max_size=3,
    unique=True,
).map(lambda fields: Headers(tuple(fields)))
ACCEPTING = st.sampled_from([(), (("Accept-Encoding", "gzip"),), (("Accept-Encoding", "identity"),)])


def response(status: int, headers: Headers, body: bytes, reason: bytes, zipped: bool) -> Response:
    if zipped and body:
        headers = Headers((*headers.fields, (b"Content-Encoding", b"gzip")))
        body = gzip.compress(body, mtime=0)
    return Response(status, headers, body, reason)


RESPONSES = st.builds(
    response,
    st.sampled_from([200, 201, 204, 304, 404, 500]),
    FIELDS,
    BODIES,
    st.sampled_from([b"", b"Fine"]),
    st.booleans(),
)
EXAMPLES = st.builds(
    lambda request, response, templates, literal: (replace(request, origin=PLACE), response, templates, literal),
    REQUESTS,
    RESPONSES,
    st.booleans(),
    st.booleans(),
)


def collection(made: Sequence[tuple[Request, Response, bool, bool]], in_turn: bool) -> list[Example]:
    """Return examples; with `in_turn`, those with the request of the first one are a sequence."""
    first = made[0][0] if made else None
    return [
        Example(
            id=f"{number:02}",
            collection_id="c",
            item_id="i",
            name=f"Name {number}",
            request=request,
            response=answer,
            literal=literal,
            templates=templates,
            sequence="s" if in_turn and request == first else None,
        )
        for number, (request, answer, templates, literal) in enumerate(made)
    ]


def encode_request(request: Request, version: bytes) -> bytes:
    """Return the bytes of a request to a server at `gateway:8080`."""
    assert isinstance(request.body, bytes)
    fields = [(b"Host", b"gateway:8080"), *request.headers.fields]
    if request.body:
        fields.append((b"Content-Length", b"%d" % len(request.body)))
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    return b"%s %s %s\r\n%s\r\n%s" % (request.method.encode(), request.target, version, lines, request.body)


def answer_by_responder(site: Site, wire: bytes) -> bytes | None:
    """Return the bytes of the responder's answer; None if it hands the connection over."""
    responder = Responder(lambda: site, hands_over=True)
    responder.receive(wire)
    sent: list[bytes] = []
    while (step := responder.next()) is not None:
        assert not isinstance(step, Fetch), "bodies are at hand"
        if isinstance(step, HandOver):
            return None
        if isinstance(step, bytes):
            sent.append(step)
    return b"".join(sent)


def answer_by_hook(active: ActiveMode, request: Request) -> bytes:
    """Return the bytes that mitmproxy writes for the flow that the hook answered."""
    assert isinstance(request.body, bytes)
    fields = ((b"Host", b"gateway:8080"), *request.headers.fields)
    flow = make_flow(request.method, request.target, headers=fields, body=request.body)
    asyncio.run(Answerer(CurrentMode(active), BodyReader(_bytes)).request(flow))
    assert flow.response
    return bytes(assemble.assemble_response(flow.response))


def _bytes(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def answers(examples: list[Example], settings: MatchSettings) -> Answers:
    """Return new answers: no sequence has advanced, and random values are the same each time."""
    templates = Templates(compile_templates(examples, _bytes), {"x": "filled"}, RandomSource(lambda: 0.0, seed=1))
    return Answers(compile_index(examples, settings), Sequences(), templates)


CALLS = st.builds(
    lambda request, accepting: replace(
        request,
        headers=Headers((*request.headers.drop(["x-mock-response-delay"]).fields, *Headers.of(accepting).fields)),
    ),
    ASKED,
    ACCEPTING,
)


@given(
    st.lists(EXAMPLES, max_size=5),
    st.lists(CALLS, min_size=1, max_size=4),
    SETTINGS,
    st.booleans(),
)
def test_mock_server_layer_and_hook_give_the_same_bytes(
    made: list[tuple[Request, Response, bool, bool]],
    calls: list[Request],
    settings: MatchSettings,
    in_turn: bool,
) -> None:
    examples = collection(made, in_turn)
    served = CompiledMockServer(MockServer("m", "m", "m", "c", 0, 0, cors=False), answers(examples, settings))
    mock_server = MockSite(Directory({}, served))
    kind = ConnectionKind(PLACE, is_reverse=True, tunnel=False, tls=False)
    layer = GatewaySite(ActiveMode(Mode.MOCK, reverse_answers=answers(examples, settings)), kind, get_inline_body)
    hook = ActiveMode(Mode.MOCK, reverse_answers=answers(examples, settings))
    # Each is asked twice: the second time from what it remembers.
    for request in (*calls, *calls):
        wire = encode_request(request, b"HTTP/1.1")
        from_layer = answer_by_responder(layer, wire)
        assume(from_layer is not None)  # a target that is not ASCII is left to mitmproxy
        from_mock_server = answer_by_responder(mock_server, wire)
        assert from_mock_server is not None
        assert OWN_HEADER.sub(b"", from_mock_server) == from_layer
        assert answer_by_hook(hook, request) == from_layer

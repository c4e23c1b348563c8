"""Mock servers in memory, and a client that collects their answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.serving.mock_server.directory import Directory
from understudy.serving.mock_server.site import MockSite
from understudy.serving.responder import Responder
from understudy.serving.site_protocol import Site
from understudy.serving.steps import Close, Step, Wait
from understudy.store.model.collections import Example
from understudy.store.model.mock_servers import MockServer

HOST = b"Host: mock.test\r\n"
GET = b"GET /users/7 HTTP/1.1\r\n" + HOST + b"\r\n"
HIT = b"hit"


def hit(**options: Any) -> Example:
    """Return the example that answers GET."""
    return make_example(make_request(target="/users/7", origin=None), response=make_response(body=HIT), **options)


def make_mock(slug: str = "shop", **options: Any) -> MockServer:
    """Return a mock server, by default without CORS."""
    return MockServer(f"id-{slug}", slug.title(), slug, "collection", 0, 0, **{"cors": False, **options})


def make_served(*examples: Example, mock: MockServer | None = None, **options: Any) -> CompiledMockServer:
    """Return a compiled mock server of these examples, by default of the one that answers GET."""
    return CompiledMockServer(mock or make_mock(), Answers(compile_index(examples or [hit()])), **options)


@dataclass
class Logged:
    """The calls that a call log was given."""

    calls: list[tuple[bytes | RawRequest, Reply]] = field(default_factory=list)

    def __call__(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        self.calls.append((call, reply))


def at_root(served: CompiledMockServer, log: Logged | None = None) -> MockSite:
    """Return a site with this mock server at its root."""
    return MockSite(Directory({}, served), log)


class Client:
    """One connection to a site. `body` is the result of each Fetch; time only passes by waiting."""

    def __init__(
        self, site: Site, limits: Limits = DEFAULT_LIMITS, random: Random | None = None, body: bytes | None = HIT
    ) -> None:
        self.site = site
        self.body = body
        self.now = 0.0
        self.pieces: list[bytes] = []
        self.responder = Responder(lambda: self.site, limits, random=random, now=lambda: self.now)

    def piece(self, position: int) -> bytes | None:
        """Return the piece of a large body at a position; None if it cannot be read."""
        return self.pieces[position] if position < len(self.pieces) else None

    def steps(self, *pieces: bytes) -> list[Step]:
        """Send these pieces and return all steps that follow; waits and fetches end at once."""
        steps: list[Step] = []
        for piece in pieces:
            self.responder.receive(piece)
            steps += self.go_on()
        return steps

    def go_on(self) -> list[Step]:
        """Return the steps that are due now."""
        steps: list[Step] = []
        while (step := self.responder.next()) is not None:
            if isinstance(step, Fetch):
                self.responder.receive_body(self.body if step.position is None else self.piece(step.position))
            if isinstance(step, Wait):
                self.now += step.seconds
            steps.append(step)
        return steps

    def ask(self, *pieces: bytes) -> bytes:
        """Send these pieces and return the bytes of the answers."""
        return sent(self.steps(*pieces))


def sent(steps: Iterable[Step]) -> bytes:
    """Return the bytes of these steps."""
    return b"".join(step for step in steps if isinstance(step, bytes))


def waited(steps: Iterable[Step]) -> list[float]:
    """Return the seconds of the waits."""
    return [step.seconds for step in steps if isinstance(step, Wait)]


def closes(steps: Iterable[Step]) -> list[Close]:
    """Return the closes of the connection, at most one."""
    return [step for step in steps if isinstance(step, Close)]

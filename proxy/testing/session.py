"""Recorded sessions inside a test's own process: replayed strictly, with a log of requests that were not recorded."""

from __future__ import annotations

from understudy.matcher.normal_forms import format_for_display
from understudy.proxy.call_log.in_memory import InMemoryCallLog
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.replay_settings import STRICT_REPLAY, ReplaySettings
from understudy.proxy.mock_server.thread import ServingThread
from understudy.serving.answers.replies import Reply
from understudy.serving.answers.reply_cache import BodyLookup
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind, GatewaySite
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.site import CallLogger
from understudy.store.errors import UserError
from understudy.store.model.calls import Call
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.store import Store


class SessionSite(GatewaySite):
    """The site of a gateway in replay mode, with a log and without WebSockets, which need a gateway."""

    can_replay_websockets = False

    __slots__ = ("_log",)

    def __init__(self, active: ActiveMode, kind: ConnectionKind, bodies: BodyLookup, log: CallLogger) -> None:
        super().__init__(active, kind, bodies)
        self._log = log

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Log the call."""
        self._log(call, reply, at, duration)


class LocalSession:
    """A session that answers at `url` until `stop`: with each recorded answer in turn, then with the last one.

    `upstream` is the recorded host that `url` stands for, needed if there were several. `replay` is what is compared.
    """

    def __init__(
        self, store: Store, name: str, *, upstream: str | None = None, replay: ReplaySettings = STRICT_REPLAY
    ) -> None:
        session = store.sessions.find(name)
        self.name = session.name
        state = GatewayState(Mode.REPLAY, session_id=session.id)
        active = Activation(store, replay=replay).activate(state)
        self._active = replace(active, reverse_origin=_choose_origin(active, upstream, session.name))
        self._calls = InMemoryCallLog(session.id, make_display_redactor(store))
        self._thread = ServingThread(store.bodies, replay.hold)
        self._calls.settle = self._thread.settle
        place = Origin("http", "127.0.0.1", self._thread.port)
        kind = ConnectionKind(place, is_reverse=True, tunnel=False, tls=False)
        self._thread.start(SessionSite(self._active, kind, self._thread.bodies.get_cached, self._calls))

    @property
    def url(self) -> str:
        """The URL at which it answers, without a slash at the end."""
        return self._thread.url

    def calls(self) -> list[Call]:
        """Return the calls so far, oldest first, with their secrets redacted."""
        return self._calls.list_calls()

    def misses(self) -> list[Call]:
        """Return the calls that the session has no answer to."""
        return [call for call in self.calls() if call.example_id is None]

    def describe_misses(self) -> str:
        """Return the misses, one in a line, each with the nearest recorded request; "" without misses."""
        return "\n".join(f"  {self._describe_miss(call)}" for call in self.misses())

    def stop(self) -> None:
        """Stop answering."""
        self._thread.stop()

    def _describe_miss(self, call: Call) -> str:
        request = replace(call.request, origin=self._active.reverse_origin)
        decision = self._active.reverse_answers.index.decide(request)
        why = self._active.replay.explain(decision)
        return (
            f"{format_for_display(request.method)} {format_for_display(call.request.url)}{f' ({why})' if why else ''}"
        )


def _choose_origin(active: ActiveMode, upstream: str | None, session: str) -> Origin:
    if upstream is not None:
        try:
            return Origin.parse(upstream)
        except ValueError as error:
            raise UserError(str(error), field="upstream") from error
    if active.reverse_origin is None:
        raise UserError(
            f"session {session!r} has calls to several hosts; choose one",
            what="session",
            which=session,
            field="upstream",
        )
    return active.reverse_origin

"""The layer that forwards and records HTTP/1.1: bytes pass untouched, and an answer's end waits for its commit.

No flow is made and no hook runs but mitmproxy's for connections and TLS. Requests are forwarded one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import REPLACEABLE_BYTES, REPLACEABLE_SECONDS, Forwarding
from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.commit_events import Keeper
from understudy.addons.layers.exchange_in_flight import Told, Turn
from understudy.addons.layers.spy import Spying
from understudy.addons.layers.upstream_connection import Commands, Opened, UpstreamConnection
from understudy.addons.loop.connections import why_over
from understudy.serving.answers.answer import refusal
from understudy.serving.gateway import error_replies as replies
from understudy.serving.gateway.active import Active
from understudy.serving.gateway.error_replies import in_words
from understudy.serving.gateway.forwarded_heads import editing, for_parent, forwarded_head
from understudy.serving.gateway.site import Kind, Place, client_of, place_of
from understudy.serving.http1.exchange_reader import Asked, ExchangeReader
from understudy.serving.http1.framing import BadFraming
from understudy.serving.http1.heads import HEAD_END, PASSING, Foreign, UpstreamBroken, read_request, refused_version
from understudy.serving.http1.heads import RequestHead as Head
from understudy.serving.http1.rules import Malformed
from understudy.serving.http1.wire import CONTINUE
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Headers, Origin, Response

# What a client sends while its last request is not answered.
MOST_UNREAD = 256 * 1024
# Bytes of large bodies on their way to the store; who sends more has to wait.
MOST_OWED = 4 * 1024 * 1024
# Upstreams close connections that were idle; what may not be sent twice goes through a fresh one.
FRESH_SECONDS = 1.0


class To(Enum):
    """Who takes a connection over between two requests."""

    ANSWERS = auto()
    MITMPROXY = auto()


class RecordLayer(layer.Layer):
    """One connection. `moved` gives it to somebody else, with the bytes that it goes on with."""

    def __init__(
        self, context: Context, shared: Forwarding, kind: Kind, moved: Callable[[To, bytes], Commands]
    ) -> None:
        super().__init__(context)
        self._shared = shared
        self._kind = kind
        self._moved = moved
        self._keeper = Keeper(shared, context.client.id, self._told_alone)
        self._unread = b""
        self._since = 0.0
        self._turn: Turn | None = None
        self._spying: Spying | None = None
        self._refused: Head | None = None  # is answered, and still coming
        self._upstream: UpstreamConnection | None = None
        self._upstreams: dict[Connection, UpstreamConnection] = {}  # those too that are being closed
        self._sources: dict[commands.Command, UpstreamConnection] = {}
        self._timer: commands.RequestWakeup | None = None
        self._stopped: set[Connection] = set()
        self._gone = False  # the client sends no more
        self._ended = False  # nothing more is sent to it

    def owns(self, connection: Connection) -> bool:
        """Whether this connection is one of its own to an upstream."""
        return connection in self._upstreams

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.ConnectionEvent):
            if event.connection is self.context.client:
                yield from self._of_client(event)
            else:
                yield from self._of_upstream(event)
        elif isinstance(event, Told):
            if event.turn is self._turn:
                yield from self._told(event)
        elif isinstance(event, events.CommandCompleted):
            yield from self._completed(event)
        turn = self._turn
        if self._stopped or len(self._unread) > MOST_UNREAD or (turn is not None and turn.owed > MOST_OWED):
            self._balance()

    def _of_client(self, event: events.ConnectionEvent) -> Commands:
        if isinstance(event, events.DataReceived):
            if not self._unread:
                self._since = time.time()
            self._unread = self._unread + event.data if self._unread else event.data
            yield from self._go_on()
        elif isinstance(event, events.ConnectionClosed):
            yield from self._client_left()

    def _of_upstream(self, event: events.ConnectionEvent) -> Commands:
        upstream = self._upstreams.get(event.connection)
        if upstream is not None:
            if isinstance(event, events.ConnectionClosed):
                del self._upstreams[event.connection]
            yield from self._watched(upstream, upstream.handle(event))

    def _completed(self, event: events.CommandCompleted) -> Commands:
        if event.command is self._timer:
            self._timer = None
            if self._turn is not None and not self._turn.keeping:
                yield from self._release(self._turn)
        elif (upstream := self._sources.pop(event.command, None)) is not None:
            yield from self._watched(upstream, upstream.handle(event))
        elif self._spying is not None:
            yield from self._spying.handle(event)
            yield from self._after_asking(self._spying)

    # What the client sends.

    def _go_on(self) -> Commands:
        before = -1
        while self._unread and not self._ended and len(self._unread) != before:
            before = len(self._unread)
            turn, spying = self._turn, self._spying
            if self._refused is not None:
                yield from self._skip(self._refused)
            elif turn is not None:
                if turn.reader.request_complete or turn.keeping or self._upstream is None or not self._upstream.open:
                    return
                yield from self._pass_body(turn)
            elif spying is not None:
                if spying.asked:
                    return
                yield from self._collect(spying)
            else:
                yield from self._begin()

    def _begin(self) -> Commands:
        # Empty lines before a request are to be skipped (RFC 9112, section 2.2).
        data = self._unread.lstrip(b"\r\n") if self._unread[:1] in b"\r\n" else self._unread
        active = self._shared.current.active
        if active.mode.offline:  # a request finishes in the mode it started in
            yield from self._move(To.ANSWERS)
            return
        end = data.find(HEAD_END) + len(HEAD_END)
        if end < len(HEAD_END):
            yield from self._check_beginning(data)
            return
        head = read_request(data[:end])
        if isinstance(head, Malformed):
            yield from self._refuse(head)
        elif isinstance(head, Foreign) or head.upgrade or head.method == "CONNECT":
            yield from self._move(To.MITMPROXY)
        else:
            self._unread = data[end:]
            yield from self._take(head, active)

    def _check_beginning(self, data: bytes) -> Commands:
        if len(data) > PASSING.head:
            yield from self._refuse(Malformed(431, f"a head of up to {PASSING.head} bytes is read here"))
        elif (problem := refused_version(data)) is not None:
            yield from self._refuse(problem)

    def _take(self, head: Head, active: Active) -> Commands:
        place = place_of(self._kind, head.target)
        refusal = self._refusal(place)
        if place is None or refusal is not None:
            yield from self._say(refusal or replies.NOT_HERE, head)
            return
        self._shared.guard.began(self.context.client.id)
        if active.mode is Mode.SPY:
            self._spying = spying = Spying(active, head, place, self._since, self._answers)
            if spying.waits_for_body and not self._unread:
                yield commands.SendData(self.context.client, CONTINUE)
            yield from self._collect(spying)
        else:
            yield from self._forward(head, place, active, self._since)

    def _refusal(self, place: Place | None) -> Response | None:
        if place is None:
            return replies.NOT_HERE
        upstream, own = self._shared.upstream, place.own
        if upstream is None:
            return replies.NO_UPSTREAM if own else None
        return None if own or self._shared.elsewhere else replies.elsewhere(upstream)

    # Spy mode: first the examples, then the upstream.

    def _answers(self, missed: Callable[[Context, bytes], layer.Layer]) -> AnswerLayer:
        return AnswerLayer(self.context.fork(), self._shared.current, self._shared.sites, self._kind, missed)

    def _collect(self, spying: Spying) -> Commands:
        try:
            end = spying.take(self._unread)
        except BadFraming as problem:
            self._stop_spying()
            yield from self._refuse(Malformed(400, str(problem)))
            return
        self._unread = self._unread[end:]
        if spying.head.framing.complete:
            yield from spying.ask()
            yield from self._after_asking(spying)

    def _after_asking(self, spying: Spying) -> Commands:
        if spying.missed:
            self._spying = None
            head, body = spying.again()
            behind, self._unread = self._unread, body
            yield from self._forward(head, spying.place, spying.active, spying.since)
            if body and self._turn is not None:
                yield from self._pass_body(self._turn)
            self._unread = behind
        elif spying.over:
            self._stop_spying()
            if spying.closed or not spying.head.keep_alive:
                yield from self._end()
            else:
                yield from self._go_on()

    def _stop_spying(self) -> None:
        if self._spying is not None:
            self._spying = None
            self._shared.guard.over(self.context.client.id)

    # Forwarding.

    def _forward(self, head: Head, place: Place, active: Active, since: float) -> Commands:
        shared, origin = self._shared, place.origin
        edit = editing(origin, partial(self._known_as, head, origin)) if place.own and shared.urls else None
        sent = forwarded_head(head, place.target, origin, own=place.own)
        parent = shared.parents.to(origin)
        if parent is not None and origin.scheme == "http":
            sent = for_parent(sent, origin, parent.authorization)
        keeping = shared.keeping if active.records else None
        reader = ExchangeReader(head, Asked(origin, place.target), since, keeping, edit)
        self._turn = turn = Turn(active, reader)
        yield from self._connect(turn, sent)

    def _known_as(self, head: Head, origin: Origin) -> Origin | None:
        return client_of(self._kind, Headers(head.fields).get("host"), origin)

    def _connect(self, turn: Turn, head: bytes) -> Commands:
        upstream, origin = self._upstream, turn.reader.asked.origin
        if upstream is not None and upstream.open and upstream.origin == origin:
            upstream.used = turn.idempotent or time.time() - upstream.idle_since < FRESH_SECONDS
            if upstream.used:
                yield from self._to_upstream(turn, head)
                return
        yield from self._drop_upstream()
        turn.note_sent(head)
        yield from self._open(origin, head)

    def _open(self, origin: Origin, first: bytes) -> Commands:
        there = origin == self._kind.place
        sni = (self.context.server.sni or self.context.client.sni) if there else None
        parent = self._shared.parents.to(origin)
        self._upstream = upstream = UpstreamConnection(self.context, origin, sni or origin.host, first, parent)
        yield from self._watched(upstream, upstream.start())

    def _to_upstream(self, turn: Turn, data: bytes) -> Commands:
        turn.note_sent(data)
        if self._upstream is not None:
            yield from self._watched(self._upstream, self._upstream.send(data))

    def _pass_body(self, turn: Turn) -> Commands:
        try:
            end = turn.reader.take_request(self._unread, time.time())
        except BadFraming as problem:
            self._gone = True  # nobody knows where the next request would begin
            turn.reply = refusal(Malformed(400, str(problem)))
            yield from self._fail(turn, f"the request is malformed: {problem}")
            return
        data, self._unread = self._unread[:end], self._unread[end:]
        if data:
            yield from self._to_upstream(turn, data)
            self._keeper.keep_pieces(turn, turn.reader.pieces())

    # What the upstream does.

    def _opened(self, upstream: UpstreamConnection, reason: str | None) -> Commands:
        turn = self._turn
        if upstream is not self._upstream:
            return
        if reason is None:
            yield from self._go_on()
        elif turn is not None:
            self._upstream, reason = None, in_words(reason)
            turn.reply = replies.unreachable(upstream.origin, reason)
            yield from self._fail(turn, reason)

    def _received(self, upstream: UpstreamConnection, data: bytes) -> Commands:
        turn = self._turn
        if turn is None or turn.keeping or upstream is not self._upstream:
            yield from self._drop_upstream()  # it speaks without being asked
            return
        try:
            passed = turn.reader.take_response(data, time.time())
        except UpstreamBroken as problem:
            yield from self._fail(turn, f"the upstream's answer cannot be followed: {problem}")
            return
        if turn.reader.complete:
            turn.held.append(passed)
            yield from self._complete(turn)
        else:
            yield from self._pass(turn, passed)
            self._keeper.keep_pieces(turn, turn.reader.pieces())

    def _closed(self, upstream: UpstreamConnection) -> Commands:
        yield from upstream.close()
        turn = self._turn
        if upstream is not self._upstream:
            return
        self._upstream = None
        if turn is None or turn.keeping:
            return
        if turn.reader.closed(time.time()):
            yield from self._complete(turn)
        elif upstream.used and turn.may_be_sent_again:
            again, turn.sent = b"".join(turn.sent or []), None
            yield from self._open(upstream.origin, again)
        else:
            what = "in the middle of its answer" if turn.reader.answered else "without an answer"
            yield from self._fail(turn, f"the upstream closed the connection {what}")

    # What the client gets.

    def _pass(self, turn: Turn, data: bytes) -> Commands:
        response = turn.reader.response
        if response is None or turn.begun:  # interim responses are not held up
            if data:
                yield commands.SendData(self.context.client, data)
            return
        turn.held.append(data)
        may_be_replaced = turn.records and self._shared.on_loss is OnLoss.STOP
        if not may_be_replaced or sum(map(len, turn.held)) + (response.framing.left or 0) > REPLACEABLE_BYTES:
            yield from self._release(turn)
        elif self._timer is None:
            self._timer = commands.RequestWakeup(REPLACEABLE_SECONDS)
            yield self._timer

    def _release(self, turn: Turn) -> Commands:
        if turn.held:
            data, turn.held = b"".join(turn.held), []
            turn.begun = True
            yield commands.SendData(self.context.client, data)

    def _complete(self, turn: Turn) -> Commands:
        response, reader = turn.reader.response, turn.reader
        if response is None or response.ends_connection or reader.excess or not reader.request_complete:
            yield from self._drop_upstream()
        elif self._upstream is not None:
            self._upstream.idle_since = time.time()
        if self._keeper.keep(turn):
            yield from self._settle(turn)

    def _fail(self, turn: Turn, reason: str) -> Commands:
        turn.failure = reason
        turn.held = []
        yield from self._drop_upstream()
        if self._keeper.keep(turn):
            yield from self._settle(turn)

    def _told(self, told: Told) -> Commands:
        turn = told.turn
        if self._keeper.told(told):
            yield from self._settle(turn)
        elif turn.lost is not None and not turn.keeping and self._shared.on_loss is OnLoss.STOP:
            yield from self._fail(turn, "it could not be kept")

    def _told_alone(self, told: Told) -> None:
        for _ in self._handle_event(told):
            pass  # nobody is there to be sent anything

    def _settle(self, turn: Turn) -> Commands:
        """The exchange is kept, or will not be: the client gets the end."""
        self._turn = None
        turn.log()
        self._shared.guard.over(self.context.client.id)
        lost = turn.lost if self._shared.on_loss is OnLoss.STOP else None
        keep = turn.leaves_connection and not self._gone
        if lost is None and turn.failure is None:
            yield from self._release(turn)
        elif turn.begun:
            keep = False
            if turn.breaks_silently:
                self._shared.connections.reset(self.context.client.id)
        else:
            reply = replies.not_kept(lost) if lost else turn.reply
            reply = reply or replies.broken(turn.reader.asked.origin, turn.failure or "")
            yield from self._say(reply, turn.reader.request)
            return
        if keep:
            self._since = time.time()
            yield from self._go_on()
        else:
            yield from self._end()

    def _say(self, reply: Response, head: Head) -> Commands:
        """Answer a request that nobody else answers; what is still to come of it is not looked at."""
        keep = head.keep_alive and not self._gone
        yield commands.SendData(self.context.client, replies.wire(reply, head, keep=keep))
        self._since = time.time()
        if not head.framing.complete and not self._gone:
            self._refused = head
        elif not keep:
            yield from self._end()
            return
        yield from self._go_on()

    def _skip(self, head: Head) -> Commands:
        try:
            end, _ = head.framing.take(self._unread, 0)
        except BadFraming:
            yield from self._end()
            return
        self._unread = self._unread[end:]
        if head.framing.complete:
            self._refused = None
            if not head.keep_alive:
                yield from self._end()

    # Ends.

    def _refuse(self, problem: Malformed) -> Commands:
        yield commands.SendData(self.context.client, replies.wire(refusal(problem), None, keep=False))
        yield from self._end()

    def _client_left(self) -> Commands:
        self._gone = True
        self._stop_spying()
        turn = self._turn
        if turn is None:
            yield from self._end()
        elif not turn.keeping:
            yield from self._fail(turn, why_over(self.context.client))

    def _end(self) -> Commands:
        self._ended = True
        self._unread = b""
        yield from self._drop_upstream()
        yield commands.CloseConnection(self.context.client)

    def _drop_upstream(self) -> Commands:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._stopped.discard(upstream.socket)
            yield from upstream.close()

    def _move(self, to: To) -> Commands:
        data, self._unread = self._unread, b""
        yield from self._drop_upstream()
        yield from self._moved(to, data)

    def _watched(self, upstream: UpstreamConnection, made: Commands) -> Commands:
        """What a connection's own layers command, and what follows from its news; remembers who waits for a command."""
        for command in made:
            if command.blocking and command not in self._sources:
                self._sources[command] = upstream
            if isinstance(command, commands.OpenConnection):
                upstream.socket = command.connection
                self._upstreams[upstream.socket] = upstream
            yield command
        while upstream.news:
            news = upstream.news.popleft()
            if upstream.over:
                continue
            if isinstance(news, bytes):
                yield from self._received(upstream, news)
            elif isinstance(news, Opened):
                yield from self._opened(upstream, news.reason)
            else:
                yield from self._closed(upstream)

    def _balance(self) -> None:
        """Take no more of either side than can go on."""
        turn, upstream = self._turn, self._upstream
        full = turn is not None and turn.owed > MOST_OWED
        opening = turn is not None and upstream is not None and not upstream.open
        self._read(self.context.client, wanted=not full and not opening and len(self._unread) < MOST_UNREAD)
        if upstream is not None and upstream.open:
            self._read(upstream.socket, wanted=not full)

    def _read(self, connection: Connection, *, wanted: bool) -> None:
        if not wanted:
            self._stopped.add(connection)
            self._shared.connections.stop_reading(self.context.client.id, connection)
        elif connection in self._stopped:
            self._stopped.discard(connection)
            self._shared.connections.go_on_reading(self.context.client.id, connection)

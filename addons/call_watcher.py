"""What is shown of the calls that go through mitmproxy's own layers: HTTP/2, upgrades, WebSockets and tunnels."""

from __future__ import annotations

import time

from mitmproxy import http, tcp
from mitmproxy.connection import Client

from understudy.addons.current import CurrentMode
from understudy.addons.flow_notes import Note, get_note
from understudy.addons.flows import UNRESOLVABLE_ADDRESS
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.gateway.respond import explain_miss
from understudy.serving.seen_calls import (
    LONGEST_METHOD,
    LONGEST_NOTE,
    CallResult,
    CallWatch,
    SeenCall,
    name_without_query,
    write_note,
)
from understudy.store.model.values import replace
from understudy.store.redaction.log_paths import format_log_path

TUNNEL = "TUNNEL"


class CallWatcher:
    """The addon that shows flows when they are over; it comes after those that answer and record them."""

    def __init__(self, current: CurrentMode, watch: CallWatch) -> None:
        self._current = current
        self._watch = watch
        self._websockets: dict[str, http.HTTPFlow] = {}  # open ones, by the ids of their clients

    def response(self, flow: http.HTTPFlow) -> None:
        """Show a complete exchange."""
        self._watch.note_call(self._see(flow))

    def error(self, flow: http.HTTPFlow) -> None:
        """Show an exchange that failed, unless its response was shown."""
        if flow.client_conn.id not in self._websockets:
            self._watch.note_call(self._see(flow))

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """Remember an open WebSocket: its connection is closed with it."""
        self._websockets[flow.client_conn.id] = flow

    def client_disconnected(self, client: Client) -> None:
        """Show the end of a client's WebSocket."""
        flow = self._websockets.pop(client.id, None)
        if flow is None:
            return
        note, began = get_note(flow), flow.request.timestamp_start
        number = note.message_tap.message_count if note.message_tap else None
        counted = "" if number is None else f", {number:,} {'message' if number == 1 else 'messages'}"
        method, path = flow.request.method[:LONGEST_METHOD], _find_path(flow)
        call = SeenCall(began, time.time() - began, method, path, 101, CallResult.CLOSED, note=f"WebSocket{counted}")
        self._watch.note_call(replace(call, entry=note.entry))

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """Show that a raw tunnel was opened."""
        self._show_tunnel(flow, CallResult.OPENED)

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        """Show that a raw tunnel was closed."""
        self._show_tunnel(flow, CallResult.CLOSED)

    def tcp_error(self, flow: tcp.TCPFlow) -> None:
        """Show that a raw tunnel broke."""
        self._show_tunnel(flow, CallResult.FAILED, flow.error.msg if flow.error else "")

    def _show_tunnel(self, flow: tcp.TCPFlow, result: CallResult, note: str = "") -> None:
        host, port = (flow.server_conn.address or UNRESOLVABLE_ADDRESS)[:2]
        began = flow.timestamp_created
        call = SeenCall(began, time.time() - began, TUNNEL, f"{host}:{port}", None, result, note=note[:LONGEST_NOTE])
        self._watch.note_call(call)

    def _see(self, flow: http.HTTPFlow) -> SeenCall:
        note, began = get_note(flow), flow.request.timestamp_start
        call = SeenCall(
            at=began,
            duration=time.time() - began,
            method=flow.request.method[:LONGEST_METHOD],
            path=_find_path(flow),
            status=flow.response.status_code if flow.response else None,
            result=self._find_result(flow, note),
            entry=note.entry,
        )
        if note.loss is not None:
            return replace(call, note=str(note.loss)[:LONGEST_NOTE])
        if note.decided is not None:
            return self._explain(call, flow, note.decided)
        return replace(call, note=flow.error.msg[:LONGEST_NOTE] if flow.error else "")

    def _find_result(self, flow: http.HTTPFlow, note: Note) -> CallResult:
        if note.loss is not None:
            return CallResult.LOST
        if note.is_answered or note.decided is not None:
            return CallResult.ANSWERED if note.decided is not None else CallResult.REFUSED
        if flow.error is not None:
            return CallResult.FAILED
        return CallResult.RECORDED if self._current.active_for(flow).is_recording else CallResult.FORWARDED

    def _explain(self, call: SeenCall, flow: http.HTTPFlow, outcome: Outcome) -> SeenCall:
        example = outcome.example
        if example is None:
            miss = explain_miss(self._current.active_for(flow), outcome)
            return replace(call, result=CallResult.MISSED, note=write_note(miss))
        name = name_without_query(example.name)
        return replace(call, example=name, example_id=example.id, decision=outcome.summary[:LONGEST_NOTE])


def _find_path(flow: http.HTTPFlow) -> str:
    return format_log_path(flow.request.data.path)

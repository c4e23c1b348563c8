"""Every name of mitmproxy, and of what it rests on, that we use and that its documentation does not promise.

Private are the names that begin with "_", and all names of modules that its API reference leaves out, such as
`mitmproxy.proxy.layers`.
A test compares this table with what the source imports, overrides and calls.
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.addons.patches.versions import get_minor_version

# The modules whose public names mitmproxy documents (https://docs.mitmproxy.org/stable/api/events.html).
DOCUMENTED_MODULES = frozenset(
    {
        "h11",
        "h2.config",
        "h2.connection",
        "h2.errors",
        "h2.events",
        "h2.exceptions",
        "h2.settings",
        "mitmproxy",
        "mitmproxy.addonmanager",
        "mitmproxy.certs",
        "mitmproxy.command",
        "mitmproxy.connection",
        "mitmproxy.ctx",
        "mitmproxy.exceptions",
        "mitmproxy.flow",
        "mitmproxy.http",
        "mitmproxy.log",
        "mitmproxy.proxy.context",
        "mitmproxy.proxy.mode_specs",
        "mitmproxy.proxy.server_hooks",
        "mitmproxy.tcp",
        "mitmproxy.tls",
        "mitmproxy.version",
    }
)

# By module: attributes, and functions and classes with the names of their parameters.
_NAMES: dict[str, tuple[str, ...]] = {
    "asyncio.streams": ("StreamReader._transport",),
    "h11._readers": ("ChunkedReader.__call__(self, buf)",),
    "h11._receivebuffer": ("ReceiveBuffer.maybe_extract_at_most(self, count)",),
    "h2.connection": ("H2Connection.MAX_CLOSED_STREAMS", "H2Connection.incoming_buffer", "H2Connection.streams"),
    "h2.frame_buffer": ("FrameBuffer._headers_buffer",),
    "h2.stream": (
        "H2Stream.closed",
        "H2Stream.outbound_flow_control_window",
        "H2Stream.state_machine",
        "H2StreamStateMachine.headers_sent",
        "H2StreamStateMachine.state",
        "StreamState.HALF_CLOSED_REMOTE",
    ),
    "mitmproxy.addonmanager": (
        "AddonManager._configure_all(self, updated)",
        "AddonManager._iter_hooks(self, addon, event)",
        "AddonManager.chain",
        "AddonManager.handle_lifecycle(self, event)",
        "AddonManager.register(self, addon)",
        "AddonManager.trigger_event(self, event)",
    ),
    "mitmproxy.addons.core": ("Core",),
    "mitmproxy.addons.next_layer": ("NextLayer",),
    "mitmproxy.addons.proxyserver": (
        "Proxyserver.connections",
        "Proxyserver.listen_addrs(self)",
        "Proxyserver.servers",
        "Proxyserver.setup_servers(self)",
        "Servers.update(self, modes)",
    ),
    "mitmproxy.addons.tlsconfig": (
        "AppData",
        "TlsConfig.tls_start_client(self, tls_start)",
        "TlsConfig.tls_start_server(self, tls_start)",
    ),
    "mitmproxy.hooks": ("Hook.args(self)", "Hook.name"),
    "mitmproxy.log": ("LegacyLogEvents.uninstall(self)",),
    "mitmproxy.master": (
        "Master._legacy_log_events",
        "Master.addons",
        "Master.options",
        "Master.run(self)",
        "Master.shutdown(self)",
    ),
    "mitmproxy.net.http.status_codes": ("BAD_GATEWAY", "CLIENT_CLOSED_REQUEST", "NO_RESPONSE", "RESPONSES"),
    "mitmproxy.options": ("Options",),
    "mitmproxy.optmanager": ("OptManager.changed",),
    "mitmproxy.proxy.commands": (
        "CloseConnection(connection)",
        "CloseTcpConnection(connection, half_close)",
        "Command",
        "OpenConnection(connection)",
        "RequestWakeup(delay)",
        "SendData(connection, data)",
        "StartHook.name",
    ),
    "mitmproxy.proxy.events": (
        "CommandCompleted.command",
        "CommandCompleted.reply",
        "ConnectionClosed.connection",
        "ConnectionEvent.connection",
        "DataReceived(connection, data)",
        "DataReceived.data",
        "Event",
        "Start",
        "Wakeup.command",
    ),
    "mitmproxy.proxy.layer": (
        "CommandGenerator",
        "Layer._handle_event(self, event)",
        "Layer._paused",
        "Layer._paused_event_queue",
        "Layer.context",
        "Layer.debug",
        "Layer.handle_event(self, event)",
        "NextLayer.context",
        "NextLayer.data_client(self)",
        "NextLayer.layer",
    ),
    "mitmproxy.proxy.layers": ("ClientTLSLayer(context)", "ServerTLSLayer(context, conn)"),
    "mitmproxy.proxy.layers.http": (
        "DropStream(stream_id)",
        "GetHttpConnection(address, tls, via, transport_protocol)",
        "HTTPMode.regular",
        "HTTPMode.transparent",
        "HttpLayer(context, mode)",
        "HttpLayer._handle_event(self, event)",
        "HttpLayer.command_sources",
        "HttpLayer.connections",
        "HttpLayer.context",
        "HttpLayer.event_to_child(self, child, event)",
        "HttpLayer.get_connection(self, event, reuse)",
        "HttpLayer.make_stream(self, stream_id)",
        "HttpLayer.streams",
        "HttpStream(context, stream_id)",
        "HttpStream._handle_event(self, event)",
        "HttpStream.check_body_size(self, request)",
        "HttpStream.child_layer",
        "HttpStream.check_killed(self, emit_error_hook)",
        "HttpStream.client_state",
        "HttpStream.context",
        "HttpStream.flow",
        "HttpStream.flow_done(self)",
        "HttpStream.handle_event(self, event)",
        "HttpStream.handle_protocol_error(self, event)",
        "HttpStream.make_server_connection(self)",
        "HttpStream.mode",
        "HttpStream.passthrough(self, event)",
        "HttpStream.request_body_buf",
        "HttpStream.response_body_buf",
        "HttpStream.send_response(self, already_streamed)",
        "HttpStream.server_state",
        "HttpStream.start_request_stream(self)",
        "HttpStream.start_response_stream(self)",
        "HttpStream.state_consume_request_body(self, event)",
        "HttpStream.state_done",
        "HttpStream.state_errored",
        "HttpStream.state_stream_request_body(self, event)",
        "HttpStream.state_stream_response_body(self, event)",
        "HttpStream.state_wait_for_request_headers(self, event)",
        "HttpStream.stream_id",
        "SendHttp(event, connection)",
    ),
    "mitmproxy.proxy.layers.http._base": ("HttpEvent.stream_id",),
    "mitmproxy.proxy.layers.http._events": (
        "RequestData(stream_id, data)",
        "RequestEndOfMessage(stream_id)",
        "RequestHeaders(stream_id, request, end_stream, replay_flow)",
        "RequestProtocolError.message",
        "RequestTrailers",
        "ResponseData(stream_id, data)",
        "ResponseEndOfMessage(stream_id)",
        "ResponseHeaders(stream_id, response, end_stream)",
        "ResponseProtocolError(stream_id, message, code)",
        "ResponseProtocolError.code",
        "ResponseProtocolError.message",
        "ResponseTrailers(stream_id, trailers)",
    ),
    "mitmproxy.proxy.layers.http._hooks": ("HttpErrorHook(flow)", "HttpResponseHook(flow)"),
    "mitmproxy.proxy.layers.http._http1": (
        "Http1Client.read_headers(self, event)",
        "Http1Client.send(self, event)",
        "Http1Connection.body_reader",
        "Http1Connection.buf",
        "Http1Connection.conn",
        "Http1Connection.read_body(self, event)",
        "Http1Connection.done(self, event)",
        "Http1Connection.request",
        "Http1Connection.state",
        "Http1Server.read_headers(self, event)",
        "make_body_reader(expected_size)",
        "make_error_response(status_code, message)",
    ),
    "mitmproxy.proxy.layers.http._http2": (
        "Http2Client(context)",
        "Http2Client.our_stream_id",
        "Http2Client.stream_queue",
        "Http2Client.their_stream_id",
        "Http2Connection.conn",
        "Http2Connection.h2_conf",
        "Http2Connection.h2_conn",
        "Http2Connection.is_closed(self, stream_id)",
        "Http2Connection.streams",
        "Http2Server(context)",
        "Http2Server.handle_h2_event(self, event)",
        "Http2Server._handle_event(self, event)",
        "Http2Server.is_closed(self, stream_id)",
        "Http2Server.is_open_for_us(self, stream_id)",
        "StreamState.HEADERS_RECEIVED",
    ),
    "mitmproxy.proxy.layers.http._http_h2": (
        "BufferedH2Connection(config)",
        "BufferedH2Connection.close_connection",
        "BufferedH2Connection.connection_window_updated(self)",
        "BufferedH2Connection.end_stream(self, stream_id)",
        "BufferedH2Connection.local_settings",
        "BufferedH2Connection.max_outbound_frame_size",
        "BufferedH2Connection.outbound_flow_control_window",
        "BufferedH2Connection.receive_data(self, data)",
        "BufferedH2Connection.reset_stream(self, stream_id, error_code)",
        "BufferedH2Connection.send_data(self, stream_id, data, end_stream, pad_length)",
        "BufferedH2Connection.send_headers",
        "BufferedH2Connection.send_trailers(self, stream_id, trailers)",
        "BufferedH2Connection.stream_window_updated(self, stream_id)",
    ),
    "mitmproxy.proxy.layers.http._upstream_proxy": ("HttpUpstreamProxy.make(ctx, send_connect)",),
    "mitmproxy.proxy.layers.modes": ("HttpProxy",),
    "mitmproxy.proxy.layers.tls": ("TLSLayer.receive_data(self, data)", "TLSLayer.tls"),
    "mitmproxy.proxy.layers.websocket": ("WebsocketStartHook(flow)",),
    "mitmproxy.proxy.mode_servers": ("ServerInstance.last_exception",),
    "mitmproxy.proxy.server": (
        "ConnectionHandler.client",
        "ConnectionHandler.drain_writers(self)",
        "ConnectionHandler.server_event(self, event)",
        "ConnectionHandler.timeout_watchdog",
        "ConnectionHandler.transports",
        "ConnectionIO.handler",
        "ConnectionIO.reader",
        "ConnectionIO.writer",
        "TimeoutWatchdog.blocker",
        "TimeoutWatchdog.can_timeout",
        "TimeoutWatchdog.register_activity(self)",
        "TimeoutWatchdog.timeout",
    ),
    "mitmproxy.proxy.tunnel": ("LayerStack.__getitem__(self, item)", "LayerStack.__truediv__(self, other)"),
    "mitmproxy.utils.signals": ("_SyncSignal.disconnect(self, receiver)",),
}
# `python -O` leaves it out.
_NAMES_OF_DEBUG_MODE: dict[str, tuple[str, ...]] = {"mitmproxy.http": ("MessageData.__post_init__(self)",)}
_NAMES_SINCE_12: dict[str, tuple[str, ...]] = {
    "mitmproxy.proxy.layers.http._events": (
        "ErrorCode.GENERIC_SERVER_ERROR",
        "ErrorCode.KILL",
        "ErrorCode.http_status_code(self)",
    ),
}


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A name in a module, such as `HttpStream.flow`; `parameters` are those of a function or class, if they matter."""

    module: str
    path: str
    parameters: tuple[str, ...] | None = None

    def __str__(self) -> str:
        called = "" if self.parameters is None else f"({', '.join(self.parameters)})"
        return f"{self.module}.{self.path}{called}"


def list_private_names() -> list[PrivateName]:
    """Return the names that Understudy uses of the installed mitmproxy."""
    tables = [_NAMES]
    if __debug__:
        tables.append(_NAMES_OF_DEBUG_MODE)
    if int(get_minor_version().partition(".")[0]) >= 12:
        tables.append(_NAMES_SINCE_12)
    return [_parse(module, text) for table in tables for module, names in table.items() for text in names]


def _parse(module: str, text: str) -> PrivateName:
    path, is_called, parameters = text.rstrip(")").partition("(")
    return PrivateName(module, path, tuple(filter(None, parameters.split(", "))) if is_called else None)

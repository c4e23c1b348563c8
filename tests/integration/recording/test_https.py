"""https: intercepted by a forward proxy, sent upstream by a reverse proxy, and answered without the upstream."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.integration.audit import resolving
from tests.integration.clients import CLIENTS, Answer, Call, Route, Wire, ask_curl
from tests.peers.certificates import make_certificate
from tests.programs import Serving, Understudy, answer, upstream
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

HOST = "api.shop.test"  # resolves nowhere (RFC 6761, section 6.2), but for the gateways that record
CALLS = [
    Call("json", "/json"),
    Call("query", "/echo?b=2&a=1&b=%C3%A9"),
    Call("post", "/echo", "POST", (("Content-Type", "application/json"),), body=b'{"a": 1}'),
    Call("head", "/json", "HEAD"),
    Call("binary", "/binary"),
    Call("redirect", "/redirect", status=302),
    Call("cookies", "/cookies"),
    Call("missing", "/missing", status=404),
]
SENDERS = {
    "curl": ("curl", False),
    "curl, HTTP/2": ("curl", True),
    "requests": ("requests", False),
    "httpx": ("httpx", False),
}
EVERY_SENDER = pytest.mark.parametrize("sender", SENDERS)
EVERY_CALL = pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
MODES = pytest.mark.parametrize("mode", ["mock", "replay"])
BINARY = bytes(range(256)) * 100


def handle(handler: BaseHTTPRequestHandler) -> None:
    """The upstream, at any prefix."""
    own = f"https://{handler.headers['Host']}"
    match handler.path.partition("?")[0].rpartition("/")[2]:
        case "json":
            answer(handler, b'{"from": "%s"}' % handler.headers["Host"].encode(), Content_Type="application/json")
        case "echo":
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            del handler.headers["Content-Length"]
            answer(handler, f"{handler.command} {handler.path} ".encode() + body, X_Lower_Case="Kept")
        case "binary":
            answer(handler, BINARY, Content_Type="application/octet-stream")
        case "redirect":
            answer(handler, b"", 302, Location=f"{own}/elsewhere?a=b")
        case "cookies":
            answer(handler, b"", Set_Cookie=f"sid=1; Domain={HOST}; Secure", SET_COOKIE="other=2; Path=/")
        case _:
            answer(handler, b"there is nothing", 404)


@dataclass(frozen=True)
class Recording:
    """What was recorded through forward and reverse proxies, what clients got, and the gateway that answers now."""

    understudy: Understudy
    secure: Origin
    plain: Origin
    forward: dict[tuple[str, str], Answer]
    reverse: dict[str, Answer]
    gateways: dict[str, Serving]

    def asked(self, mode: str, sender: str, call: Call) -> Answer:
        """What a client gets through the gateway in this mode, as a forward proxy."""
        return ask_forward(self.gateways[mode], self.understudy, self.secure, sender, call)


def ask_forward(gateway: Serving, understudy: Understudy, origin: Origin, sender: str, call: Call) -> Answer:
    """Ask an origin through a gateway as forward proxy; each sender has a folder of its own."""
    client, http2 = SENDERS[sender]
    route = Route(gateway.url, understudy.ca, http2=http2)
    return CLIENTS[client](f"{origin}/{client}{'-2' if http2 else ''}", call, route)


def ask_reverse(gateway: str, call: Call) -> Answer:
    """Ask a gateway as if it were the API; links to it are written as links to GATEWAY."""
    given = ask_curl(f"{gateway}/reverse", call)
    fields = (
        (name, value.replace(gateway, "GATEWAY") if name == "Location" else value) for name, value in given.fields
    )
    return replace(given, fields=tuple(fields))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for HOST with its key, signed by itself."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "upstream.pem", HOST)


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    """For an upstream that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def named(url: str) -> Origin:
    """The upstream at this URL by its name."""
    return replace(Origin.parse(url), host=HOST)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, certificate: Path, tls: ssl.SSLContext) -> Iterator[Recording]:
    """Session `forward` of an https and an http origin, session `reverse` of the https one; both promoted to `shop`."""
    understudy = Understudy(tmp_path_factory.mktemp("https"))
    recording = resolving(understudy, HOST)
    trust = ("--upstream-ca", str(certificate))
    with upstream(handle, tls=tls) as secure_url, upstream(handle) as plain_url:
        secure, plain = named(secure_url), named(plain_url)
        with recording.serving("record", "--session", "forward", *trust) as gateway:
            forward = {
                (sender, call.name): ask_forward(gateway, understudy, secure, sender, call)
                for sender in SENDERS
                for call in CALLS
            }
            assert ask_forward(gateway, understudy, plain, "curl", CALLS[0]).status == 200
        with recording.serving("record", "--upstream", str(secure), "--session", "reverse", *trust) as gateway:
            reverse = {call.name: ask_reverse(gateway.url, call) for call in CALLS}
    for session in ("forward", "reverse"):
        understudy.run("promote", "--session", session, "--to", "shop", "--keep-secrets")
    commands = {"mock": ("mock", "shop"), "replay": ("replay", "forward"), "replay reverse": ("replay", "reverse")}
    with ExitStack() as stack:
        gateways = {
            name: stack.enter_context(understudy.serving(*command, "--no-shift-dates"))
            for name, command in commands.items()
        }
        yield Recording(understudy, secure, plain, forward, reverse, gateways)


@MODES
@EVERY_CALL
@EVERY_SENDER
def test_an_intercepted_answer_is_what_was_recorded(recording: Recording, sender: str, mode: str, call: Call) -> None:
    """Through CONNECT and TLS, over the version of HTTP that the client speaks."""
    was, now = recording.forward[sender, call.name], recording.asked(mode, sender, call)
    assert was.status == call.status
    assert now.message == was.message
    assert now.version == was.version == ("HTTP/2" if SENDERS[sender][1] else "HTTP/1.1")


@pytest.mark.parametrize("mode", ["mock", "replay reverse"])
@EVERY_CALL
def test_a_reverse_proxy_speaks_https_upstream(recording: Recording, mode: str, call: Call) -> None:
    """And http to its client, which gets the same answers without the upstream."""
    was = recording.reverse[call.name]
    assert was.status == call.status
    assert ask_reverse(recording.gateways[mode].url, call).message == was.message


def test_links_of_an_https_upstream_become_the_gateways(recording: Recording) -> None:
    """Through the reverse proxy; a forward proxy changes nothing."""
    assert recording.reverse["redirect"].all("location") == ["GATEWAY/elsewhere?a=b"]
    assert recording.reverse["cookies"].all("set-cookie") == ["sid=1", "other=2; Path=/"]
    assert recording.forward["curl", "redirect"].all("location") == [f"{recording.secure}/elsewhere?a=b"]
    assert recording.forward["curl", "cookies"].all("set-cookie")[0] == f"sid=1; Domain={HOST}; Secure"


def test_one_port_answers_every_form_of_request(recording: Recording) -> None:
    """Origin form, absolute form, CONNECT with TLS, and TLS to the gateway itself, from one collection."""
    gateway, ca = recording.gateways["mock"], recording.understudy.ca
    call = Call("json", "/curl/json")
    answers = {
        "absolute": ask_curl(str(recording.plain), call, Route(gateway.url)),
        "connect": ask_curl(str(recording.secure), call, Route(gateway.url, ca)),
        "origin": ask_curl(gateway.url, call),
        "tls": ask_curl(f"https://127.0.0.1:{gateway.port}", call, Route(ca=ca)),
    }
    assert {one.status for one in answers.values()} == {200}
    assert answers["absolute"].body == b'{"from": "%s"}' % recording.plain.authority.encode()
    assert answers["connect"].body == b'{"from": "%s"}' % recording.secure.authority.encode()
    assert answers["origin"].body == answers["tls"].body


def test_a_connection_may_mix_forms_of_requests(understudy: Understudy) -> None:
    """Each is judged by itself: a reverse proxy forwards to its upstream, in whatever form, and nowhere else."""
    with (
        upstream(lambda handler: answer(handler, b"one")) as one,
        upstream(lambda handler: answer(handler, b"two")) as two,
        understudy.serving("record", "--upstream", one) as gateway,
    ):
        expected = {"/a": 200, f"{one}/a": 200, f"{two}/a": 403}
        for targets in (("/a", f"{two}/a", f"{one}/a", "/a"), (f"{one}/a", "/a", f"{two}/a", "/a")):
            with Wire(gateway.url) as wire:
                assert [wire.ask(Call("", target)).status for target in targets] == [expected[t] for t in targets]


@MODES
@pytest.mark.parametrize(
    "url",
    ["https://other.test", f"https://{HOST}", f"http://{HOST}", "http://{plain}:1", "http://{secure}"],
    ids=["another name", "another port", "another scheme and port", "port 1", "another scheme"],
)
def test_a_forward_proxy_answers_for_recorded_hosts_only(recording: Recording, mode: str, url: str) -> None:
    """Scheme, name and port count; the miss names the host that was expected."""
    origin = url.format(plain=HOST, secure=recording.secure.authority)
    given = ask_curl(origin, Call("json", "/curl/json"), Route(recording.gateways[mode].url, recording.understudy.ca))
    assert given.status == 404
    assert b'"part": "host"' in given.body


def test_history_knows_where_a_request_went(recording: Recording) -> None:
    """Scheme, name and port of the origin, for forward and reverse alike."""
    store = open_store(str(recording.understudy.store))
    found = {
        name: {
            one.request.origin for one in store.history.select(HistoryFilter(session_id=store.sessions.find(name).id))
        }
        for name in ("forward", "reverse")
    }
    store.close()
    assert found == {"forward": {recording.secure, recording.plain}, "reverse": {recording.secure}}


@pytest.mark.parametrize("form", ["forward", "reverse"])
def test_an_untrusted_upstream_is_refused_and_kept_as_failed(
    understudy: Understudy, tls: ssl.SSLContext, form: str
) -> None:
    """Without --upstream-ca: 502 that names the certificate."""
    recording = resolving(understudy, HOST)
    with upstream(handle, tls=tls) as url:
        origin = named(url)
        options = ("--upstream", str(origin)) if form == "reverse" else ()
        with recording.serving("record", *options) as gateway:
            route = Route(gateway.url, understudy.ca)
            given = ask_curl(gateway.url, CALLS[0]) if options else ask_curl(str(origin), CALLS[0], route)
    assert given.status == 502
    assert b"ertificate" in given.body
    [kept] = understudy.json("history", "list")
    assert "ertificate" in kept["error"]


def test_insecure_takes_any_certificate(understudy: Understudy, tls: ssl.SSLContext) -> None:
    """With --insecure."""
    with (
        upstream(handle, tls=tls) as url,
        resolving(understudy, HOST).serving("record", "--upstream", str(named(url)), "--insecure") as gateway,
    ):
        assert ask_curl(gateway.url, CALLS[0]).status == 200


def test_send_trusts_whom_it_is_told_to(understudy: Understudy, tls: ssl.SSLContext, certificate: Path) -> None:
    """An untrusted certificate is one line in the log; --upstream-ca and --insecure take it."""
    sending = resolving(understudy, HOST)
    with upstream(handle, tls=tls) as url:
        typed = ("send", "GET", f"{named(url)}/json")
        line = sending.mistake(*typed)
        given = [sending.run(*typed, *trusted) for trusted in (("--upstream-ca", certificate), ("--insecure",))]
    assert line.startswith(f"Error: the certificate of {named(url)} cannot be trusted: self-signed certificate")
    assert all(one.startswith("HTTP/1.1 200 OK\n") for one in given)

"""httpbin, recorded through the gateway by curl, requests, httpx and a bare socket, comes back the same without it."""

from __future__ import annotations

import gzip
import re
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import brotli  # type: ignore[import-untyped]  # ships no types
import httpx
import pytest
import requests

from tests.integration.clients import CLIENTS, Answer, Call, Wire
from tests.integration.upstreams import BIG, httpbin
from tests.programs import Understudy, answer, upstream
from understudy.store.model.exchanges import Exchange
from understudy.store.model.values import replace
from understudy.store.redaction.placeholders import PATTERN
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

# In every secret of the calls, and nowhere else: redaction must take out each of them, and nothing more.
SECRET = "hush7f3a"

PNG = b"\x89PNG\r\n\x1a\n\x00\xff\r\n--not-a-boundary\r\n"
CODED = ("curl", "requests", "httpx")
FORM = (("name", "Zoë & Co"), ("empty", ""), ("tag", "b"), ("tag", "a"))
FILES = (("picture", "a.png", PNG, "image/png"), ("note", "n.txt", "naïve".encode(), "text/plain"))
RAW = ("socket",)

ODD_FIELDS = (("x-LOWER", "a"), ("X-Many", "2"), ("ACCEPT", "*/*"), ("x-many", "1, é"))

CALLS = (
    Call("json", "/json"),
    Call("html", "/html"),
    Call("utf-8 text", "/encoding/utf8"),
    Call("xml", "/xml"),
    Call("png", "/image/png"),
    Call("jpeg", "/image/jpeg"),
    Call("webp by Accept", "/image", headers=(("Accept", "image/webp"),)),
    Call("gzip", "/gzip"),
    Call("gzip, coding asked for", "/gzip?asked", accept_encoding="gzip"),
    Call("gzip, no Accept-Encoding", "/gzip?none", accept_encoding=""),
    Call("deflate", "/deflate"),
    Call("deflate, coding asked for", "/deflate?asked", accept_encoding="deflate"),
    Call("deflate, no Accept-Encoding", "/deflate?none", accept_encoding=""),
    Call("brotli", "/brotli"),
    Call("brotli, coding asked for", "/brotli?asked", accept_encoding="gzip, br;q=0.5"),
    Call("brotli, no Accept-Encoding", "/brotli?none", accept_encoding=""),
    Call("redirect, relative", "/redirect/2", status=302),
    Call("redirect, last", "/redirect/1", status=302),
    Call("redirect, absolute", "/absolute-redirect/2", status=302),
    Call(
        "redirect to another host", "/redirect-to?url=https%3A%2F%2Fexample.org%2F%3Fa%3Db&status_code=307", status=307
    ),
    Call("one cookie", f"/cookies/set/flavour/{SECRET}", status=302),
    Call("repeated Set-Cookie", f"/cookies/set?first={SECRET}1&second={SECRET}2&third={SECRET}3", status=302),
    Call(
        "Set-Cookie with a domain", f"/response-headers?Set-Cookie=a%3D{SECRET}%3B%20Domain%3D127.0.0.1%3B%20Path%3D%2F"
    ),
    Call("repeated field", "/response-headers?X-Many=one&X-Many=two&X-Many=one"),
    Call("query, repeats in order", "/anything?b=2&a=1&b=1&b=2"),
    Call("query, empty values", "/anything?a=&b&&c=&=d"),
    Call("query, escapes", "/anything?q=%20%2B%26%3D%3F%23%2f%2F%c3%a9%C3%A9"),
    Call("query, plus", "/anything?q=a+b%2Bc"),
    Call("query, odd characters", "/anything?q=a[]=1;2:3@4,'5'(6)*7!8$9/0?x"),
    Call("query, odd raw characters", '/anything?raw="<>{}|\\^`%zz%', only=RAW),
    Call("query, raw UTF-8", "/anything?raw=é☃", only=RAW),
    Call("query, UTF-8", "/anything?q=é☃", only=("requests", "httpx")),
    Call("path, escapes", "/anything/a%20b/%c3%a9/%2F/%25"),
    Call("path, UTF-8", "/anything/é/☃", only=("requests", "httpx")),
    Call("path, raw UTF-8", "/anything/é/☃/raw", only=RAW),
    Call("path, two slashes and dots", "/anything//a/../b", only=("curl", "socket"), status=308),
    Call("odd fields", "/headers?odd", headers=ODD_FIELDS, only=RAW),
    Call("put", "/put", "PUT", (("Content-Type", "application/json"),), body=b'{"b": 1, "a": [1.0, "\xc3\xa9"]}'),
    Call("patch", "/patch", "PATCH", (("Content-Type", "text/plain"),), body=b"line\r\nline\n"),
    Call("delete", "/delete", "DELETE"),
    Call("delete with a body", "/delete?body", "DELETE", body=b"why"),
    Call("post, empty", "/post?empty", "POST", (("Content-Length", "0"),), only=("curl", "socket")),
    Call("post, binary", "/post?binary", "POST", (("Content-Type", "application/octet-stream"),), body=PNG),
    Call("post, 5 MB", "/digest", "POST", (("Content-Type", "application/octet-stream"),), body=BIG),
    Call("post, form", "/post?form", "POST", form=FORM, only=CODED),
    Call("post, multipart", "/post?multipart", "POST", form=FORM, files=FILES, only=CODED),
    Call("head", "/get?head", "HEAD"),
    Call("head of a chunked answer", "/stream/3", "HEAD"),
    Call("options", "/get", "OPTIONS"),
    Call("preflight", "/put", "OPTIONS", (("Origin", "http://a.test"), ("Access-Control-Request-Method", "PUT"))),
    Call("204", "/status/204", status=204),
    Call("304", "/etag/e1", headers=(("If-None-Match", "e1"),), status=304),
    Call("206", "/range/1000?duration=0", headers=(("Range", "bytes=100-199"),), status=206),
    Call("400", "/status/400", status=400),
    Call("401", "/basic-auth/u/p", status=401),
    Call("404", "/no/such/path", status=404),
    Call("418", "/status/418", status=418),
    Call("500", "/status/500", status=500),
    Call("empty body", "/status/200"),
    Call("one byte", "/bytes/1?seed=1"),
    Call("5 MB", "/big"),
    Call("chunked", "/stream/5"),
    Call("chunked binary", "/stream-bytes/5000?seed=7&chunk_size=300"),
    Call("secret field", "/headers", headers=(("Authorization", f"Bearer {SECRET}"), ("X-Api-Key", SECRET))),
    Call("secret cookie", "/cookies", headers=(("Cookie", f"sid={SECRET}"),)),
    Call("secret query", f"/response-headers?X-Api-Key={SECRET}&page=2"),
    Call("secret in a coded body", "/gzip?secret", headers=(("Authorization", f"Bearer {SECRET}"),)),
    Call("secret in Location", f"/redirect-to?url=%2Fget%3Fpasscode%3D{SECRET}%26a%3Db", status=302),
    Call("secret form", "/post?secret", "POST", form=(("user", "u"), ("password", SECRET)), only=CODED),
)
UUID = Call("each answer differs", "/uuid")
CASES = [(client, call) for client in CLIENTS for call in CALLS if client in call.only]
EVERY_CASE = pytest.mark.parametrize(
    ("client", "call"), CASES, ids=[f"{client}: {call.name}" for client, call in CASES]
)
CALL = {call.name: call for call in CALLS}
MODES = pytest.mark.parametrize("mode", ["mock", "replay"])
LIVE_AND_MODES = pytest.mark.parametrize("mode", ["record", "mock", "replay"])
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS)
FOLLOWERS = ("curl", "requests", "httpx")
EVERY_FOLLOWER = pytest.mark.parametrize("client", FOLLOWERS)
CODINGS = {"gzip": "gzip", "deflate": "deflate", "brotli": "br"}
DECODE = {"gzip": gzip.decompress, "deflate": zlib.decompress, "br": brotli.decompress}
WITH_SECRETS = {
    "one cookie",
    "repeated Set-Cookie",
    "Set-Cookie with a domain",
    "secret field",
    "secret cookie",
    "secret query",
    "secret in a coded body",
    "secret in Location",
    "secret form",
}


# Each ends at /get; none of their steps is a call of its own above.
REDIRECTS = ("/relative-redirect/2", "/redirect/2?absolute=true")


@dataclass(frozen=True)
class Followed:
    """Where a client ended that follows redirects: URL, number of redirects, status, decoded body."""

    url: str
    redirects: int
    status: int
    body: bytes


@dataclass(frozen=True, repr=False)
class Recording:
    """What clients got while httpbin was recorded, and gateways that answer without it.

    Each client has a folder of httpbin for itself, so that none is answered with what another one got.
    """

    understudy: Understudy
    upstream: str
    gateways: dict[str, str]
    answers: dict[tuple[str, str], Answer]
    followed: dict[tuple[str, str], Followed]
    uuids: list[Answer]
    history: dict[str, Exchange]

    def recorded(self, client: str, call: Call) -> Answer:
        """What the client got when it was recorded."""
        return self.answers[client, call.name]

    def asked(self, mode: str, client: str, call: Call) -> Answer:
        """What the client gets from the gateway in this mode now; in record mode, what it got then."""
        return self.recorded(client, call) if mode == "record" else ask(self.gateways[mode], client, call)


def ask(gateway: str, client: str, call: Call) -> Answer:
    """Ask a gateway. Each has its own port: links to it are written as links to GATEWAY, so that they compare."""
    answer = CLIENTS[client](f"{gateway}/{client}", call)
    fields = (
        (name, value.replace(gateway, "GATEWAY") if name == "Location" else value) for name, value in answer.fields
    )
    return replace(answer, fields=tuple(fields))


def follow(gateway: str, client: str, path: str) -> Followed:
    """Let a client follow redirects; links to the gateway are written as links to GATEWAY."""
    url = f"{gateway}/{client}{path}"
    if client == "curl":
        shown = "\n%{url_effective} %{num_redirects} %{http_code}"
        command = ["curl", "-q", "-sS", "-L", "--max-redirs", "5", "-w", shown, url]
        body, _, line = subprocess.run(command, check=True, capture_output=True).stdout.rpartition(b"\n")
        end, redirects, status = line.decode().split()
        return Followed(end.replace(gateway, "GATEWAY"), int(redirects), int(status), body)
    if client == "requests":
        with requests.Session() as session:
            session.trust_env = False
            one = session.get(url)
            return Followed(one.url.replace(gateway, "GATEWAY"), len(one.history), one.status_code, one.content)
    answer = httpx.get(url, follow_redirects=True, trust_env=False)
    return Followed(
        str(answer.url).replace(gateway, "GATEWAY"), len(answer.history), answer.status_code, answer.content
    )


def plain(answer: Answer) -> Answer:
    """The answer with its content coding undone."""
    codings = answer.all("content-encoding")
    if not codings:
        return answer
    fields = tuple(field for field in answer.fields if field[0].lower() != "content-encoding")
    return replace(answer, fields=fields, body=DECODE[codings[0]](answer.body))


def one_word(answer: Answer) -> Answer:
    """The answer with one word in the place of every placeholder."""
    fields = tuple((name, re.sub(PATTERN, "REDACTED", value)) for name, value in answer.fields)
    return replace(answer, fields=fields, body=re.sub(PATTERN.encode(), b"REDACTED", answer.body))


def redacted(answer: Answer) -> Answer:
    """The answer without its secrets: in fields each one by itself, in JSON the whole text after its scheme."""
    fields = tuple((name, re.sub(rf"{SECRET}\d?", "REDACTED", value)) for name, value in answer.fields)
    bare = plain(answer)
    body = re.sub(rb'"(Bearer )?[^"]*%s[^"]*"' % SECRET.encode(), rb'"\1REDACTED"', bare.body)
    if body == bare.body:
        return replace(answer, fields=fields)
    return replace(bare, fields=tuple(field for field in fields if field[0] != "Content-Encoding"), body=body)


def exchanges(understudy: Understudy) -> list[Exchange]:
    """The whole history."""
    store = open_store(str(understudy.store))
    try:
        return list(store.history.select(HistoryFilter()))
    finally:
        store.close()


def sent_type(client: str) -> str:
    """The Content-Type that a client sends with the multipart form now."""
    seen: list[str] = []

    def handle(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Content-Type"])
        answer(handler, b"")

    with upstream(handle) as url:
        CLIENTS[client](url, CALL["post, multipart"])
    return seen[0]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """All calls recorded and promoted, httpbin stopped."""
    understudy = Understudy(tmp_path_factory.mktemp("httpbin"))
    with (
        httpbin(*(f"/{client}" for client in CLIENTS)) as upstream,
        understudy.serving("record", "--upstream", upstream, "--session", "httpbin") as gateway,
    ):
        answers = {(client, call.name): ask(gateway.url, client, call) for client, call in CASES}
        followed = {(client, path): follow(gateway.url, client, path) for client in FOLLOWERS for path in REDIRECTS}
        uuids = [ask(gateway.url, "requests", UUID) for _ in range(3)]
    history = {one.request.target.decode(): one for one in exchanges(understudy)}
    understudy.run("promote", "--session", "httpbin", "--to", "httpbin", "--keep-secrets")
    understudy.run("promote", "--session", "httpbin", "--to", "redacted")
    commands = {"mock": ("mock", "httpbin"), "replay": ("replay", "httpbin"), "redacted": ("mock", "redacted")}
    with ExitStack() as stack:
        gateways = {
            mode: stack.enter_context(understudy.serving(*command, "--no-shift-dates")).url
            for mode, command in commands.items()
        }
        gateways["record"] = gateway.url
        yield Recording(understudy, upstream, gateways, answers, followed, uuids, history)


@EVERY_CASE
def test_httpbin_did_as_it_was_asked(recording: Recording, client: str, call: Call) -> None:
    """Otherwise the tests below compare errors."""
    assert recording.recorded(client, call).status == call.status


@MODES
@EVERY_CASE
def test_an_answer_is_what_was_recorded(recording: Recording, mode: str, client: str, call: Call) -> None:
    """Status, reason, fields in order, and body as sent are the same, framing aside."""
    was, now = recording.recorded(client, call), recording.asked(mode, client, call)
    assert now.message == was.message


@MODES
@EVERY_CASE
def test_the_framing_is_right(recording: Recording, mode: str, client: str, call: Call) -> None:
    """Content-Length was recorded, or is that of the body; an answer without a body may have that of the one left out.

    What came in chunks with pauses between them, as from an upstream that is busy, goes out in chunks again.
    """
    was, now = recording.recorded(client, call), recording.asked(mode, client, call)
    if now.all("transfer-encoding"):
        assert now.all("transfer-encoding") == was.all("transfer-encoding") == ["chunked"]
        assert now.all("content-length") == []
    elif was.all("content-length") or call.method == "HEAD" or now.status in (204, 304):
        assert now.all("content-length") == was.all("content-length")
    else:
        assert now.all("content-length") == [str(len(now.body))]


@MODES
def test_repeats_are_answered_in_recorded_order(recording: Recording, mode: str) -> None:
    """One request, recorded three times with another answer each; the last one repeats."""
    answers = [recording.asked(mode, "requests", UUID).body for _ in range(5)]
    first, second, third = (one.body for one in recording.uuids)
    assert len({first, second, third}) == 3
    assert answers == [first, second, third, third, third]


@pytest.mark.parametrize("path", REDIRECTS)
@EVERY_FOLLOWER
@MODES
def test_a_client_that_follows_redirects_ends_where_it_did(
    recording: Recording, mode: str, client: str, path: str
) -> None:
    """At the gateway, never at the upstream."""
    was = recording.followed[client, path]
    assert (was.url, was.redirects, was.status) == (f"GATEWAY/{client}/get", 2, 200)
    assert follow(recording.gateways[mode], client, path) == was


@LIVE_AND_MODES
@EVERY_CLIENT
def test_an_absolute_location_leads_to_the_gateway(recording: Recording, mode: str, client: str) -> None:
    """The upstream's own URL would lead past the gateway."""
    answer = recording.asked(mode, client, CALL["redirect, absolute"])
    assert answer.all("location") == [f"GATEWAY/{client}/absolute-redirect/1"]


@LIVE_AND_MODES
@EVERY_CLIENT
def test_a_cookie_of_the_upstream_becomes_the_gateways(recording: Recording, mode: str, client: str) -> None:
    """Without its Domain; the attributes around it stay."""
    answer = recording.asked(mode, client, CALL["Set-Cookie with a domain"])
    assert answer.all("set-cookie") == [f"a={SECRET}; Path=/"]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("redirect, absolute", "location", "{upstream}/{client}/absolute-redirect/1"),
        ("Set-Cookie with a domain", "set-cookie", f"a={SECRET}; Domain=127.0.0.1; Path=/"),
    ],
)
@EVERY_CLIENT
def test_history_keeps_what_was_rewritten(recording: Recording, client: str, name: str, field: str, value: str) -> None:
    """As the upstream sent it."""
    response = recording.history[f"/{client}{CALL[name].target}"].response
    assert response
    assert response.headers.get_all(field) == [value.format(upstream=recording.upstream, client=client)]


def test_history_keeps_a_request_as_it_was_sent(recording: Recording) -> None:
    """Its fields in order, with case and repeats, and the client's own Host."""
    request = recording.history["/socket/headers?odd"].request
    (host, gateway), *others = request.headers.fields
    assert (host, gateway) == (b"Host", recording.gateways["record"].partition("://")[2].encode())
    assert others == [(name.encode(), value.encode()) for name, value in ODD_FIELDS]


@pytest.mark.parametrize("name", ["gzip", "deflate", "brotli"])
@MODES
def test_a_client_that_does_not_take_a_coding_gets_the_plain_body(recording: Recording, mode: str, name: str) -> None:
    """Recorded with a coding that requests accepts, asked for with Accept-Encoding: identity."""
    was = recording.recorded("requests", CALL[name])
    now = ask(recording.gateways[mode], "requests", replace(CALL[name], accept_encoding="identity"))
    assert was.all("content-encoding") == [CODINGS[name]]
    assert now.message == plain(was).message
    assert now.all("content-length") == [str(len(now.body))]


@pytest.mark.parametrize("name", ["gzip", "deflate", "brotli"])
@MODES
def test_a_client_that_names_no_coding_gets_the_recorded_bytes(recording: Recording, mode: str, name: str) -> None:
    """Without Accept-Encoding any coding will do (RFC 9110, section 12.5.3)."""
    now = ask(recording.gateways[mode], "requests", replace(CALL[name], accept_encoding=""))
    assert now.message == recording.recorded("requests", CALL[name]).message


@EVERY_CLIENT
@MODES
def test_head_is_answered_from_get(recording: Recording, mode: str, client: str) -> None:
    """Where no HEAD was recorded: the fields of GET, and no body."""
    was = recording.recorded(client, CALL["png"])
    now = recording.asked(mode, client, replace(CALL["png"], method="HEAD"))
    assert now.message == replace(was, body=b"").message
    assert now.all("content-length") == was.all("content-length")


@MODES
def test_nothing_follows_the_answer_to_head(recording: Recording, mode: str) -> None:
    """The next answer on the connection is whole."""
    with Wire(recording.gateways[mode]) as wire:
        assert wire.ask(Call("head", "/socket/get?head", "HEAD")).status == 200
        assert wire.ask(Call("png", "/socket/image/png")).body == recording.recorded("socket", CALL["png"]).body


@pytest.mark.parametrize("client", CODED)
def test_another_multipart_boundary_is_another_body(recording: Recording, client: str) -> None:
    """The tests above compare nothing if a client sends the same boundary each time."""
    exchange = recording.history[f"/{client}/post?multipart"]
    recorded = exchange.request.headers.get("content-type")
    assert recorded
    assert recorded.startswith("multipart/form-data; boundary=")
    assert sent_type(client) != recorded


@EVERY_CASE
def test_redaction_changes_the_secrets_only(recording: Recording, client: str, call: Call) -> None:
    """From a collection promoted without --keep-secrets, everything else is as recorded."""
    was, now = recording.recorded(client, call), recording.asked("redacted", client, call)
    assert one_word(now).message == one_word(redacted(was)).message
    assert SECRET not in repr(now)
    assert (SECRET in repr(plain(was))) == (call.name in WITH_SECRETS)


def test_every_call_has_a_request_of_its_own(recording: Recording) -> None:
    """No two calls share a sequence, or the tests above would depend on their order."""
    shown = recording.understudy.json("collections", "show", "httpbin")
    steps = {
        "/get",
        "/relative-redirect/1",
        "/relative-redirect/2",
        "/absolute-redirect/1",
        "/redirect/2?absolute=true",
    }
    assert shown["requests"] == len(CASES) + len(FOLLOWERS) * len(steps) + 1
    assert shown["examples"] == shown["requests"] + len(recording.uuids) - 1

"""URLs in bodies, while they pass through a reverse proxy, and when it answers: the client is led to the gateway."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # ships no types
import httpx
import pytest
import zstandard

from tests.programs import Understudy, upstream
from understudy.store.content_codings import remove_codings
from understudy.store.repositories.history import HistoryFilter
from understudy.store.sql.open_store import open_store

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def link(handler: BaseHTTPRequestHandler, size: int = 0) -> bytes:
    """A document with a URL of the host that is asked, and some more bytes."""
    return b'{"next": "http://%s/2", "more": "%s"}' % (handler.headers["Host"].encode(), b"a" * size)


def send(handler: BaseHTTPRequestHandler, body: bytes, *fields: tuple[str, str], chunked: bool = False) -> None:
    handler.send_response(200)
    own = (("Content-Type", "application/json"), ("Accept-Ranges", "bytes"), ("ETag", '"1"'))
    for name, value in (*own, ("Link", f"<http://{handler.headers['Host']}/2>; rel=next"), *fields):
        handler.send_header(name, value)
    handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))))
    handler.end_headers()
    if handler.command == "HEAD":
        return
    if not chunked:
        handler.wfile.write(body)
        return
    for start in range(0, len(body), 20):  # within the URL
        piece = body[start : start + 20]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.flush()
    handler.wfile.write(b"0\r\n\r\n")


def answer_linked(handler: BaseHTTPRequestHandler) -> None:
    """Answer by path: /CODING in this coding, /chunked in pieces, /large with a body that passes in pieces."""
    name = handler.path.strip("/")
    if name in CODINGS:
        send(handler, CODINGS[name](link(handler)), ("Content-Encoding", name))
    elif name == "broken":
        send(handler, b"no gzip", ("Content-Encoding", "gzip"))
    else:
        send(handler, link(handler, 3_000_000 if name == "large" else 0), chunked=name == "chunked")


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/2"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Understudy, dict[str, httpx.Response], str, str]:
    """What a client got of each path while it was recorded; the URLs of the API and of the gateway."""
    understudy = Understudy(tmp_path_factory.mktemp("rewritten"))
    options = ("-s", "shop", "--rewrite-bodies")
    with upstream(answer_linked) as url, understudy.serving("record", "--upstream", url, *options) as gateway:
        is_http_1 = request.param == "HTTP/1.1"
        with httpx.Client(base_url=gateway.url, trust_env=False, http1=is_http_1, http2=not is_http_1) as client:
            answers = {name: client.get(f"/{name}") for name in (*CODINGS, "plain", "chunked", "large")}
            answers["head"] = client.head("/plain")
        assert {answer.http_version for answer in answers.values()} == {request.param}
        return understudy, answers, url, gateway.url


NAMES = [*CODINGS, "plain", "chunked", "large"]


@pytest.mark.parametrize("name", NAMES)
def test_a_url_in_a_body_leads_to_the_gateway_while_it_records(
    recorded: tuple[Understudy, dict[str, httpx.Response], str, str], name: str
) -> None:
    _, answers, _, gateway = recorded
    assert answers[name].json()["next"] == f"{gateway}/2"


def test_urls_in_header_fields_lead_there_too(
    recorded: tuple[Understudy, dict[str, httpx.Response], str, str],
) -> None:
    """Also where a client of HTTP/2 names the gateway by its address."""
    _, answers, _, gateway = recorded
    assert answers["plain"].headers["link"] == f"<{gateway}/2>; rel=next"


def test_fields_that_depend_on_the_bytes_are_left_out(
    recorded: tuple[Understudy, dict[str, httpx.Response], str, str],
) -> None:
    """The validator stays: the API knows it."""
    _, answers, _, _ = recorded
    for answer in (answers["gzip"], answers["head"]):
        assert {"content-length", "content-encoding", "accept-ranges"} & set(answer.headers) == set()
        assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize("name", NAMES)
def test_history_keeps_what_came(recorded: tuple[Understudy, dict[str, httpx.Response], str, str], name: str) -> None:
    understudy, _, api, _ = recorded
    store = open_store(str(understudy.store))
    [kept] = store.history.list_newest(HistoryFilter(path=f"/{name}", method="GET"), 1)
    assert kept.response
    coding = kept.response.headers.get("content-encoding") or ""
    plain = remove_codings(coding, store.bodies.read(kept.response.body))
    store.close()
    assert plain is not None
    assert json.loads(plain)["next"] == f"{api}/2"
    assert coding == (name if name in CODINGS else "")


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_leads_to_the_gateway_too(
    recorded: tuple[Understudy, dict[str, httpx.Response], str, str], name: str
) -> None:
    understudy, _, api, _ = recorded
    with understudy.serving("replay", "shop", "--rewrite-bodies") as gateway:
        answer = httpx.get(f"{gateway.url}/{name}", trust_env=False)
        head = httpx.head(f"{gateway.url}/plain", trust_env=False)
        get = httpx.get(f"{gateway.url}/plain", trust_env=False)
    assert answer.json()["next"] == f"{gateway.url}/2"
    assert head.headers.get("content-length") in (None, get.headers.get("content-length"))
    with understudy.serving("replay", "shop") as gateway:
        assert httpx.get(f"{gateway.url}/{name}", trust_env=False).json()["next"] == f"{api}/2"


def test_a_mock_server_leads_to_itself(recorded: tuple[Understudy, dict[str, httpx.Response], str, str]) -> None:
    understudy, _, _, _ = recorded
    understudy.run("mocks", "create", "shop", "--from-session", "shop", "--rewrite-bodies")
    with understudy.mocks_serving() as mocks:
        assert httpx.get(f"{mocks.url}/mocks/shop/gzip", trust_env=False).json()["next"] == f"{mocks.url}/mocks/shop/2"
    with understudy.serving("mock", "shop") as gateway:
        assert httpx.get(f"{gateway.url}/gzip", trust_env=False).json()["next"] == f"{gateway.url}/2"


@pytest.mark.parametrize("http2", [False, True])
def test_a_body_that_is_not_in_its_coding_is_an_error(tmp_path: Path, http2: bool) -> None:
    understudy = Understudy(tmp_path)
    with (
        upstream(answer_linked) as url,
        understudy.serving("record", "--upstream", url, "--rewrite-bodies") as gateway,
        httpx.Client(trust_env=False, http1=not http2, http2=http2) as client,
    ):
        answer = client.get(f"{gateway.url}/broken")
    assert (answer.status_code, answer.json()["error"]["name"]) == (502, "upstreamFailedError")

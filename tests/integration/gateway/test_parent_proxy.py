"""From inside a company network: through a parent proxy, and signed in with a client certificate."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from tests.peers.certificates import make_certificate
from tests.peers.parent_proxy import CREDENTIALS, PASSWORD, ParentProxy, parent_proxy
from tests.programs import Understudy, answer, free_port, upstream

# Nobody but the parent knows where these are: `.invalid` never resolves (RFC 2606, section 2).
PLAIN, SECURE = "plain.invalid", "secure.invalid"


@dataclass(frozen=True)
class Company:
    """A network whose APIs are reached through the parent only."""

    understudy: Understudy
    parent: ParentProxy
    certificate: Path

    def record(self, *more: str, upstream: str | None = None) -> list[str]:
        options = ["record", "--session", "s", "--upstream-ca", str(self.certificate), *more]
        return [*options, "--upstream", upstream] if upstream else options


def api(handler: BaseHTTPRequestHandler) -> None:
    seen = {name: value for name, value in handler.headers.items() if name.lower().startswith("proxy")}
    answer(handler, json.dumps({"path": handler.path, "seen": seen}).encode(), Content_Type="application/json")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    certificate = make_certificate(tmp_path / "upstream.pem", SECURE, "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with upstream(api) as plain, upstream(api, tls=tls) as secure:
        ports = {"plain_invalid": int(plain.rpartition(":")[2]), "secure_invalid": int(secure.rpartition(":")[2])}
        with parent_proxy(**ports) as parent:
            yield Company(Understudy(tmp_path), parent, certificate)


def through(gateway: str, understudy: Understudy, *, http2: bool = False) -> httpx.Client:
    """A client that takes the gateway for its proxy."""
    context = ssl.create_default_context(cafile=understudy.ca)
    return httpx.Client(proxy=gateway, verify=context, trust_env=False, http2=http2)


def test_a_forward_gateway_calls_plain_and_secure_upstreams_through_the_parent(company: Company) -> None:
    command = company.record("--parent-proxy", company.parent.url, "-v")
    with company.understudy.serving(*command) as gateway:
        with through(gateway.url, company.understudy) as client:
            for path in ("/a?b=c", "/again"):  # the second on a connection that is open
                assert client.get(f"http://{PLAIN}{path}").json() == {"path": path, "seen": {}}
                assert client.get(f"https://{SECURE}{path}").json() == {"path": path, "seen": {}}
        assert f"through the parent proxy http://127.0.0.1:{company.parent.port}" in gateway.log
    asked = [line.split(" ")[:2] for line in company.parent.asked]
    assert ["GET", f"http://{PLAIN}/a?b=c"] in asked
    assert asked.count(["CONNECT", f"{SECURE}:443"]) == 1
    kept = gateway.log.encode() + b"".join(path.read_bytes() for path in company.understudy.home.glob("*.db*"))
    assert PASSWORD.encode() not in kept
    assert CREDENTIALS not in kept
    assert [entry["url"] for entry in company.understudy.json("history", "list")] == [
        f"http://{PLAIN}/a?b=c",
        f"https://{SECURE}/a?b=c",
        f"http://{PLAIN}/again",
        f"https://{SECURE}/again",
    ]


def test_a_client_that_speaks_http_2_is_taken_through_the_parent(company: Company) -> None:
    command = company.record("--parent-proxy", company.parent.url)
    with (
        company.understudy.serving(*command) as gateway,
        through(gateway.url, company.understudy, http2=True) as client,
    ):
        for path in ("/a", "/again"):
            got = client.get(f"https://{SECURE}{path}")
            assert (got.http_version, got.json()) == ("HTTP/2", {"path": path, "seen": {}})
    assert f"CONNECT {SECURE}:443 HTTP/1.1" in company.parent.asked
    assert [entry["url"] for entry in company.understudy.json("history", "list")] == [
        f"https://{SECURE}/a",
        f"https://{SECURE}/again",
    ]


@pytest.mark.parametrize("origin", [f"http://{PLAIN}", f"https://{SECURE}"])
def test_a_reverse_gateway_calls_its_upstream_through_the_parent(company: Company, origin: str) -> None:
    """And nothing else: it is no way to other hosts."""
    command = company.record("--parent-proxy", company.parent.url, upstream=origin)
    with company.understudy.serving(*command) as gateway:
        assert httpx.get(f"{gateway.url}/x", trust_env=False).json()["path"] == "/x"
        asked = len(company.parent.asked)
        with through(gateway.url, company.understudy) as client:
            assert client.get("http://other.invalid/").status_code == 403
        assert len(company.parent.asked) == asked


def test_a_parent_that_refuses_is_told(company: Company) -> None:
    command = company.record("--parent-proxy", company.parent.url.replace(PASSWORD, "wrong"))
    with company.understudy.serving(*command) as gateway, through(gateway.url, company.understudy) as client:
        assert "407" in client.get(f"https://{SECURE}/").json()["error"]["message"]
    assert company.understudy.json("history", "list")[0]["error"]


def test_a_parent_that_is_not_there_is_told(company: Company) -> None:
    command = company.record("--parent-proxy", f"http://127.0.0.1:{free_port()}", upstream=f"http://{PLAIN}")
    with company.understudy.serving(*command) as gateway:
        shown = httpx.get(gateway.url, trust_env=False)
    assert (shown.status_code, shown.json()["error"]["name"]) == (502, "upstreamUnreachableError")


@pytest.mark.parametrize("command", ["replay", "mock"])
def test_nobody_is_called_in_offline_modes(company: Company, command: str) -> None:
    recording = company.record("--parent-proxy", company.parent.url)
    with company.understudy.serving(*recording) as gateway, through(gateway.url, company.understudy) as client:
        client.get(f"http://{PLAIN}/a")
    company.understudy.run("promote", "--session", "s", "--to", "s")
    asked = len(company.parent.asked)
    with (
        company.understudy.serving(command, "s", "--parent-proxy", company.parent.url) as gateway,
        through(gateway.url, company.understudy) as client,
    ):
        assert client.get(f"http://{PLAIN}/a").json()["path"] == "/a"
        assert client.get(f"http://{PLAIN}/b").status_code == 404
        assert client.get(f"https://{SECURE}/a").status_code == 404
    assert len(company.parent.asked) == asked


def test_the_environment_names_a_parent_but_not_for_this_machine(company: Company) -> None:
    environment = {"http_proxy": company.parent.url, "NO_PROXY": "other.example"}
    with (
        upstream(api) as local,
        company.understudy.serving("record", "-s", "s", **environment) as gateway,
        through(gateway.url, company.understudy) as client,
    ):
        assert client.get(f"http://{PLAIN}/a").json()["path"] == "/a"
        assert client.get(f"{local}/b").json()["path"] == "/b"
        assert "through the parent proxy http://127.0.0.1:" in gateway.log
        assert PASSWORD not in gateway.log
    assert [line.split(" ")[1] for line in company.parent.asked] == [f"http://{PLAIN}/a"]


def test_none_calls_directly(company: Company) -> None:
    environment = {"http_proxy": company.parent.url, "https_proxy": "socks5://127.0.0.1:1"}
    with (
        upstream(api) as local,
        company.understudy.serving("record", "--parent-proxy", "none", **environment) as gateway,
        through(gateway.url, company.understudy) as client,
    ):
        assert client.get(f"{local}/b").json()["path"] == "/b"
        assert client.get(f"http://{PLAIN}/a").status_code == 502
    assert company.parent.asked == []


def test_a_client_certificate_signs_in(tmp_path: Path) -> None:
    """To an upstream that asks for one and takes no other; without it there is no answer."""
    understudy = Understudy(tmp_path)
    server, client = make_certificate(tmp_path / "server.pem", "127.0.0.1"), make_certificate(tmp_path / "me.pem", "me")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(client)
    with upstream(api, tls=tls) as url:
        command = ["record", "--upstream", url, "--upstream-ca", str(server)]
        with understudy.serving(*command, "--client-cert", client) as gateway:
            assert httpx.get(f"{gateway.url}/x", trust_env=False).json()["path"] == "/x"
        with understudy.serving(*command) as gateway:
            assert httpx.get(f"{gateway.url}/x", trust_env=False).status_code == 502

"""Clients of others (curl, requests, httpx) and a bare socket; each returns what came on the wire."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import requests

Fields = tuple[tuple[str, str], ...]

# They frame a message or speak of one connection (RFC 9110, sections 6.6.2 and 7.6.1; RFC 9112, section 6): an answer
# from an example is framed anew, with a Content-Length where a chunked one was recorded.
FRAMING = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
TIMEOUT = 30.0


@dataclass(frozen=True)
class Answer:
    """A response with its fields in the order and case in which they came, its body with content codings as sent."""

    status: int
    reason: str
    fields: Fields
    body: bytes
    version: str = "HTTP/1.1"

    def all(self, name: str) -> list[str]:
        """The values of a field."""
        return [value for key, value in self.fields if key.lower() == name]

    @property
    def message(self) -> tuple[int, str, Fields, bytes]:
        """All that an example has to give back: everything but framing and the version of HTTP."""
        kept = tuple((name, value) for name, value in self.fields if name.lower() not in FRAMING)
        return self.status, self.reason, kept, self.body

    @property
    def undated(self) -> tuple[int, str, Fields, bytes]:
        """The same without Date, which replay and mock move to the present."""
        status, reason, fields, body = self.message
        return status, reason, tuple(field for field in fields if field[0].lower() != "date"), body


@dataclass(frozen=True)
class Call:
    """One request. `accept_encoding` None leaves the header to the client, "" asks for none at all.

    `form` and `files` (field, file name, content, type) are for the client to encode; `only` names the clients that can
    send it, `status` is that of a server that works.
    """

    name: str
    target: str
    method: str = "GET"
    headers: Fields = ()
    accept_encoding: str | None = None
    body: bytes = b""
    form: Fields = ()
    files: tuple[tuple[str, str, bytes, str], ...] = ()
    only: tuple[str, ...] = ("curl", "requests", "httpx", "socket")
    status: int = 200


@dataclass(frozen=True)
class Route:
    """How to get there: a forward proxy or none, and the certificate to trust."""

    proxy: str | None = None
    ca: Path | None = None
    http2: bool = False
    context: ssl.SSLContext | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "context", ssl.create_default_context(cafile=self.ca) if self.ca else None)


DIRECT = Route()


class Client(Protocol):
    """Sends a call to a base URL, follows no redirect, keeps no cookie."""

    def __call__(self, base: str, call: Call, route: Route = DIRECT) -> Answer:
        """Send it."""
        ...


def ask_curl(base: str, call: Call, route: Route = DIRECT) -> Answer:
    """By curl; only what the call asks for is encoded or added by it."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = Path(folder, "head"), Path(folder, "body")
        subprocess.run([*_curl(route), *_curl_options(call, folder), "-D", head, "-o", body, base + call.target],
                       check=True, timeout=TIMEOUT)  # fmt: skip
        blocks = head.read_bytes().decode("latin-1").strip().split("\r\n\r\n")
        line, *lines = blocks[-1].split("\r\n")
        version, status, *reason = line.split(" ", 2)
        pairs = (one.partition(":") for one in lines)
        fields = tuple((name, value.strip()) for name, _, value in pairs)
        # For HEAD, curl writes the fields where the body goes.
        content = body.read_bytes() if body.exists() and call.method != "HEAD" else b""
        return Answer(int(status), "".join(reason), fields, content, version)


def _curl(route: Route) -> list[str | Path]:
    command: list[str | Path] = ["curl", "-q", "-sS", "-g", "--path-as-is", "--max-time", str(TIMEOUT)]
    command.append("--http2" if route.http2 else "--http1.1")
    if route.proxy:
        command += ["--proxy", route.proxy]
    if route.ca:
        command += ["--cacert", route.ca]
    return command


def _curl_options(call: Call, folder: str) -> list[str]:
    options = ["--head"] if call.method == "HEAD" else ["-X", call.method]
    for name, value in call.headers:
        options += ["-H", f"{name}: {value}"]
    if call.accept_encoding:
        options += ["-H", f"Accept-Encoding: {call.accept_encoding}"]
    for number, (name, file_name, content, kind) in enumerate(call.files):
        path = Path(folder, f"file-{number}")
        path.write_bytes(content)
        options += ["-F", f"{name}=@{path};filename={file_name};type={kind}"]
    for name, value in call.form:
        options += ["-F" if call.files else "--data-urlencode", f"{name}={value}"]
    if call.body:
        path = Path(folder, "sent")
        path.write_bytes(call.body)
        options += ["--data-binary", f"@{path}"]
    return options


def ask_requests(base: str, call: Call, route: Route = DIRECT) -> Answer:
    """By requests; the body is read below its decoding."""
    with requests.Session() as session:
        session.trust_env = False
        if route.proxy:
            session.proxies = {"http": route.proxy, "https": route.proxy}
        headers: dict[str, str] = dict(call.headers)
        if call.accept_encoding is not None:
            headers["Accept-Encoding"] = call.accept_encoding or "@@@SKIP_HEADER@@@"  # urllib3.util.SKIP_HEADER
        with session.request(
            call.method,
            base + call.target,
            headers=headers,
            data=call.body or list(call.form) or None,
            files=[(name, (file_name, content, kind)) for name, file_name, content, kind in call.files] or None,
            verify=str(route.ca) if route.ca else True,
            allow_redirects=False,
            stream=True,
            timeout=TIMEOUT,
        ) as response:
            body = response.raw.read(decode_content=False)
            original: Any = response.raw._original_response
            return Answer(response.status_code, response.reason, tuple(original.msg.items()), body)


def ask_httpx(base: str, call: Call, route: Route = DIRECT) -> Answer:
    """By httpx; the body is read below its decoding."""
    verify = route.context or False
    with httpx.Client(trust_env=False, verify=verify, proxy=route.proxy, timeout=TIMEOUT, http2=route.http2) as client:
        form = {name: [value for key, value in call.form if key == name] for name, _ in call.form}
        request = client.build_request(
            call.method,
            base + call.target,
            headers=list(call.headers),
            content=call.body or None,
            data=form or None,
            files=[(name, (file_name, content, kind)) for name, file_name, content, kind in call.files] or None,
        )
        if call.accept_encoding is not None:
            del request.headers["Accept-Encoding"]
            if call.accept_encoding:
                request.headers["Accept-Encoding"] = call.accept_encoding
        response = client.send(request, stream=True)
        fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
        body = b"".join(response.iter_raw())
        response.close()
        return Answer(response.status_code, response.reason_phrase, fields, body, response.http_version)


def ask_socket(base: str, call: Call, route: Route = DIRECT) -> Answer:
    """By a bare socket: the target goes out as it is, in UTF-8; no headers but Host and those of the call."""
    assert route is DIRECT
    with Wire(base) as wire:
        return wire.ask(call)


class Wire:
    """One keep-alive connection to a gateway; what it sends is up to the test."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        assert parts.hostname
        assert parts.port
        self.host, self.folder = parts.netloc, parts.path
        self.socket = socket.create_connection((parts.hostname, parts.port), TIMEOUT)
        self._reader = _Shared(self.socket.makefile("rb", buffering=0))

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *calls: Call) -> None:
        """Write requests in one go."""
        self.socket.sendall(b"".join(map(self._encoded, calls)))

    def receive(self, method: str = "GET") -> Answer:
        """Read one response."""
        # To http.client, the answer to CONNECT has a body up to the end of the stream.
        method = "HEAD" if method == "CONNECT" else method
        response = http.client.HTTPResponse(self._reader, method=method)  # type: ignore[arg-type]
        response.begin()
        body = response.read()
        return Answer(response.status, response.reason, tuple(response.headers.items()), body)

    def read(self, size: int) -> bytes:
        """Bytes that are no response; b"" when the gateway closed the connection."""
        try:
            return self._reader.read(size)
        except ConnectionResetError:
            return b""

    def ask(self, call: Call) -> Answer:
        """Send one request and read its response."""
        self.send(call)
        return self.receive(call.method)

    def _encoded(self, call: Call) -> bytes:
        headers = [("Host", self.host), *call.headers]
        if call.accept_encoding:
            headers.append(("Accept-Encoding", call.accept_encoding))
        if call.body:
            headers.append(("Content-Length", str(len(call.body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{call.method} {self.folder}{call.target} HTTP/1.1\r\n{head}\r\n".encode() + call.body


class _Shared(io.BufferedReader):
    """What http.client reads from and closes after each response; here it stays open for the next one."""

    def makefile(self, _mode: str) -> _Shared:
        """The methods of a socket that http.client calls."""
        return self

    def close(self) -> None:
        """Nothing: the code that opened the socket closes it."""


CLIENTS: dict[str, Client] = {"curl": ask_curl, "requests": ask_requests, "httpx": ask_httpx, "socket": ask_socket}

"""`understudy send`: a call for real, and its answer as an example."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.inside import quick_json, quickly, refused
from tests.e2e.shop import COOKIE, PASSWORD, TOKEN, shop_api
from tests.programs import Understudy, free_port, upstream

SIGN_IN = ("-H", f"Authorization: Bearer {TOKEN}")


@pytest.fixture
def api() -> Iterator[str]:
    """The sample API."""
    with upstream(shop_api()) as url:
        yield url


@contextmanager
def saying(answer: bytes, *, reset: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads one request, sends these bytes, and closes the connection or resets it.

    Yields its URL and what it was sent.
    """
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connected, _ = listener.accept()
            with connected:
                got.append(connected.recv(65536))
                connected.sendall(answer)
                if reset:  # so it is when there is no time to linger (socket(7))
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", got
        thread.join(5)


def test_the_answer_is_printed(understudy: Understudy, api: str) -> None:
    """Status, headers and body."""
    output = understudy.run("send", "GET", f"{api}/users/1")
    assert output.startswith("HTTP/1.1 200 OK\n")
    assert "Content-Type: application/json\n" in output
    assert output.endswith('\n\n{"id": 1, "name": "Ada"}\n')
    assert understudy.json("collections", "list") == []


def test_the_answer_comes_as_json(understudy: Understudy, api: str) -> None:
    """As examples do."""
    result = quick_json(understudy, f"send GET {api}/users/1")
    assert (result["status"], result["reason"], result["body"]) == (200, "OK", '{"id": 1, "name": "Ada"}')


def test_the_answer_is_saved_as_an_example(understudy: Understudy, api: str) -> None:
    """In a collection that is made for it; then the mock answers as the API did."""
    quickly(understudy, "send", "GET", f"{api}/users/1", "--save-to", "users")
    [example] = quick_json(understudy, "examples list users")
    assert (example["name"], example["status"], example["templates"]) == ("GET /users/1 - 200", 200, False)
    assert 'is answered by "GET /users/1 - 200"' in quickly(understudy, "match", "GET", "/users/1", "--mock", "users")


def test_saving_the_same_again_adds_nothing(understudy: Understudy, api: str) -> None:
    """Another answer is kept beside the first."""
    for path in ("/users/1", "/users/1", "/orders/next", "/orders/next"):
        quickly(understudy, "send", "GET", f"{api}{path}", "--save-to", "shop")
    names = [one["name"] for one in quick_json(understudy, "examples list shop")]
    assert names == ["GET /users/1 - 200", "GET /orders/next - 200", "GET /orders/next - 200"]


@pytest.mark.parametrize("keep", [False, True])
def test_secrets_are_redacted_unless_asked(understudy: Understudy, api: str, keep: bool) -> None:
    """In request and response; the answer that is printed is whole."""
    login = ("send", "POST", f"{api}/login", *SIGN_IN, "-d", f'{{"password": "{PASSWORD}"}}')
    options = ("--save-to", "shop", "--name", "login", *(["--keep-secrets"] if keep else []))
    assert COOKIE in quickly(understudy, *login, *options)
    shown = quickly(understudy, "examples", "show", "login")
    assert [secret in shown for secret in (TOKEN, COOKIE, PASSWORD)] == [keep] * 3


def test_it_says_what_was_redacted(understudy: Understudy, api: str) -> None:
    """On standard error, beside the answer."""
    command = understudy.command("send", "GET", f"{api}/users/1", *SIGN_IN, "--save-to", "shop")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=understudy.environment, check=True)
    assert done.stderr.startswith("Saved GET /users/1 - 200 (")
    assert "redacted: Authorization header in 1 request (--keep-secrets keeps them)" in done.stderr


def test_what_is_kept_is_what_came(understudy: Understudy) -> None:
    """Order, case and repeats of headers, the reason, the undecoded body; words before the answer are passed over."""
    head = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 207 Odd reason\r\nx-B: 1\r\nX-a:  2 \r\nX-b: 3\r\n"
    with saying(head + b"Content-Encoding: odd\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\xff\x00\r\n0\r\n\r\n") as (
        url,
        got,
    ):
        quickly(
            understudy, "send", "get", f"{url}/a%2Fb?c=d&\u00fc", "-H", "x-ME: 1", "--save-to", "raw", "--name", "r"
        )
    assert got[0].startswith(b"GET /a%2Fb?c=d&%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nx-ME: 1\r\n" in got[0]
    response = quick_json(understudy, "examples show r")["response"]
    assert (response["status"], response["reason"]) == (207, "Odd reason")
    assert response["headers"] == [["x-B", "1"], ["X-a", "2"], ["X-b", "3"], ["Content-Encoding", "odd"]]
    assert response["body_base64"] == "/wA="


def test_a_body_is_sent_with_its_type_and_length(understudy: Understudy, tmp_path: Path) -> None:
    """What is given counts before what is guessed."""
    (tmp_path / "body").write_bytes(b"[1]")
    for given, sent in (((), b"Content-Type: application/json"), (("-H", "content-type: a/b"), b"content-type: a/b")):
        with saying(b"HTTP/1.1 204 No Content\r\n\r\n") as (url, got):
            quickly(understudy, "send", "POST", url, "-d", f"@{tmp_path / 'body'}", *given)
        head, _, body = got[0].partition(b"\r\n\r\n")
        assert (sent in head, b"Content-Length: 3" in head, body) == (True, True, b"[1]")


def test_an_answer_until_the_connection_ends(understudy: Understudy) -> None:
    """As HTTP/1.0 has it."""
    with saying(b"HTTP/1.0 200 OK\r\n\r\nhello") as (url, _):
        assert quickly(understudy, "send", "GET", url) == "HTTP/1.0 200 OK\n\nhello\n"


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN_OFF = {
    b"": "without an answer",
    b"HTTP/1.1 103 Early Hints\r\n\r\n": "without an answer",
    OK + b"Content-Le": "within the head of its answer",
    OK + b"Content-Length: 9\r\n\r\nhell": "after 4 of the 9 bytes of its answer's body",
    CHUNKED + b"4\r\nhell\r\n": "after 4 bytes of its answer's body",
}
UNREADABLE = {
    b"SSH-2.0\r\n\r\n": "it does not begin with a status line",
    b"\x15\x03\x01\x00\x02\x02\x46": "it does not begin with a status line",
    OK + b"password secret\r\n\r\n": "a line of its head is not a header",
    OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n12": "it has two different lengths",
    OK + b"Content-Length: much\r\n\r\n12": "its Content-Length is not a number",
    OK + b"Transfer-Encoding: gzip\r\n\r\n": "its Transfer-Encoding is not chunked",
    OK + b"A: " + b"x" * 400_000: "its head is longer than 262144 bytes",
    CHUNKED + b"much\r\n": "a chunk of its body does not begin with its size",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n": "it switched to another protocol without being asked to",
}


@pytest.mark.parametrize(("reset", "result"), [(False, "closed the connection"), (True, "broke the connection off")])
@pytest.mark.parametrize("answer", BROKEN_OFF, ids=range(len(BROKEN_OFF)))
def test_half_an_answer_is_none(understudy: Understudy, answer: bytes, reset: bool, result: str) -> None:
    """The line states how much came; nothing is saved of it."""
    with saying(answer, reset=reset) as (url, _):
        line = refused(understudy, f"send GET {url} --save-to shop")
    assert line == f"Error: {url} {result} {BROKEN_OFF[answer]}"
    assert quick_json(understudy, "collections list") == []


@pytest.mark.parametrize("answer", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_answer_is_said_in_words(understudy: Understudy, answer: bytes) -> None:
    """Not in those of a library, nor with those of the server."""
    with saying(answer) as (url, _):
        line = refused(understudy, f"send GET {url}")
    assert line == f"Error: the answer of {url} cannot be read as HTTP/1.1: {UNREADABLE[answer]}"


def test_an_upgrade_is_no_example(understudy: Understudy) -> None:
    """It is refused in one line."""
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    with saying(upgrade) as (url, _):
        line = refused(understudy, f"send GET {url} -H 'Upgrade: websocket' -H 'Connection: upgrade' --save-to shop")
    assert "it switched to another protocol" in line


def test_nobody_there(understudy: Understudy) -> None:
    """The line has the reason."""
    url = f"http://127.0.0.1:{free_port()}"
    assert refused(understudy, f"send GET {url}/a") == f"Error: cannot reach {url}: Connection refused"


def test_no_answer_in_time(understudy: Understudy) -> None:
    """The line states how long it waited."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        line = refused(understudy, f"send GET {url}/a --timeout 0.05")
    assert line == f"Error: {url} did not answer within 0.05 seconds"


def test_no_whole_answer_in_time(understudy: Understudy) -> None:
    """The line states how much came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connected, _ = listener.accept()
            connected.sendall(OK + b"Content-Length: 9\r\n\r\nhell")
            with connected:
                while connected.recv(65536):  # until the client has had enough
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        line = refused(understudy, f"send GET {url}/a --timeout 0.5")
        thread.join(5)
    assert line == f"Error: {url} sent no more for 0.5 seconds after 4 of the 9 bytes of its answer's body"


def test_no_tls(understudy: Understudy, api: str) -> None:
    """The line names TLS."""
    url = api.replace("http", "https")
    line = refused(understudy, f"send GET {url}/users/1")
    assert line == f"Error: cannot reach {url}: it does not use TLS there; try a URL with http://"


def test_no_end_of_the_tls_handshake(understudy: Understudy) -> None:
    with saying(b"") as (plain, _):
        url = plain.replace("http", "https")
        line = refused(understudy, f"send GET {url}")
    assert line == f"Error: cannot reach {url}: it closed the connection during the TLS handshake"


def test_a_request_that_http_has_no_form_for(understudy: Understudy, api: str) -> None:
    """The line names the mistake in it."""
    assert "cannot be sent over HTTP/1.1: " in refused(understudy, f"send 'G T' {api}/a")

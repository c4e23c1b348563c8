"""`understudy replay ... -- COMMAND`: what counts, what a miss is, and what is printed at the end."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.programs.test_run_command import Done, run
from tests.integration.clients import Call, Wire
from tests.programs import Understudy, wait_for
from tests.programs.serving import Serving
from tests.programs.waiting import PATIENCE_SECONDS
from understudy.store.model.exchanges import CLIENT_LEFT, Exchange, Timings
from understudy.store.model.messages import Chunk, Headers, Origin, Request, Response
from understudy.store.model.values import replace
from understudy.store.sql.open_store import open_store

API = "http://api.shop.invalid"  # never resolves (RFC 2606, section 2)
SECURE = "https://api.shop.invalid"
PART = '--x\r\nContent-Disposition: form-data; name="nonce"\r\n\r\n{}\r\n--x--\r\n'
JSON = "Content-Type: application/json"
HELD_AT_ONCE = "import understudy.proxy.gateway.program as program; program.LONG_SECONDS = 0.01; "
PRINT_HOLDS = """
import sys
from understudy.addons.loop.held_requests import HeldRequests
begin = HeldRequests.begin
def begin_and_print(self, hold, release):
    print("GET is held", file=sys.stderr, flush=True)
    return begin(self, hold, release)
HeldRequests.begin = begin_and_print
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A session of four exchanges; two are the same request but for a parameter and a place in the body."""
    understudy = Understudy(tmp_path_factory.mktemp("replays"))
    store = open_store(str(understudy.store))
    session = store.sessions.create("shop", None)
    asked = [
        Request("GET", b"/a", Headers.of([("X-Team", "red")])),
        Request("POST", b"/buy?t=1", Headers.of([("Content-Type", "application/json")]), b'{"id": 1, "at": 1}'),
        Request("POST", b"/buy?t=2", Headers.of([("Content-Type", "application/json")]), b'{"id": 1, "at": 2}'),
        Request("GET", b"/sign-in?pin=t0ps3cret"),
    ]
    store.history.add(
        [
            Exchange(
                session.id,
                Request(one.method, one.target, one.headers, one.body, Origin.parse(API)),
                Response(200, Headers(), f"answer {number}\n".encode()),
                Timings(float(number)),
            )
            for number, one in enumerate(asked, 1)
        ]
    )
    store.close()
    return understudy


def record(understudy: Understudy, *requests: Request) -> None:
    """Create the session shop of these requests, each answered by `ok`."""
    store = open_store(str(understudy.store))
    session = store.sessions.create("shop", None)
    store.history.add([Exchange(session.id, one, Response(200, body=b"ok"), Timings(1.0)) for one in requests])
    store.close()


def replay(understudy: Understudy, options: str, *curl: str) -> Done:
    """Replay the session to curl with these options."""
    return run(understudy, "replay", "shop", *options.split(), "--", "curl", "-sS", *curl)


def buy(number: int) -> list[str]:
    """curl's arguments for a purchase that was not recorded so."""
    return [f"{API}/buy?t={number}", "-H", JSON, "-d", json.dumps({"at": number, "id": 1})]


def test_a_miss_fails_a_command_that_succeeded(shop: Understudy) -> None:
    """Exit code 3; the summary names what was asked for, and what was nearest."""
    done = replay(shop, "", f"{API}/a", f"{API}/b", f"{API}/b")
    assert done.code == 3
    assert "understudy: session shop had no answer to 2 requests:\n" in done.err
    assert f'  GET {API}/b, 2 times: nearest is "GET /a - 200" (entry 1): path differs' in done.err
    assert '"entry": 1,' in done.out


def test_what_was_not_asked_for_is_listed_without_secrets(shop: Understudy) -> None:
    """It makes nothing fail."""
    done = replay(shop, "", f"{API}/a")
    assert done.code == 0
    assert "understudy: 3 of 4 recorded exchanges not used:\n" in done.err
    assert f"  GET {API}/sign-in?pin=" in done.err
    assert "t0ps3cret" not in done.err


def test_what_was_not_asked_for_has_its_number_in_history(shop: Understudy) -> None:
    listed = replay(shop, "", f"{API}/a").err.partition("not used:\n")[2].splitlines()
    assert [line.rpartition(" (")[2] for line in listed] == ["entry 2)", "entry 3)", "entry 4)"]


def test_misses_can_be_allowed(shop: Understudy) -> None:
    """They are printed all the same."""
    done = replay(shop, "--allow-misses", f"{API}/b")
    assert done.code == 0
    assert "session shop had no answer to 1 request" in done.err


def test_what_is_ignored_does_not_count(shop: Understudy) -> None:
    """Requests that become equal are answered in recorded order, then the last one repeats."""
    again = ["--next", "-sS"]
    calls = [*buy(7), *again, *buy(8), *again, *buy(9)]
    done = replay(shop, "--ignore-query t --ignore-json $.at", *calls)
    assert (done.code, done.out) == (0, "answer 2\nanswer 3\nanswer 3\n")


@pytest.mark.parametrize(
    ("kind", "body", "option"),
    [
        ("application/x-www-form-urlencoded", "to=7&nonce={}", "--ignore-body nonce"),
        ("text/xml", "<a><w:Id xmlns:w='u'>{}</w:Id><b/></a>", "--ignore-body //Id"),
        ("multipart/form-data; boundary=x", PART, "--ignore-body nonce"),
    ],
)
def test_places_in_any_body_can_be_ignored(tmp_path: Path, kind: str, body: str, option: str) -> None:
    """A nonce of a form, a part, an element of XML: without the option, the request is a miss."""
    understudy = Understudy(tmp_path)
    headers = Headers.of([("Content-Type", kind)])
    record(understudy, Request("POST", b"/", headers, body.format(1).encode(), Origin.parse(API)))
    call = [f"{API}/", "-H", f"Content-Type: {kind}", "--data-binary", body.format(2)]
    assert replay(understudy, option, *call).code == 0
    assert replay(understudy, "", *call).code == 3


JSON_PART = "--{0}\r\nContent-Type: {1}\r\n\r\n{2}\r\n--{0}--\r\n"
PIECE = "5;chunk-signature={0}\r\n{1}\r\n0;chunk-signature={0}\r\n\r\n"
CHUNKED = "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


# The header and body of a recorded request, of one that is equal, and of one that just misses.
MEANINGS = (
    (
        ("Content-Type: application/x-amz-json-1.1", '{"a": 1, "b": 2}'),
        ("Content-Type: text/json", '{"b": 2.0, "a": 1}'),
        ("Content-Type: text/json", '{"b": 2.0, "a": 2}'),
    ),
    (
        ("Content-Type: application/x-ndjson", '{"a": 1, "b": 2}\n[]\n'),
        ("Content-Type: application/x-ndjson", '{"b": 2, "a": 1}\n[]'),
        ("Content-Type: application/x-ndjson", '[]\n{"b": 2, "a": 1}'),
    ),
    (
        ("Content-Type: text/plain", '{"a": 1, "b": 2}'),
        ("Content-Type: text/plain", '{"b": 2, "a": 1}'),
        ("Content-Type: text/csv", '{"a": 1, "b": 2}'),
    ),
    (
        ("Content-Type: application/json", '{"a": 1}'),
        ("Content-Type:", '{ "a": 1 }'),
        ("Content-Type:", '{ "a": 2 }'),
    ),
    (
        ("Content-Type: multipart/mixed; boundary=x", JSON_PART.format("x", "text/json", '{"a": 1, "b": 2}')),
        ("Content-Type: multipart/mixed; boundary=y", JSON_PART.format("y", "application/json", '{"b": 2, "a": 1}')),
        ("Content-Type: multipart/mixed; boundary=y", JSON_PART.format("y", "application/json", '{"b": 2, "a": 2}')),
    ),
    (
        (CHUNKED, PIECE.format("a" * 64, "hello")),
        (CHUNKED, PIECE.format("b" * 64, "hello")),
        (CHUNKED, PIECE.format("a" * 64, "hallo")),
    ),
)


def test_bodies_are_compared_by_what_they_mean(tmp_path: Path) -> None:
    """A body is equal under another name of its type and in another layout; one that just misses is not."""
    understudy = Understudy(tmp_path)
    headers = [Headers.of([(header.partition(": ")[0], header.partition(": ")[2])]) for (header, _), _, _ in MEANINGS]
    record(
        understudy,
        *(
            Request("POST", b"/%d" % number, headers[number], body.encode(), Origin.parse(API))
            for number, ((_, body), _, _) in enumerate(MEANINGS)
        ),
    )
    equal, other = ([row[place] for row in MEANINGS] for place in (1, 2))
    for chosen, misses in ((equal, 0), (other, len(MEANINGS))):
        calls = [
            argument
            for number, (header, body) in enumerate(chosen)
            for argument in (
                "--next",
                "-sS",
                f"{API}/{number}",
                "-H",
                "Content-Type:",
                "-H",
                header,
                "--data-binary",
                body,
            )
        ]
        done = replay(understudy, "", *calls[1:])
        assert done.code == (3 if misses else 0)
        assert (f"had no answer to {misses} requests" in done.err) is bool(misses)


def test_what_is_not_ignored_counts(shop: Understudy) -> None:
    """Without the other option it is a miss."""
    done = replay(shop, "--ignore-query t", *buy(7))
    assert done.code == 3
    assert "body differs at $.at; leave out what differs with --ignore-body '$.at'\n" in done.err
    message = json.loads(done.out)["error"]["message"]
    assert message.startswith("This request is not in session shop: nearest is ")
    assert message.endswith("body differs at $.at.")


@pytest.mark.parametrize(
    ("options", "team", "code"),
    [
        ("--match-header x-team", "blue", 3),
        ("--match-header * --ignore-header X-Team", "blue", 0),
    ],
)
def test_headers_count_where_that_is_asked_for(shop: Understudy, options: str, team: str, code: int) -> None:
    """By name, or all that were recorded."""
    assert replay(shop, options, f"{API}/a", "-H", f"X-Team: {team}").code == code


@pytest.mark.parametrize(("miss", "told", "curl_code"), [("502", "502", 3), ("close", "000", 52)])
def test_a_miss_is_answered_as_asked(shop: Understudy, tmp_path: Path, miss: str, told: str, curl_code: int) -> None:
    """A bad gateway, or an empty reply: the exit code is curl's then."""
    done = replay(shop, f"--miss {miss}", f"{API}/b", "-o", str(tmp_path / "body"), "-w", "%{http_code}")
    assert (done.code, done.out) == (curl_code, told)


def test_once_makes_the_second_time_a_miss(shop: Understudy) -> None:
    done = replay(shop, "--once", f"{API}/a", f"{API}/a")
    assert done.code == 3
    assert "session shop had no answer to 1 request:\n" in done.err
    assert f"GET {API}/a: its recorded answers were all given" in done.err


def test_a_gateway_takes_the_same_options(shop: Understudy, tmp_path: Path) -> None:
    """For whenever it replays; what it was not asked for is printed at its end."""
    options = ("--mode", "replay", "-s", "shop", "--miss", "502", "--ignore-query", "q")
    with shop.serving("gateway", *options) as gateway, Wire(gateway.url) as wire:
        assert wire.ask(Call("", f"{API}/a?q=1")).body == b"answer 1\n"
        assert wire.ask(Call("", f"{API}/b")).status == 502
    assert "3 of 4 recorded exchanges not used" in gateway.log


def test_a_path_that_is_none_is_a_mistake(shop: Understudy) -> None:
    assert "JSON path" in shop.mistake("replay", "shop", "--ignore-json", "$.at[")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A session in which /refused got no answer, /cut half of one, /late none at first; /left was given up."""
    understudy = Understudy(tmp_path_factory.mktemp("broken"))
    store = open_store(str(understudy.store))
    session = store.sessions.create("broken", None)
    half = Response(200, Headers.of([("Content-Length", "10")]), b"half\n")
    some = Response(200, Headers(), b"some\n", chunks=(Chunk(0.0, 2), Chunk(0.1, 3)))
    here = Response(200, Headers(), b"here\n")
    recorded = [
        ("/refused", None, "reset"),
        ("/cut", half, "reset"),
        ("/late", None, "reset"),
        ("/late", here, None),
        ("/left", some, CLIENT_LEFT),
        ("/silent", None, CLIENT_LEFT),
    ]
    for scheme in ("http", "https"):
        origin = Origin.parse(API.replace("http", scheme))
        store.history.add(
            [
                Exchange(
                    session.id,
                    Request("GET", path.encode(), origin=origin),
                    response,
                    Timings(float(number)),
                    error,
                )
                for number, (path, response, error) in enumerate(recorded)
            ]
        )
    store.close()
    return understudy


def test_failures_are_repeated_where_that_is_asked_for(broken: Understudy) -> None:
    """curl names the mistake: an empty reply, a part of one, a stream of HTTP/2 that was reset."""
    curl = "curl -s -w '%{exitcode}\\n'"
    asked = f"{curl} {API}/refused; {curl} {API}/cut; {curl} --http2 {SECURE}/refused; {curl} --http2 {SECURE}/cut"
    done = run(broken, "replay", "broken", "--replay-failures", "--", "sh", "-c", asked)
    assert done.out.splitlines() == ["52", "half", "18", "92", "half", "92"]
    assert "had no answer" not in done.err


def test_what_a_client_gave_up_is_given_as_far_as_it_came(broken: Understudy) -> None:
    """Without being asked for: the client reads no further. The end that never came does not come."""
    command = f"curl -s -w '%{{exitcode}}\n' {API}/left; curl -s --http2 {SECURE}/left"
    done = run(broken, "replay", "broken", "--hold", "0", "--", "sh", "-c", command)
    assert done.out.splitlines() == ["some", "18", "some"]
    assert "had no answer" not in done.err


@pytest.mark.parametrize("origin", [API, SECURE])
def test_what_a_client_gave_up_is_held_open_until_it_leaves(broken: Understudy, origin: str) -> None:
    """As far as it came, and nothing after it: curl gives up, with 28. Over HTTP/1.1 and HTTP/2."""
    curl = "curl -s --max-time 1 -w '%{exitcode}\n'"
    done = run(broken, "replay", "broken", "--", "sh", "-c", f"{curl} {origin}/left; {curl} {origin}/silent")
    assert done.out.splitlines() == ["some", "28", "28"]
    assert "had no answer" not in done.err


@pytest.mark.parametrize(("origin", "ends"), [(API, ["some", "18", "52"]), (SECURE, ["some", "92", "92"])])
def test_a_hold_with_a_limit_ends_as_it_was_cut(broken: Understudy, origin: str, ends: list[str]) -> None:
    curl = "curl -s --max-time 60 -w '%{exitcode}\n'"
    command = f"{curl} {origin}/left; {curl} {origin}/silent"
    done = run(broken, "replay", "broken", "--hold", "0.1", "--", "sh", "-c", command)
    assert done.out.splitlines() == ends


def test_a_line_names_what_is_held_for_long(broken: Understudy) -> None:
    """Once, however often it is asked for, and without its secrets."""
    curl = f"curl -s --max-time 0.5 {API}/silent"
    done = run(replace(broken, preamble=HELD_AT_ONCE), "replay", "broken", "--", "sh", "-c", f"{curl}; {curl}")
    held = f"held open, as the client gave them up when they were recorded: GET {API}/silent (entry 6)"
    assert done.err.count(f"understudy: {held}; --hold SECONDS ends them\n") == 1


@contextmanager
def holding(broken: Understudy) -> Iterator[tuple[Serving, socket.socket]]:
    """A gateway that holds a request of this client open."""
    with (
        replace(broken, preamble=PRINT_HOLDS).serving("gateway", "--mode", "replay", "-s", "broken") as gateway,
        socket.create_connection(("127.0.0.1", gateway.port), PATIENCE_SECONDS) as client,
    ):
        client.sendall(b"GET %s/silent HTTP/1.1\r\nHost: api\r\n\r\n" % API.encode())
        wait_for(lambda: "GET is held" in gateway.log)
        yield gateway, client


def test_a_switch_of_the_mode_releases_what_is_held(broken: Understudy) -> None:
    with holding(broken) as (_, client):
        broken.run("mode", "replay", "-s", "broken")
        assert client.recv(1) == b""


def test_a_gateway_that_stops_releases_what_is_held(broken: Understudy) -> None:
    with holding(broken) as (gateway, client):
        assert gateway.stop() == 0
        assert client.recv(1) == b""


def test_a_failure_has_its_turn(broken: Understudy) -> None:
    """A client that tries again gets the answer that came then."""
    done = run(
        broken, "replay", "broken", "--replay-failures", "--", "sh", "-c", f"curl -s {API}/late; curl -s {API}/late"
    )
    assert (done.code, done.out) == (0, "here\n")


def test_without_that_failures_were_never_recorded(broken: Understudy) -> None:
    """What failed is a miss."""
    done = run(broken, "replay", "broken", "--", "curl", "-sS", f"{API}/refused", f"{API}/late")
    assert done.code == 3
    assert done.out.endswith("here\n")
    reason = "it was recorded as failed (entry 1: reset)"
    assert f'"note": "{reason}"' in done.out
    assert '"action": "replay_failures"' in done.out
    assert f"  GET {API}/refused: {reason}; repeat the failure with --replay-failures\n" in done.err


HOSTS = ["http://one.invalid", "https://two.invalid:8443", "http://three.invalid"]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A session in which several hosts were asked for the same path."""
    understudy = Understudy(tmp_path_factory.mktemp("several"))
    store = open_store(str(understudy.store))
    session = store.sessions.create("several", None)
    asked = [Request("GET", b"/who", origin=Origin.parse(host)) for host in HOSTS]
    answers = [Response(200, Headers(), one.origin.host.encode()) for one in asked if one.origin]
    pairs = zip(asked, answers, strict=True)
    store.history.add([Exchange(session.id, one, answer, Timings(1.0)) for one, answer in pairs])
    store.close()
    return understudy


# As a proxy that is asked for itself, as the API, and as the API by mitmproxy's layers.
WAYS = ("", "--noproxy '*'", "--noproxy '*' --http2-prior-knowledge")
WHO = "; ".join(f"curl -s -w '\\n' {way} $UNDERSTUDY_URL/who" for way in WAYS)


@pytest.mark.parametrize("host", HOSTS)
def test_an_upstream_says_whose_requests_to_the_gateway_are(several: Understudy, host: str) -> None:
    """Of a session with several hosts."""
    done = run(several, "replay", "several", "--upstream", host, "--", "sh", "-c", WHO)
    assert done.out.splitlines() == [Origin.parse(host).host] * len(WAYS)
    assert done.code == 0


@pytest.mark.parametrize("options", [(), ("--upstream", "http://four.invalid")])
def test_without_it_a_miss_says_what_is_missing(several: Understudy, options: tuple[str, ...]) -> None:
    done = run(several, "replay", "several", *options, "--", "sh", "-c", WHO)
    reason = (
        "it is for none of the recorded hosts, http://one.invalid, http://three.invalid and https://two.invalid:8443"
    )
    assert done.out.count(f'"note": "{reason}"') == len(WAYS)
    assert done.out.count('"action": "name_upstream"') == len(WAYS)
    assert f"  GET /who, {len(WAYS)} times: {reason}; name a host with --upstream URL" in done.err


def test_a_start_that_takes_its_time_is_told(broken: Understudy) -> None:
    """What is read, and how much of it; here after no time at all."""
    slowly = "from understudy.proxy.gateway import run; run.SLOW_SECONDS = 0.0\n"
    with Understudy(broken.home, preamble=slowly).serving("replay", "broken") as gateway:
        assert "understudy: reading session broken, 12 exchanges ...\n" in gateway.log

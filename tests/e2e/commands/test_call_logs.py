"""Call logs and verification, as users see them: `mocks logs` and `mocks verify` beside a server that is called."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.inside import quick_json, quickly, refused
from tests.e2e.shop import call
from tests.programs import PATIENCE_SECONDS, Serving, Understudy, wait_for

SECRETS = ("sesame-header", "sesame-cookie", "sesame-json", "sesame-query", "sesame-set-cookie", "sesame-answer")
ORDER = b'{"item": 7, "pin": "sesame-json"}'
REQUESTS = (
    'GET /users/{{id}} 200 {"name": "Ada", "password": "sesame-answer"}',
    "POST /orders 201 {}",
    "GET /down 503 down",
)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with the calls that a mock server was asked; not to be changed."""
    understudy = Understudy(tmp_path_factory.mktemp("logged"))
    create(understudy)
    with understudy.mocks_serving("shop") as serving:
        call(f"{serving.url}/users/7?pin=sesame-query&page=2", Cookie="sid=sesame-cookie")
        call(
            f"{serving.url}/orders",
            "POST",
            ORDER,
            Authorization="Bearer sesame-header",
            Content_Type="application/json",
        )
        call(
            f"{serving.url}/orders", "POST", b"", **{"x-api-key": "sesame-header", "x-understudy-key": "sesame-header"}
        )
        call(f"{serving.url}/down")
        call(f"{serving.url}/nothing/here")
        # Right after the last call, and while the server runs.
        assert "POST /orders was called 2 times" in quickly(understudy, *VERIFY, "POST /orders", "--times", "2")
    return understudy


VERIFY = ("mocks", "verify", "shop", "--called")


def create(understudy: Understudy, *options: str) -> None:
    requests = [word for request in REQUESTS for word in ("--request", request)]
    quickly(understudy, "mocks", "create", "shop", *requests, *options)


@pytest.fixture
def serving(understudy: Understudy) -> Iterator[Serving]:
    create(understudy)
    with understudy.mocks_serving("shop") as running:
        yield running


def test_a_table_of_calls(logged: Understudy) -> None:
    lines = quickly(logged, "mocks", "logs", "shop").splitlines()
    assert lines[0].split() == ["CALL", "TIME", "METHOD", "PATH", "STATUS", "RESPONSE", "MS"]
    assert len(lines) == 6
    for words in (["/users/7?pin=REDACTED&page=2", "200", "GET", "/users/{{id}}"], ["No", "matching", "requests"]):
        assert any(set(words) <= set(line.split()) for line in lines)


FILTERS = [
    ("", "12345"),
    ("--limit 2", "45"),
    ("--status 404", "5"),
    ("--status 5xx", "4"),
    ("--method post", "23"),
    ("--path '/users/*'", "1"),
    ("--missed", "5"),
    ("--matched", "1234"),
    ("--before 3", "12"),
    ("--before 3 --limit 1", "2"),
    ("--since 1h", "12345"),
    ("--since 2999-01-01", ""),
    ("--until 2999-01-01T00:00:00Z", "12345"),
    ("--until 1d", ""),
    ("--method POST --missed", ""),
]


@pytest.mark.parametrize(("options", "numbers"), FILTERS)
def test_filters(logged: Understudy, options: str, numbers: str) -> None:
    calls = quick_json(logged, f"mocks logs shop {options}")
    assert "".join(str(one["id"]) for one in calls) == numbers


def test_a_call_as_json(logged: Understudy) -> None:
    [shown] = quick_json(logged, "mocks logs shop --before 2")
    assert shown.keys() >= {"at", "milliseconds", "decision", "example_id", "request_size", "response_size"}
    assert (shown["method"], shown["url"], shown["status"]) == ("GET", "/users/7?pin=REDACTED&page=2", 200)
    assert shown["example"].startswith("GET /users/{{id}}")


def test_one_call_in_full(logged: Understudy) -> None:
    text = quickly(logged, "mocks", "logs", "shop", "--call", "2")
    for part in ("POST /orders HTTP/1.1", "Authorization: Bearer REDACTED", '{"item": 7, "pin": "REDACTED"}', "201"):
        assert part in text
    shown = quick_json(logged, "mocks logs shop --call 1")
    assert shown["request"]["method"] == "GET"
    assert json.loads(shown["response"]["body"]) == {"name": "Ada", "password": "REDACTED"}


def test_nothing_secret_is_in_the_files(logged: Understudy) -> None:
    """Of the calls, that is: the example's own answer is as it was typed."""
    create_time_secret = "sesame-answer"
    kept = b"".join(file.read_bytes() for file in logged.home.glob("understudy.db*"))
    assert b"sesame" in kept
    for secret in SECRETS:
        if secret != create_time_secret:
            assert secret.encode() not in kept
    assert kept.count(create_time_secret.encode()) == 1


HOLDS = [
    "--called 'POST /orders'",
    "--called 'POST /orders' --times 2",
    "--called 'POST /orders' --at-least 1 --at-most 2",
    "--called 'GET /users/{{id}}' --times 1",
    "--called 'GET /users/7?page=2&pin=any' --times 1",
    "--called 'DELETE /users/7' --never",
    '--called \'POST /orders\' --body \'{"pin": "any", "item": 7}\' --times 1',
    "--called 'POST /orders' --header 'Authorization: Bearer any' --times 1",
    "--called 'POST /orders' --since 2999-01-01 --never",
    "--called 'POST /orders' --times 2 --within 30",
]


@pytest.mark.parametrize("options", HOLDS)
def test_what_is_so_ends_well(logged: Understudy, options: str) -> None:
    assert quick_json(logged, f"mocks verify shop {options}")["held"]


def test_what_is_not_so_is_exit_code_1(logged: Understudy) -> None:
    text = logged.run(*VERIFY, "POST /orders", "--times", "3", code=1)
    assert text.startswith("POST /orders was called 2 times; expected: exactly 3 times\nNearest:\n")
    shown = json.loads(logged.run(*VERIFY, "GET /users/8", "--json", code=1))
    assert (shown["held"], shown["count"], shown["nearest"][0]["differences"][0]["part"]) == (False, 0, "path")


BAD = [
    ("mocks verify shop --called /orders", "a call is written 'METHOD PATH'"),
    ("mocks verify shop --called 'GET /a' --times 1 --never", "--never goes with no other number"),
    ("mocks verify shop --called 'GET /a' --at-least 3 --at-most 2", "no number of calls is at least 3 and at most 2"),
    ("mocks verify shop --called 'GET /a' --times 1 --at-most 2", "give either an exact number of calls, or bounds"),
    ("mocks verify shop --called 'GET /a' --times -1", "--times"),
    ("mocks verify shop --called 'GET /a' --never --within 1", "--within: waits for calls"),
    ("mocks verify shop --called 'GET /a' --header X", "a header is written Name: value"),
    ("mocks verify shop --called 'GET /a' --body @/nowhere", "--body: cannot read /nowhere"),
    ("mocks verify shop --called 'GET /a' --since soon", "--since takes a time such as"),
    ("mocks verify other --called 'GET /a'", "there is no mock server 'other'"),
    ("mocks verify shop", "--called"),
    ("mocks logs other", "there is no mock server 'other'"),
    ("mocks logs shop --status 700", "--status takes a status such as 404"),
    ("mocks logs shop --until yesterday", "--until takes a time such as"),
    ("mocks logs shop --call 99", "there is no call 99"),
    ("mocks logs shop --call 1 --follow", "give one of --follow, --call and --clear"),
    ("mocks logs shop --limit 0", "--limit"),
]


@pytest.mark.parametrize(("typed", "message"), BAD)
def test_bad_input(logged: Understudy, typed: str, message: str) -> None:
    assert message in refused(logged, typed)


def test_a_call_of_another_mock_server_is_not_shown(logged: Understudy) -> None:
    quickly(logged, "mocks", "create", "another", "--collection", "shop")
    assert "there is no call 1 to another in the log" in refused(logged, "mocks logs another --call 1")


def test_clearing(understudy: Understudy, serving: Serving) -> None:
    call(f"{serving.url}/down")
    assert (
        quickly(understudy, "mocks", "logs", "shop", "--clear") == "Deleted 1 call of shop. Undo: understudy undo 1\n"
    )
    assert quickly(understudy, "mocks", "logs", "shop") == "No calls.\n"
    assert quick_json(understudy, "mocks verify shop --called 'GET /down' --never")["held"]


def test_verifying_waits_for_calls_to_come(understudy: Understudy, serving: Serving) -> None:
    command = understudy.command(*VERIFY, "GET /down", "--within", "30")
    with subprocess.Popen(command, env=understudy.environment, stdout=subprocess.PIPE) as verifying:
        time.sleep(0.5)
        call(f"{serving.url}/down")
        assert verifying.wait(PATIENCE_SECONDS) == 0


def test_a_log_that_is_off_counts_what_it_does_not_take(understudy: Understudy, serving: Serving) -> None:
    call(f"{serving.url}/down")
    quickly(understudy, "mocks", "edit", "shop", "--log-limit", "0")
    wait_for(lambda: not unlogged(understudy, serving))
    assert "call log of shop is off" in quickly(understudy, "mocks", "logs", "shop")
    assert "the call log of shop is off" in refused(understudy, "mocks verify shop --called 'GET /down'")
    quickly(understudy, "mocks", "edit", "shop", "--log-limit", "5")
    shown = understudy.run(*VERIFY, "GET /other", "--never", code=1)
    assert "since the start of the server did not come into the log" in shown


def unlogged(understudy: Understudy, serving: Serving) -> Any:
    """The calls in the log after one more was made, which shows when the edit is served."""
    quickly(understudy, "mocks", "logs", "shop", "--clear")
    call(f"{serving.url}/down")
    return quick_json(understudy, "mocks logs shop")


class Following:
    """`mocks logs --follow` with its output in a file."""

    def __init__(self, understudy: Understudy, *options: str) -> None:
        self.output = understudy.home / "followed"
        with self.output.open("wb") as file:
            streams = (0, file.fileno(), file.fileno())
            self.process = understudy.start("mocks", "logs", "shop", "--follow", *options, streams=streams)

    def wait_for_lines(self, number: int) -> list[str]:
        wait_for(lambda: len(self.output.read_text().splitlines()) >= number)
        return self.output.read_text().splitlines()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)


def test_following_prints_new_calls_until_ctrl_c(understudy: Understudy, serving: Serving) -> None:
    call(f"{serving.url}/down")
    following = Following(understudy, "--path", "/d*")
    following.wait_for_lines(1)
    call(f"{serving.url}/orders", "POST")
    call(f"{serving.url}/down?page=2")
    lines = following.wait_for_lines(2)
    assert following.interrupt() == 0
    assert ["/down?page=2" in line and "503" in line for line in lines] == [False, True]
    assert following.output.read_text().splitlines() == lines


def test_following_as_json_is_a_line_for_each_call(understudy: Understudy, serving: Serving) -> None:
    following = Following(understudy, "--json")
    for _ in range(3):
        call(f"{serving.url}/down")
    lines = following.wait_for_lines(3)
    assert following.interrupt() == 0
    assert [json.loads(line)["url"] for line in lines] == ["/down"] * 3


def test_following_ends_when_nobody_reads(understudy: Understudy, serving: Serving) -> None:
    """Without another call, too."""
    call(f"{serving.url}/down")
    command = understudy.command("mocks", "logs", "shop", "--follow")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=understudy.environment, stdout=pipe, stderr=pipe) as following:
        assert following.stdout
        assert following.stderr
        assert b"/down" in following.stdout.readline()
        following.stdout.close()
        assert following.wait(PATIENCE_SECONDS) == 0
        assert following.stderr.read() == b""


def test_following_a_mock_server_that_is_deleted_ends(understudy: Understudy, serving: Serving) -> None:
    call(f"{serving.url}/down")
    following = Following(understudy)
    following.wait_for_lines(1)
    quickly(understudy, "mocks", "delete", "shop")
    assert following.process.wait(PATIENCE_SECONDS) == 2
    assert "mock server shop was deleted, and its log with it" in following.output.read_text()


def test_looking_makes_no_files(understudy: Understudy) -> None:
    create(understudy)
    quickly(understudy, "mocks", "logs", "shop")
    quickly(understudy, *VERIFY, "GET /down", "--never")
    assert not list(Path(understudy.home).glob("*-mocks"))

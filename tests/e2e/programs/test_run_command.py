"""`understudy record|replay|mock ... -- COMMAND`: a command through a gateway, with its own output and exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.programs import Understudy, answer, free_port, upstream, wait_for

# Each is excepted from the proxy in the environment that the command would inherit.
ESCAPES = {"NO_PROXY": "localhost,127.0.0.1", "no_proxy": "*"}
ASK = """
curl -sS "$URL/by-proxy"
curl -sS "$UNDERSTUDY_URL/by-address"
echo "$GIVEN, $(cat)"
exit 5
"""


@dataclass(frozen=True)
class Done:
    """What came of a run."""

    code: int
    out: str
    err: str


def run(understudy: Understudy, *arguments: object, stdin: str = "", **environment: str) -> Done:
    """Run understudy with its own output and that of the command apart."""
    done = understudy.complete(*arguments, stdin=stdin.encode(), **environment)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def shop(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, f"{handler.path} was asked\n".encode())


@dataclass(frozen=True)
class Ran:
    """A command that was recorded, then replayed without its server."""

    understudy: Understudy
    recorded: Done
    replayed: Done


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Both runs, each with its standard input and a variable of its own."""
    understudy = Understudy(tmp_path_factory.mktemp("run"))
    command = ("--", "sh", "-c", ASK)
    with upstream(shop) as url:
        given = {**ESCAPES, "GIVEN": "given", "URL": url}
        recorded = run(understudy, "record", "-s", "run", "--upstream", url, *command, stdin="typed", **given)
    replayed = run(understudy, "replay", "run", *command, stdin="typed", **given)
    return Ran(understudy, recorded, replayed)


def test_standard_output_is_the_commands_alone(ran: Ran) -> None:
    """It can be piped; environment and standard input reach the command."""
    assert ran.recorded.out == "/by-proxy was asked\n/by-address was asked\ngiven, typed\n"


def test_our_words_go_to_standard_error(ran: Ran) -> None:
    """Where it records to, and how much it kept."""
    assert "recording to session run" in ran.recorded.err
    assert "Kept 2 exchanges; lost 0." in ran.recorded.err


def test_the_exit_code_is_the_commands(ran: Ran) -> None:
    """Recorded and replayed."""
    assert (ran.recorded.code, ran.replayed.code) == (5, 5)


def test_what_was_asked_either_way_is_recorded(ran: Ran) -> None:
    """Through the proxy in spite of an inherited NO_PROXY, and at UNDERSTUDY_URL."""
    shown = ran.understudy.json("history", "list")
    assert [one["url"].rpartition("/")[2] for one in shown] == ["by-proxy", "by-address"]


def test_a_replay_gives_the_same_without_the_server(ran: Ran) -> None:
    """The output of the command is the same, byte for byte."""
    assert ran.replayed.out == ran.recorded.out


def test_nothing_escapes_a_replay(tmp_path: Path, ran: Ran) -> None:
    """A server that is there is not called, whatever the command inherited."""
    asked: list[str] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer(handler, b"live")

    with upstream(note) as url:
        done = run(
            ran.understudy, "replay", "run", "--", "curl", "-sS", url.replace("127.0.0.1", "localhost"), **ESCAPES
        )
    assert "mockRequestNotFoundError" in done.out
    assert asked == []


def test_other_hosts_are_recorded_beside_the_upstream(understudy: Understudy) -> None:
    """With a command the gateway is its proxy, too: what it calls elsewhere is no error."""
    with upstream(shop) as url, upstream(shop) as other:
        done = run(understudy, "record", "--upstream", url, "--", "curl", "-sS", f"{other}/elsewhere")
    assert done.out == "/elsewhere was asked\n"


@pytest.mark.parametrize("way", [(), ("--http2-prior-knowledge",)], ids=["HTTP/1.1", "HTTP/2"])
def test_a_host_can_be_ignored(understudy: Understudy, way: tuple[str, ...]) -> None:
    """It is called while recording, and its request is not kept; a replay answers 502 and has no miss."""
    with upstream(shop) as url, upstream(shop) as other:
        ignored = ("--ignore-host", other.replace("http://127.", "*7."))
        called = ("curl", "-sS", *way, f"{url}/users/1", f"{other}/telemetry")
        recorded = run(understudy, "record", "-s", "some", *ignored, "--", *called)
        assert recorded.out == "/users/1 was asked\n/telemetry was asked\n"
    assert [entry["url"] for entry in understudy.json("history", "list", "--session", "some")] == [f"{url}/users/1"]
    done = run(understudy, "replay", "some", *ignored, "--", *called)
    assert (done.code, "no answer" in done.err, "ignoredHostError" in done.out) == (0, False, True)
    assert run(understudy, "replay", "some", "--", *called).code == 3


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["no-such-command"], 127, "there is no such command"),
        (["./not-executable"], 126, "it is not executable"),
        (["./no-program"], 126, "Exec format error"),
    ],
)
def test_a_command_that_cannot_be_run_is_one_line(
    understudy: Understudy, words: list[str], code: int, shown: str
) -> None:
    """With a shell's exit code; a session that was made for it is gone again."""
    (understudy.home / "not-executable").write_text("")
    (understudy.home / "no-program").write_bytes(b"\0")
    (understudy.home / "no-program").chmod(0o700)
    words = [str(understudy.home / word) if word.startswith("./") else word for word in words]
    done = run(understudy, "record", "-s", "new", "--", *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.splitlines()[-1] == f"Error: cannot run {words[0]}: {shown}"
    assert understudy.json("sessions", "list") == []


def test_a_command_has_to_follow_the_dashes(understudy: Understudy) -> None:
    """Nothing behind them is a mistake, not a gateway that stays."""
    assert "has to follow --" in understudy.mistake("record", "--")


def test_a_command_that_asks_nothing_gets_a_hint(understudy: Understudy) -> None:
    """It may have gone its own way: then its recording is empty, and that is seen too late."""
    done = run(understudy, "record", "-s", "none", "--", "true")
    assert "understudy: no request came: a program that reads no proxy variables" in done.err


def test_a_replay_that_is_asked_nothing_gives_the_hint_too(understudy: Understudy) -> None:
    """Its command may have called the API itself."""
    run(understudy, "record", "-s", "none", "--", "true")
    done = run(understudy, "replay", "none", "--", "true")
    assert (done.code, done.err.splitlines()[-1].partition(":")[2][:17]) == (0, " no request came:")


def test_what_failed_is_told_with_what_is_kept(understudy: Understudy) -> None:
    """A recording in which every call failed does not look like one that went well."""
    done = run(understudy, "record", "--", "curl", "-s", f"http://127.0.0.1:{free_port()}/")
    assert "understudy: Kept 1 exchange, 1 of them failed; lost 0." in done.err


def test_java_without_a_command_is_a_mistake(understudy: Understudy) -> None:
    """Its trust store goes with the command."""
    assert "COMMAND" in understudy.mistake("record", "--java-truststore")


def test_java_without_its_tool_is_a_mistake(understudy: Understudy) -> None:
    """Said before anything is started."""
    shown = understudy.mistake("record", "--java-truststore", "--", "java", PATH="/nowhere", JAVA_HOME="")
    assert "keytool" in shown


def test_a_command_killed_by_a_signal_gives_a_shells_exit_code(understudy: Understudy) -> None:
    """128 and the signal's number."""
    assert run(understudy, "record", "--", "sh", "-c", "kill -9 $$").code == 128 + signal.SIGKILL


TRAPS = """
trap 'echo INT; exit 7' INT
trap 'echo TERM; exit 8' TERM
touch ready
while :; do sleep 0.05; done
"""


# The command runs, and its process is not in our hands yet.
SIGNALLED_EARLY = """
import asyncio, os, pathlib, time
start = asyncio.create_subprocess_exec
async def start_and_be_signalled(*words, **named):
    process = await start(*words, **named)
    while not pathlib.Path("ready").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), {number})
    await asyncio.sleep(0.1)
    return process
asyncio.create_subprocess_exec = start_and_be_signalled
"""


@contextmanager
def trapping(understudy: Understudy) -> Iterator[subprocess.Popen[str]]:
    """A command that prints the signal that it gets, running below understudy."""
    process = subprocess.Popen(
        understudy.command("record", "--", "sh", "-c", TRAPS),
        cwd=understudy.home, env=understudy.environment | {"PYTHONPATH": os.getcwd()}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        wait_for((understudy.home / "ready").exists, 20)
        yield process
    finally:
        with suppress(ProcessLookupError):  # the command may have outlived understudy
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


PASSED_ON = pytest.mark.parametrize(
    ("number", "shown", "code"), [(signal.SIGINT, "INT", 7), (signal.SIGTERM, "TERM", 8)]
)


@PASSED_ON
def test_signals_are_passed_on(understudy: Understudy, number: int, shown: str, code: int) -> None:
    """The command decides what to do; its exit code is ours."""
    with trapping(understudy) as process:
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == (f"{shown}\n", code)


@PASSED_ON
def test_signals_while_the_command_starts_are_passed_on(
    understudy: Understudy, number: int, shown: str, code: int
) -> None:
    """Once there is a process to send them to."""
    early = Understudy(understudy.home, preamble=SIGNALLED_EARLY.format(number=int(number)))
    with trapping(early) as process:
        out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == (f"{shown}\n", code)


def test_signals_that_are_ignored_are_ignored_by_the_command_too(understudy: Understudy) -> None:
    """As nohup(1) has it."""
    nohup = Understudy(understudy.home, preamble="import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n")
    done = run(nohup, "record", "--", "sh", "-c", "kill -HUP $$; echo lives")
    assert (done.code, done.out) == (0, "lives\n")


def test_a_variable_stays_as_it_was(understudy: Understudy) -> None:
    """For one that hurts a client."""
    command = ("sh", "-c", 'echo "$AWS_CA_BUNDLE"; test -f "$CURL_CA_BUNDLE"')
    done = run(understudy, "record", "--no-env", "AWS_CA_BUNDLE", "--", *command, AWS_CA_BUNDLE="/corp.pem")
    assert (done.code, done.out) == (0, "/corp.pem\n")


def test_a_variable_that_is_not_changed_is_a_mistake(understudy: Understudy) -> None:
    message = understudy.mistake("record", "--no-env", "AWS_CA_BUNDEL", "--", "true")
    assert "AWS_CA_BUNDEL is not a variable that is set for a command" in message
    assert "--no-env goes with a COMMAND" in understudy.mistake("record", "--no-env", "AWS_CA_BUNDLE")

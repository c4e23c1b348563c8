"""Ctrl-C and SIGTERM before anything can be ended in order: the end is the signal's, without a word or a trace."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from tests.programs import Understudy

pytestmark = pytest.mark.once

SIGNALS = [signal.SIGINT, signal.SIGTERM]
by_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: str(number.name))

# Each has the program signal itself at some moment, by the name in braces that is replaced by the signal's number.
ON_IMPORT = """
import os, sys
class Signalling:
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Signalling())
"""
# Then it takes longer than any test waits.
WHILE_READING = """
import os, threading
from understudy.proxy.gateway.activation import Activation
def activate(*_, **__):
    os.kill(os.getpid(), {number})
    threading.Event().wait()
Activation.activate = activate
"""
AROUND = """
import os
from {module} import {owner}
before = {owner}.{name}
def {name}(*given, **named):
    result = before(*given, **named)
    os.kill(os.getpid(), {number})
    return result
{owner}.{name} = {name}
"""


def around(module: str, owner: str, name: str, number: int) -> str:
    """The signal comes when this method has been called."""
    return AROUND.format(module=module, owner=owner, name=name, number=number)


def session_made(number: int) -> str:
    return around("understudy.store.sql.repositories.sessions", "SqlSessions", "create", number)


def gateway_registered(number: int) -> str:
    return around("understudy.store.sql.repositories.gateways", "SqlGateways", "register", number)


def mocks_compiled(number: int) -> str:
    return around("understudy.proxy.mock_server.process", "MockProcess", "compile", number)


def on_import(module: str, number: int) -> str:
    return ON_IMPORT.format(module=module, number=number)


GATEWAY_MOMENTS = {
    "mitmproxy is imported": lambda number: on_import("mitmproxy", number),
    "the session is made": session_made,
    "the store is read": lambda number: WHILE_READING.format(number=number),
    "the gateway is registered": gateway_registered,
}


def run(understudy: Understudy, preamble: str, *arguments: object) -> tuple[int, str]:
    """The exit code, negative for a signal's, and all that is printed but for what a slow machine reads meanwhile."""
    command = Understudy(understudy.home, preamble).command(*arguments)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=understudy.environment
    )
    try:
        shown, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return process.returncode, re.sub(r"understudy: reading .* \.\.\.\n", "", shown)


def rows(understudy: Understudy, table: str) -> int:
    """How many the store has."""
    return int(understudy.sql(f"select count(*) from {table}"))


@by_signal
@pytest.mark.parametrize("moment", GATEWAY_MOMENTS)
def test_a_gateway_that_has_not_begun_leaves_nothing(
    understudy: Understudy, moment: str, number: signal.Signals
) -> None:
    """No words, no session, no row of a gateway."""
    preamble = GATEWAY_MOMENTS[moment](int(number))
    assert run(understudy, preamble, "record", "-s", "new", "--listen", "127.0.0.1:0") == (-number, "")
    assert (rows(understudy, "sessions"), rows(understudy, "gateways")) == (0, 0)


@by_signal
def test_a_command_is_not_begun_for_nothing(understudy: Understudy, number: signal.Signals) -> None:
    """What was to end it came before it."""
    begun = understudy.home / "begun"
    preamble = around("understudy.proxy.gateway.child_command", "ChildCommand", "_prepare_access", int(number))
    code, shown = run(understudy, preamble, "record", "-s", "new", "--", "touch", begun)
    assert (code, begun.exists(), rows(understudy, "sessions")) == (-number, False, 0)
    assert "Error" not in shown


def test_a_session_with_exchanges_stays(understudy: Understudy) -> None:
    """One that was to go on is not what a signal takes with it."""
    understudy.run("record", "-s", "kept", "--", "curl", "-s", "http://127.0.0.1:1/")
    assert run(understudy, gateway_registered(signal.SIGINT), "record", "-s", "kept", "--", "true")[0] == -signal.SIGINT
    assert [one["name"] for one in understudy.json("sessions", "list")] == ["kept"]


@by_signal
def test_from_its_first_line_on_a_gateway_ends_in_order(understudy: Understudy, number: signal.Signals) -> None:
    """It prints what it kept."""
    preamble = around("understudy.proxy.cli.gateway.gateway_output", "Terminal", "announce_start", int(number))
    code, shown = run(understudy, preamble, "record", "-s", "new", "--listen", "127.0.0.1:0")
    assert (code, shown.splitlines()[-1]) == (0, "Kept 0 exchanges; lost 0.")


@by_signal
@pytest.mark.parametrize("workers", [1, 2])
def test_mock_servers_that_have_not_begun_end_by_the_signal(
    understudy: Understudy, workers: int, number: signal.Signals
) -> None:
    preamble = mocks_compiled(int(number))
    assert run(understudy, preamble, "mocks", "serve", "--port", 0, "--workers", workers) == (-number, "")


def test_workers_that_are_not_all_there_end_by_the_signal(understudy: Understudy) -> None:
    """In order, each of them."""
    preamble = around("understudy.proxy.mock_server.workers", "Workers", "_start_worker", signal.SIGTERM)
    code, shown = run(understudy, preamble, "mocks", "serve", "--port", 0, "--workers", 2)
    assert (code, shown) == (-signal.SIGTERM, "")


@pytest.mark.parametrize(
    "preamble",
    [
        on_import("click", signal.SIGINT),
        on_import("sqlalchemy", signal.SIGINT),
        around("understudy.store.sql.repositories.history", "SqlHistory", "list_newest", signal.SIGINT),
    ],
    ids=["its own modules", "the store's", "history"],
)
def test_any_command_ends_by_ctrl_c_without_a_word(understudy: Understudy, preamble: str) -> None:
    """While it loads, and while it works."""
    understudy.run("record", "--", "true")
    assert run(understudy, preamble, "history", "list") == (-signal.SIGINT, "")


def test_a_shell_shows_128_and_the_signals_number(understudy: Understudy) -> None:
    preamble = around("understudy.store.sql.repositories.history", "SqlHistory", "list_newest", signal.SIGINT)
    understudy.run("record", "--", "true")
    words = Understudy(understudy.home, preamble).command("history", "list")
    shell = ["sh", "-c", '"$@"; echo $?', "sh", *words]
    done = subprocess.run(shell, env=understudy.environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "130\n"


EDITING = """
import os, click
def edit(text, **_):
    os.kill(os.getpid(), {number})
    return text.replace("200", "201", 1)
click.edit = edit
"""


def test_ctrl_c_in_an_editor_is_the_editors(promoted: Understudy) -> None:
    """A terminal sends it to both; what is edited is not lost to it."""
    code, shown = run(promoted, EDITING.format(number=int(signal.SIGINT)), "examples", "edit", "GET /users/1 - 200")
    assert (code, shown.partition(" ")[0]) == (0, "Saved")

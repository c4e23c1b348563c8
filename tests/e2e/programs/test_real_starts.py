"""Commands in processes of their own: what a forked one finds imported, each has to import by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.shop import call
from tests.programs import Understudy
from understudy.proxy.cli import COMMANDS

# A command line of each module with commands, which gets as far as it can with an empty store.
EMPTY = [
    "mode", "sessions list", "history list", "redaction list", "collections list", "examples list shop",
    "environments list", "mocks list", "keys list", "addon-path", "ca",
]  # fmt: skip


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line in processes of its own, with a mock server."""
    understudy = Understudy(tmp_path, forked=False)
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    return understudy


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_starts(tmp_path: Path, command: str) -> None:
    assert "Usage: " in Understudy(tmp_path, forked=False).run(command, "--help")


def test_commands_import_what_they_need(understudy: Understudy) -> None:
    for typed in EMPTY:
        understudy.run(*typed.split())
    assert "is answered by" in understudy.run("match", "GET", "/users/1", "--mock", "shop")


def test_programs_import_what_they_need(understudy: Understudy) -> None:
    """A recording in front of a mock server, and its replay."""
    with (
        understudy.mocks_serving("shop") as mocks,
        understudy.serving("record", "--upstream", mocks.url, "-s", "a") as it,
    ):
        recorded = call(f"{it.url}/users/1")
    assert "1 new example" in understudy.run("promote", "--session", "a", "--to", "a")
    with understudy.serving("replay", "a") as gateway:
        assert call(f"{gateway.url}/users/1") == recorded == (200, b"Ada")

"""A program that is forked is what one is that starts anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.programs import Serving, Understudy

PROC = Path("/proc")
PROCESS_STATE = ("Umask:", "SigBlk:", "SigIgn:", "SigCgt:")
NUMBER = re.compile(r"\d+")


def describe(program: Serving) -> tuple[object, ...]:
    """Signals, limits, folder, group and open files of a process."""
    process = PROC / str(program.process.pid)
    status = [line for line in (process / "status").read_text().splitlines() if line.startswith(PROCESS_STATE)]
    files = {NUMBER.sub("N", os.readlink(each)) for each in (process / "fd").iterdir()}
    group = os.getpgid(program.process.pid), os.getsid(program.process.pid)
    return status, (process / "limits").read_text(), os.readlink(process / "cwd"), group, files


@pytest.mark.parametrize("command", ["record", "mocks"])
def test_a_process_is_the_same(tmp_path: Path, command: str) -> None:
    described = []
    Understudy(tmp_path).run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    for forked in (True, False):
        understudy = Understudy(tmp_path, forked=forked)
        program = understudy.mocks_serving("shop") if command == "mocks" else understudy.serving("record")
        with program as serving:
            described.append(describe(serving))
    assert described[0] == described[1]


@pytest.mark.parametrize(
    "typed", ["--version", "--help", "mocks list --json", "nonsense", "mocks create", "mocks delete none"]
)
def test_a_command_prints_and_ends_alike(tmp_path: Path, typed: str) -> None:
    Understudy(tmp_path).run("keys", "create", "ci")
    forked, fresh = (Understudy(tmp_path, forked=forked).complete(*typed.split()) for forked in (True, False))
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_a_command_gets_environment_and_input_of_its_own(understudy: Understudy) -> None:
    """Another command's are not left over."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    understudy.run("examples", "set", "GET /users/1 - 200", "--body", "@-", stdin="Zoë".encode())
    elsewhere = understudy.complete("mocks", "list", UNDERSTUDY_STORE=str(understudy.home / "none.db"))
    assert elsewhere.returncode == 2
    assert "Zoë" in understudy.run("examples", "show", "GET /users/1 - 200")

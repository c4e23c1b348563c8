"""Commands that run in this process as on a terminal, at a fixed time: cheap, for tables of many commands."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.e2e.inside import run_here
from tests.factories.shown_store import NOW
from tests.programs import Understudy

CLOCK = "understudy.proxy.cli.tables.cells.time"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let outputs be terminals without styles, whose time is `NOW` in UTC."""
    monkeypatch.setattr("understudy.proxy.cli.terminal_text._is_terminal", lambda _: True)
    monkeypatch.setattr(CLOCK, SimpleNamespace(time=lambda: NOW))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def show(understudy: Understudy, typed: str, columns: int) -> str:
    """What a command prints on a terminal of this width, on both outputs; its exit code is not compared."""
    environment = {**understudy.environment, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"}
    done = run_here(understudy, shlex.split(typed), env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output

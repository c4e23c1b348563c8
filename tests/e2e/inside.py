"""The command line run in this process: for tables of many commands, where a process for each would take too long."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Sequence
from typing import Any

from click.testing import CliRunner, Result

from tests.programs import Understudy
from understudy.proxy.cli import main
from understudy.proxy.gateway.logging_setup import LOGGER_NAME


def run_here(understudy: Understudy, arguments: Sequence[str], **named: Any) -> Result:
    """Run a command here; what it does to logging ends with it."""
    loggers = [logging.getLogger(name) for name in (None, LOGGER_NAME, "mitmproxy.addons.proxyserver")]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    try:
        return CliRunner().invoke(main, arguments, **{"env": understudy.environment, **named})
    finally:
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers = handlers


class Inside(Understudy):
    """The command line, whose commands run here; what serves still is a process of its own."""

    def output(self, *arguments: object, code: int = 0, stdin: bytes = b"", **environment: str) -> bytes:
        done = run_here(self, list(map(str, arguments)), input=stdin, env=self.environment | environment)
        assert done.exit_code == code, f"exit {done.exit_code}: {done.output}"
        return done.stdout_bytes


def quickly(understudy: Understudy, *arguments: str, stdin: bytes = b"") -> str:
    """What a command prints on standard output; asserts that it ends well."""
    done = run_here(understudy, arguments, input=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout


def quick_json(understudy: Understudy, typed: str) -> Any:
    """What a command, typed as in a shell, prints with --json."""
    return json.loads(quickly(understudy, *shlex.split(typed), "--json"))


def refused(understudy: Understudy, typed: str) -> str:
    """The one line of a mistake, which ends with exit code 2; click puts the usage before it for its own."""
    done = run_here(understudy, shlex.split(typed), prog_name="understudy")
    lines = done.stderr.splitlines()
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert lines[-1].startswith("Error: ")
    assert len(lines) == 1 or lines[0].startswith("Usage: understudy ")
    return lines[-1]

"""Real clients, recorded by `record -- COMMAND`, then replayed without their servers: their output is the same.

All run below one command each time, a gateway for each client would take too long.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.everyone import clients
from tests.e2e.clients.servers import WORDS, serving
from tests.e2e.programs.test_run_command import Done, run
from tests.integration.audit import Audit
from tests.programs import Understudy

ROOT = str(Path(__file__).parents[3])
# What a command may have inherited does not let it escape.
ENVIRONMENT = {"PYTHONPATH": ROOT, "NO_PROXY": "localhost,.test", "no_proxy": "*", "AWS_EC2_METADATA_DISABLED": "true"}
# A part of the output that comes from the server alone: the recording did call it.
SIGNS = {
    "curl by HTTP/1.1": "1.1 201",
    "curl by HTTP/2": "2 201",
    "requests": "zipped",
    "httpx by HTTP/2": "HTTP/2",
    "aiohttp": "X-Page",
    "openai": WORDS[0],
    "boto3": "NoSuchKey",
    "websockets": "hello",
    "grpcio": "got tea",
    "node": "from node",
}


@dataclass(frozen=True)
class Ran:
    """What every client got, recorded and replayed; and what the replaying gateway tried to call."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    done: Done
    calls: list[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Both runs."""
    home = tmp_path_factory.mktemp("clients")
    understudy = Understudy(home)
    with serving(home) as servers:
        command = ("--", sys.executable, "-m", "tests.e2e.clients.everyone", *servers.urls)
        recorded = run(understudy, "record", "-s", "clients", *servers.options, *command, **ENVIRONMENT)
    audit = Audit(home)
    replayed = run(audit.of(understudy), "replay", "clients", "--no-shift-dates", *command, **ENVIRONMENT)
    return Ran(json.loads(recorded.out), json.loads(replayed.out), replayed, audit.calls)


@pytest.mark.parametrize("name", list(clients()))
def test_a_client_gets_the_same_without_its_server(ran: Ran, name: str) -> None:
    """Every output, field and body."""
    if name == "node" and shutil.which("node") is None:
        pytest.skip("Node is not installed")
    assert SIGNS[name] in str(ran.recorded[name])
    assert ran.replayed[name] == ran.recorded[name]


def test_nothing_was_missing_and_nothing_left_over(ran: Ran) -> None:
    """No miss, and every recorded exchange was asked for."""
    assert ran.done.code == 0
    assert "had no answer" not in ran.done.err
    assert "not used" not in ran.done.err


def test_the_replaying_gateway_made_no_call(ran: Ran) -> None:
    """No connection and no look-up, from its first line to its last."""
    assert ran.calls == []

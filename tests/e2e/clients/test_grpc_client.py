"""A gRPC client with a bidirectional call that waits for answers, recorded and then replayed without its server."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.programs.test_run_command import Done, run
from tests.integration.audit import Audit
from tests.peers.certificates import make_certificate
from tests.peers.orders import orders
from tests.programs import Understudy

ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[3]), "GRPC_VERBOSITY": "NONE"}


@dataclass(frozen=True)
class Stage:
    """A recording of the client, whose server has ended since."""

    understudy: Understudy
    address: str
    recorded: Done

    def replay(self, understudy: Understudy, *messages: str) -> Done:
        """Run the client with these messages."""
        return run(understudy, "replay", "talk", *make_command(self.address, *messages), **ENVIRONMENT)


def make_command(address: str, *messages: str) -> tuple[str, ...]:
    return "--", sys.executable, "-m", "tests.e2e.clients.grpc_client", address, *messages


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The client's run."""
    understudy = Understudy(tmp_path_factory.mktemp("grpc"))
    certificate = make_certificate(understudy.home / "upstream.pem", "localhost")
    with orders(certificate) as port:
        address = f"localhost:{port}"
        options = ("-s", "talk", "--upstream-ca", certificate)
        recorded = run(understudy, "record", *options, *make_command(address, "one", "two"), **ENVIRONMENT)
    return Stage(understudy, address, recorded)


def test_the_client_gets_the_same_without_its_server(stage: Stage) -> None:
    audit = Audit(stage.understudy.home)
    replayed = stage.replay(audit.of(stage.understudy), "one", "two")
    assert json.loads(replayed.out) == json.loads(stage.recorded.out)
    assert json.loads(replayed.out)[3:] == [
        ["echo one", "echo two", "OK", ""],
        ["echo enough", "OUT_OF_RANGE", "enough"],
    ]
    assert (replayed.code, "not used" in replayed.err, audit.calls) == (0, False, [])


def test_another_message_is_a_miss(stage: Stage) -> None:
    replayed = stage.replay(stage.understudy, "one", "other")
    difference = "message 2 of the client: expected the text two, got the text other"
    assert json.loads(replayed.out)[3] == ["echo one", "UNIMPLEMENTED", difference]
    assert replayed.code == 3
    assert f"in the gRPC call of entry 4, {difference}" in replayed.err


def test_a_call_that_was_not_recorded_is_a_miss(stage: Stage) -> None:
    replayed = stage.replay(stage.understudy, "other")
    assert json.loads(replayed.out)[3][0] == "UNIMPLEMENTED"
    assert (replayed.code, "/shop.Orders/Talk: " in replayed.err) == (3, True)


def test_promotion_skips_grpc_and_names_it(stage: Stage) -> None:
    understudy = stage.understudy
    understudy.run("collections", "create", "shop")
    outcome = understudy.complete("promote", "--session", "talk", "--to", "shop")
    assert "gRPC is not plain HTTP" in outcome.stdout.decode() + outcome.stderr.decode()

"""A sign-in by OAuth 2 with PKCE, recorded, then without its server: what is random in each run is left out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.e2e.clients.logins import Logins
from tests.e2e.programs.test_run_command import Done, run
from tests.integration.audit import Audit
from tests.peers.certificates import make_certificate
from tests.programs import Understudy, upstream

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[3]
HOST = "login.test"  # resolves nowhere (RFC 6761, section 6.2)
STATE = "state-of-tests"
# The challenge and the nonce go to the page for users, the verifier to the API.
RANDOM = ("--ignore-query", "code_challenge", "--ignore-query", "nonce", "--ignore-body", "code_verifier")


@dataclass(frozen=True)
class Recorded:
    """What a client got, and what it called."""

    understudy: Understudy
    out: str
    url: str


def sign_in(understudy: Understudy, words: tuple[object, ...], url: str, *state: str) -> Done:
    """Run the client below a command; without a `state` it makes a random one."""
    command = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.e2e.clients.logins", url, *state)
    return run(understudy, *words, "--", *command)


@pytest.fixture(scope="module", params=[(), ("--redact",)], ids=["as it came", "redacted"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One sign-in, recorded and promoted."""
    understudy = Understudy(tmp_path_factory.mktemp("oauth"))
    certificate = make_certificate(understudy.home / "login.pem", HOST)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with upstream(Logins().serve, tls=tls) as url:
        place = f"{HOST}:{url.rpartition(':')[2]}"
        options = ("--resolve", f"{place}:127.0.0.1", "--upstream-ca", certificate, *request.param)
        done = sign_in(understudy, ("record", "-s", "login", *options), f"https://{place}", STATE)
    assert (done.code, done.out) == (0, '[{"name": "Ada"}, {"name": "Ada"}, true]'), done.err
    understudy.run("promote", "--session", "login", "--to", "login")
    return Recorded(understudy, done.out, f"https://{place}")


def test_a_client_whose_state_is_fixed_signs_in_again(recorded: Recorded, tmp_path: Path) -> None:
    """With another verifier, challenge and nonce; the gateway makes no call."""
    audit = Audit(tmp_path)
    done = sign_in(audit.of(recorded.understudy), ("replay", "login", *RANDOM), recorded.url, STATE)
    assert (done.code, done.out) == (0, recorded.out), done.err
    assert audit.calls == []


def test_a_client_with_a_new_state_refuses_the_recorded_one(recorded: Recorded) -> None:
    """It comes back in the redirect: to leave `state` out of the comparison does not help."""
    done = sign_in(recorded.understudy, ("replay", "login", *RANDOM, "--ignore-query", "state"), recorded.url)
    assert done.code == 1
    assert "mismatching_state" in done.err


def test_a_template_returns_a_new_state(recorded: Recorded) -> None:
    """In the redirect of a mock."""
    page = recorded.understudy.json("examples", "list", "login")[0]["id"]
    location = "{{$queryParams 'redirect_uri'}}?code=a-code&state={{$queryParams 'state'}}"
    recorded.understudy.run("examples", "set", page, "--templates", "--header", f"Location: {location}")
    done = sign_in(recorded.understudy, ("mock", "login"), recorded.url)
    assert (done.code, done.out) == (0, recorded.out), done.err

"""Gateways whose clock differs from that of other programs, or jumps: they are listed while they run, and only then."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from tests.e2e.shop import call
from tests.programs import Understudy, answer, upstream, wait_for

pytestmark = [pytest.mark.once]

TWO_DAYS = 2 * 86_400
# The clock of a program: it is wrong from the start, or jumps while it runs, once the flag is there.
CLOCK = """
import pathlib, time
right = time.time
time.time = lambda: right() + ({shift} if pathlib.Path({flag!r}).exists() else 0)
time.time_ns = lambda: int(time.time() * 1e9)
"""


def api(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b"Ada")


def listed(understudy: Understudy) -> list[str]:
    return [gateway["listen"] for gateway in understudy.json("mode")]


def heartbeat(understudy: Understudy) -> float:
    return float(understudy.sql("select heartbeat from gateways"))


@pytest.mark.parametrize("jumps", [False, True], ids=["wrong from the start", "jumps"])
@pytest.mark.parametrize("shift", [-TWO_DAYS, TWO_DAYS], ids=["behind", "ahead"])
def test_a_gateway_is_listed_while_it_runs(understudy: Understudy, shift: int, jumps: bool) -> None:
    """It can be switched, what it uses cannot be deleted, and another one leaves its entry; killed, it is gone."""
    flag = understudy.home / "wrong"
    if not jumps:
        flag.touch()
    wrong = Understudy(understudy.home, CLOCK.format(shift=shift, flag=str(flag)))
    with upstream(api) as url, wrong.serving("record", "--upstream", url, "--session", "shop") as gateway:
        flag.touch()
        before = heartbeat(understudy)
        wait_for(lambda: heartbeat(understudy) != before)
        with understudy.serving("gateway", "--upstream", url) as other:
            assert sorted(listed(understudy)) == sorted([gateway.listen, other.listen])
        assert listed(understudy) == [gateway.listen]
        assert "is using session shop" in understudy.mistake("sessions", "delete", "shop")
        assert "recording to session other" in understudy.run("mode", "record", "--session", "other")
        assert call(f"{gateway.url}/users/1") == (200, b"Ada")
        gateway.kill()
    assert listed(understudy) == []
    assert len(understudy.json("history", "list")) == 1

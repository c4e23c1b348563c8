"""What is kept with a session, and the replays that use it."""

from __future__ import annotations

import pytest

from tests.e2e.shop import call
from tests.programs import Understudy

pytestmark = pytest.mark.once

KEPT = ("--ignore-query", "a b", "--ignore-body", "$.at")


def test_what_is_kept_with_a_session_is_shown(shop: Understudy) -> None:
    options = "--ignore-query 'a b' --ignore-body '$.at'"
    assert shop.run("sessions", "set", "shop", *KEPT) == f"Replays of session shop use {options}.\n"
    assert f"\nReplays use {options}\n" in shop.run("sessions", "show", "shop")
    assert shop.json("sessions", "show", "shop")["replay"] == {"ignore_query": ["a b"], "ignore_body": ["$.at"]}


def test_what_is_kept_can_be_forgotten(shop: Understudy) -> None:
    shop.run("sessions", "set", "shop", *KEPT)
    printed = shop.run("sessions", "set", "shop", "--reset")
    assert printed == "Replays of session shop use nothing that is kept with it.\n"
    assert "Replays use" not in shop.run("sessions", "show", "shop")


def test_replays_use_it_below_their_options(shop: Understudy) -> None:
    shop.run("sessions", "set", "shop", "--ignore-query", "ts")
    with shop.serving("replay", "shop") as gateway:
        assert call(f"{gateway.url}/users/1?ts=2")[0] == 200
        assert call(f"{gateway.url}/users/1?page=2")[0] == 404
    with shop.serving("replay", "shop", "--ignore-query", "page") as gateway:
        assert call(f"{gateway.url}/users/1?page=2")[0] == 200
        assert call(f"{gateway.url}/users/1?ts=2")[0] == 404


def test_a_gateway_that_is_switched_to_a_session_uses_it(shop: Understudy) -> None:
    shop.run("sessions", "set", "shop", "--ignore-query", "ts")
    with shop.serving("gateway") as gateway:
        shop.run("mode", "replay", "--session", "shop")
        assert call(f"{gateway.url}/users/1?ts=2")[0] == 200

"""The settings of a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.messages import ORIGIN
from understudy.proxy.cli.gateway import gateway_options
from understudy.proxy.gateway.settings import LARGE_BODY_TO_REDACT, GatewaySettings, choose_body_limits
from understudy.store.model.messages import LARGE_BODY


@pytest.mark.parametrize(("elsewhere", "sole"), [(False, ORIGIN), (True, None)])
def test_nothing_is_called_beside_the_upstream_unless_allowed(elsewhere: bool, sole: object) -> None:
    settings = GatewaySettings("127.0.0.1", 0, ORIGIN, Path("ca"), forward_elsewhere=elsewhere)
    assert settings.sole_upstream == sole


@pytest.mark.parametrize(("redact", "large"), [(False, LARGE_BODY), (True, LARGE_BODY_TO_REDACT)])
def test_fewer_bodies_are_recorded_in_pieces_where_secrets_are_redacted(redact: bool, large: int) -> None:
    assert choose_body_limits(None, None, redact=redact).large == large


def test_given_limits_are_taken() -> None:
    limits = choose_body_limits(7, 9, redact=True)
    assert (limits.large, limits.max_size) == (7, 9)


def test_the_help_of_the_command_line_shows_the_default() -> None:
    assert gateway_options.LARGE_BODY_TO_REDACT == LARGE_BODY_TO_REDACT

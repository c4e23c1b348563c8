"""Limits on clients as users write them."""

from __future__ import annotations

from math import inf

import pytest

from understudy.proxy.client_limits import LIMIT_NAMES, make_gateway_limits, make_limits, parse_limits
from understudy.serving.http1.limits import ANY_SIZE, DEFAULT_GATEWAY_LIMITS, DEFAULT_LIMITS
from understudy.store.errors import UserError


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("idle_seconds=30", "idle_seconds", 30),
        ("idle-seconds=0.5", "idle_seconds", 0.5),
        ("tunnel_seconds=2h", "tunnel_seconds", 7200),
        ("body_seconds = 3m", "body_seconds", 180),
        ("write_seconds=none", "write_seconds", inf),
        ("head=4096", "head", 4096),
        ("target=64KB", "target", 65536),
        ("body=2 mb", "body", 2 * 1024**2),
        ("body=none", "body", ANY_SIZE),
        ("body_rate=0", "body_rate", 0),
        ("body_rate=none", "body_rate", 0),
    ],
)
def test_a_limit_is_a_name_and_a_value(text: str, name: str, value: float) -> None:
    assert parse_limits([text]) == {name: value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("idle_seconds", "takes NAME=VALUE"),
        ("idle=3", "idle is no limit; the limits are target, head"),
        ("idle_seconds=0", "idle_seconds takes seconds"),
        ("idle_seconds=-1", "idle_seconds takes seconds"),
        ("idle_seconds=nan", "idle_seconds takes seconds"),
        ("idle_seconds=", "idle_seconds takes seconds"),
        ("head=0", "head takes a number"),
        ("head=1.5KB", "head takes a number"),
        ("head=10TB", "head takes a number"),
    ],
)
def test_another_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse_limits([text])
    assert error.value.field == "limit"


def test_options_beat_the_project_file() -> None:
    project = {"idle_seconds": 30, "body": "1MB", "head_seconds": 1.5}
    assert parse_limits(["body=5"], project) == {"idle_seconds": 30, "body": 5, "head_seconds": 1.5}


def test_an_error_of_the_project_file_names_its_key() -> None:
    with pytest.raises(UserError) as error:
        parse_limits([], {"idle_seconds": True})
    assert error.value.field == "idle_seconds"


def test_each_name_changes_its_limit() -> None:
    for name in LIMIT_NAMES:
        assert getattr(make_limits({name: 7}), name) == 7
        assert getattr(make_gateway_limits({name: 7}).forwarding, name) == 7
    assert (make_limits({}), make_gateway_limits({})) == (DEFAULT_LIMITS, DEFAULT_GATEWAY_LIMITS)

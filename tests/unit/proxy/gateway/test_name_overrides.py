"""Addresses of names that only a gateway uses."""

from __future__ import annotations

import asyncio

import pytest

from understudy.proxy.gateway.name_overrides import override_names, parse_overrides
from understudy.store.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api.test:443:127.0.0.1", {("api.test", 443): "127.0.0.1"}),
        ("API.test:80:[::1]", {("api.test", 80): "::1"}),
        ("api.test:80:::1", {("api.test", 80): "::1"}),
    ],
)
def test_a_host_and_port_get_an_address(text: str, expected: dict[tuple[str, int], str]) -> None:
    """In the form that curl has."""
    assert parse_overrides([text]) == expected


@pytest.mark.parametrize("text", ["api.test", "api.test:443", "api.test:443:", ":443:127.0.0.1", "api.test:x:127.0.0.1",
                                  "api.test:0:127.0.0.1", "api.test:443:other.test", "a b:443:127.0.0.1",
                                  "*:443:127.0.0.1", "api.test:4_4_3:127.0.0.1", "api.test:443:[[::1]"])  # fmt: skip
def test_a_mistake_names_what_was_expected(text: str) -> None:
    """The address has to be an IP address."""
    with pytest.raises(UserError, match="HOST:PORT:ADDRESS"):
        parse_overrides([text])


async def test_the_loop_connects_to_that_address() -> None:
    """For that port only, whatever the case of the name."""
    loop = asyncio.new_event_loop()
    asked: list[object] = []

    async def look_up(host: object, port: object, **_: object) -> list[object]:
        asked.append(host)
        return []

    loop.getaddrinfo = look_up  # type: ignore[assignment,method-assign]
    override_names(loop, {("api.test", 443): "127.0.0.1"})
    for host, port in (("api.test", 443), ("API.test", 443), ("api.test", 80), ("other.test", 443), (None, 0)):
        await loop.getaddrinfo(host, port)
    loop.close()
    assert asked == ["127.0.0.1", "127.0.0.1", "api.test", "other.test", None]

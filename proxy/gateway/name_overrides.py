"""Addresses of names that only this gateway uses: an API can be called before its name is in DNS."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from understudy.store.errors import UserError

NameOverrides = Mapping[tuple[str, int], str]
"""Addresses by host (in lower case) and port."""

# A host as in a URL, without patterns; an IPv6 address may have brackets.
_OVERRIDE = re.compile(
    r"(?P<host>[^\s:/?#@*\[\]]+):(?P<port>[0-9]{1,5}):(?:(?P<address>[^\[\]]+)|\[(?P<in_brackets>[^\[\]]+)\])"
)


def parse_overrides(texts: Iterable[str]) -> NameOverrides:
    """Parse texts of the form HOST:PORT:ADDRESS, as curl has it; raises UserError."""
    return dict(map(_parse_override, texts))


def _parse_override(text: str) -> tuple[tuple[str, int], str]:
    found = _OVERRIDE.fullmatch(text)
    try:
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ValueError(text)
        address = ipaddress.ip_address(found["address"] or found["in_brackets"])
        return (found["host"].lower(), int(found["port"])), str(address)
    except ValueError:
        message = f"takes HOST:PORT:ADDRESS, such as api.test:443:127.0.0.1, got {text!r}"
        raise UserError(message, field="resolve") from None


def override_names(loop: asyncio.AbstractEventLoop, overrides: NameOverrides) -> None:
    """Make this loop resolve these names to these addresses; it looks up other names as before."""
    look_up = loop.getaddrinfo

    async def resolve(host: Any, port: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        address = overrides.get((name.lower(), port)) if isinstance(name, str) else None
        return await look_up(address or host, port, **options)

    loop.getaddrinfo = resolve  # type: ignore[method-assign]  # a loop has no other place for a resolver

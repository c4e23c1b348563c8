"""The extensions that a WebSocket's server accepted (RFC 6455, section 9.1), as far as they change its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.store.model.messages import Headers

# The parameters of permessage-deflate (RFC 7692, section 7.1), and whether they have a value.
_FLAGS = frozenset({"server_no_context_takeover", "client_no_context_takeover"})
_WINDOW_BITS = frozenset({"server_max_window_bits", "client_max_window_bits"})


class UnknownExtension(ValueError):
    """The frames of a WebSocket cannot be read: what an extension changes in them is not known."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """How messages are compressed; `keeps_*_window`: that side's messages refer to earlier ones."""

    deflates: bool = False
    keeps_client_window: bool = True
    keeps_server_window: bool = True


def parse_extensions(response_headers: Headers) -> Extensions:
    """Read the extensions of a handshake's response; raise UnknownExtension for one that is not known.

    The sizes of the windows do not matter to a reader: the largest reads all of them (RFC 7692, section 7.1.2).
    """
    found: dict[str, str] | None = None
    for name, parameters in _split(response_headers):
        if name != "permessage-deflate" or found is not None:
            raise UnknownExtension(f"the WebSocket extension {name[:40]!r} is not known")
        found = parameters
    if found is None:
        return Extensions()
    for parameter, value in found.items():
        if not _is_valid(parameter, value):
            raise UnknownExtension(f"the parameter {parameter[:40]!r} of permessage-deflate is not known")
    return Extensions(True, "client_no_context_takeover" not in found, "server_no_context_takeover" not in found)


def _split(headers: Headers) -> Iterator[tuple[str, dict[str, str]]]:
    # No value that is known has a comma, a semicolon or an escape in quotes.
    for value in headers.get_all("sec-websocket-extensions"):
        for extension in filter(None, map(str.strip, value.split(","))):
            name, *parameters = (part.strip() for part in extension.lower().split(";"))
            pairs = (parameter.partition("=") for parameter in parameters)
            yield name, {key.strip(): text.strip().strip('"') for key, _, text in pairs}


def _is_valid(parameter: str, value: str) -> bool:
    if parameter in _WINDOW_BITS:
        return value.isascii() and value.isdigit() and 8 <= int(value) <= 15
    return parameter in _FLAGS and not value

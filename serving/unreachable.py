"""Why an upstream cannot be reached, in words: what sockets and TLS say of it is meant for programmers."""

from __future__ import annotations

import os
import re

_NUMBER = re.compile(r"\[Errno (\d+)\]")
# What getaddrinfo(3) says, by systems; its numbers mean something else to errno(3).
_NO_NAME = re.compile(r"\[Errno -\d+\]|name or service|nodename|name resolution|no address associated", re.IGNORECASE)
_NOT_TRUSTED = "Certificate verify failed"


def in_words(reason: str) -> str:
    """The reason as it is told to a client and kept in history, with the option that may help."""
    if _NO_NAME.search(reason):
        return "its name cannot be resolved; --resolve gives a name an address"
    if "'idna' codec" in reason:
        return "its name is none that could be resolved"
    if reason.startswith(_NOT_TRUSTED):
        return f"{reason}; --upstream-ca names whom to trust, --insecure trusts anybody"
    found = _NUMBER.search(reason)
    return os.strerror(int(found[1])).lower() if found else reason

"""Clients that end TLS before they send a request, mostly because they do not trust the gateway's certificate."""

from __future__ import annotations

import logging
import re
from collections import Counter

import msgspec

from understudy.store.model.naming import escape_unprintable

logger = logging.getLogger(__name__)

MOST_REFUSALS = 1_000
OTHER_HOSTS = "other hosts"
CLOSED = "it closed the connection without a request"
CLOSED_IN_HANDSHAKE = "it closed the connection in the handshake"

# The name of an alert (RFC 8446, section 6.2) in an error of OpenSSL.
_ALERT = re.compile(r"alert ([a-z0-9 ]+)")
_ABOUT_TRUST = re.compile(r"unknown ca|certificate")


class TlsRefusal(msgspec.Struct, frozen=True):
    """A host for which clients ended TLS, and how they did."""

    host: str
    reason: str


class TlsRefusals:
    """Counts TLS connections that their clients ended without a request, and logs the first of each kind.

    `counts` has up to MOST_REFUSALS keys, and one for the rest.
    """

    def __init__(self) -> None:
        self.counts: Counter[TlsRefusal] = Counter()
        self._unused: dict[str, str] = {}  # by the id of a client, the host of its connection without a request
        self._used_hosts: set[str] = set()

    def begin(self, client_id: str, host: str) -> None:
        """Note that the handshake of a client is complete."""
        self._unused[client_id] = host

    def note_data(self, client_id: str) -> None:
        """Note that a client sends a request, so that it trusts the certificate."""
        host = self._unused.pop(client_id, None)
        if host is not None and len(self._used_hosts) < MOST_REFUSALS:
            self._used_hosts.add(host)

    def note_error(self, client_id: str, error: str) -> None:
        """Note that a client ended TLS with an error after the handshake."""
        host = self._unused.pop(client_id, None)
        if host is not None:
            self.refuse(host, error)

    def note_close(self, client_id: str) -> None:
        """Note that a client closed its connection; browsers open some that they do not use."""
        host = self._unused.pop(client_id, None)
        if host is not None and host not in self._used_hosts:
            self._count(TlsRefusal(host, CLOSED))

    def refuse(self, host: str, error: str) -> None:
        """Note that a client ended TLS in the handshake, with this error."""
        self._count(TlsRefusal(host, describe_error(error)))

    def _count(self, refusal: TlsRefusal) -> None:
        if refusal not in self.counts:
            if len(self.counts) >= MOST_REFUSALS:
                refusal = TlsRefusal(OTHER_HOSTS, refusal.reason)
            logger.warning("a client ended TLS for %s", describe_refusal(refusal))
        self.counts[refusal] += 1


def describe_error(error: str) -> str:
    """Return the reason in an error of mitmproxy or OpenSSL: the name of an alert, or how the client left."""
    alert = _ALERT.search(error)
    if alert is not None:
        return f"alert {alert[1].strip()}"
    is_close = "disconnected" in error or error == "connection closed"
    return CLOSED_IN_HANDSHAKE if is_close else error


def describe_refusal(refusal: TlsRefusal) -> str:
    """Return the host, the reason, and what it means."""
    text = f"{escape_unprintable(refusal.host)}: {escape_unprintable(refusal.reason)}"
    if refusal.reason in (CLOSED, CLOSED_IN_HANDSHAKE):
        return f"{text}; it may not trust the gateway's certificate"
    return f"{text}; it does not trust the gateway's certificate" if _ABOUT_TRUST.search(refusal.reason) else text

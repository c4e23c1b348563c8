"""Hosts that a recording does not keep, and a replay does not count."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from understudy.serving.answers.answer import render_error
from understudy.store.model.messages import Origin, Response


@dataclass(frozen=True, slots=True)
class IgnoredHosts:
    """Glob patterns of hosts, such as `*.telemetry.test`, and of hosts with a port, such as `localhost:9*`."""

    patterns: frozenset[str] = frozenset()

    def has(self, origin: Origin | None) -> bool:
        """Return whether a pattern fits the host."""
        if origin is None or not self.patterns:
            return False
        host = origin.host.lower()
        return any(
            fnmatchcase(name, pattern.lower()) for pattern in self.patterns for name in (host, f"{host}:{origin.port}")
        )


NO_HOSTS = IgnoredHosts()


def render_ignored(origin: Origin | None) -> Response:
    """Render the error of a replay for a request to an ignored host."""
    return render_error(502, "ignoredHostError", f"A replay does not answer for {origin}: this host is ignored.")

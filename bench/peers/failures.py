"""The failures of peers: a peer that fails is named with the reason and left out, and the run goes on."""

from __future__ import annotations

import http.client
import subprocess
from pathlib import Path

import psutil

from bench.peers.peer import Missing, Peer

MOST_CHARACTERS = 200
# What installing, starting, asking or reading from a peer can raise. Timeouts are among them, as `OSError` and
# `SubprocessError`, and answers that cannot be parsed, as `ValueError` and `LookupError`.
FAILURES = (
    Missing,
    OSError,
    http.client.HTTPException,
    RuntimeError,
    ValueError,
    LookupError,
    subprocess.SubprocessError,
    psutil.Error,
)


def describe_failure(problem: BaseException) -> str:
    """Return the reason of a failure in one line."""
    words = " ".join(str(problem).split())
    if not words:
        return type(problem).__name__
    explains_itself = isinstance(problem, Missing | RuntimeError | OSError | subprocess.SubprocessError)
    text = words if explains_itself else f"{type(problem).__name__}: {words}"
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def read_version(peer: Peer, installed: Path) -> str:
    """Return the version of an installed peer, and a text in its place if it cannot be read."""
    try:
        return peer.version(installed)
    except FAILURES:
        return "of unknown version"

"""The steps by which a connection is served; the owner of its socket takes them in order."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import Hold, Upgrade


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection once all bytes are sent; with `reset` close it at once by a TCP reset.

    `unread`: the client may still be sending. Keep reading for a while, or a reset would discard the answer.
    """

    reset: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """Leave the connection to another protocol layer; `data` are the bytes that were received and not answered."""

    data: bytes


Step = bytes | Wait | Hold | Fetch | Close | HandOver | Upgrade
"""Bytes are to be sent as they are."""

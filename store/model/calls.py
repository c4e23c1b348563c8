"""Calls to mock servers, as the call log keeps them."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.store.model.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a mock server with its response; secrets are redacted before it is stored.

    `at` is in seconds since the epoch; `duration`, in seconds, runs from the complete request to the last byte of the
    response. `example_id` is None if no example answered. `decision` is the path line and score of the winner, or the
    reason for another response, such as "no match". `request_size` and `response_size` are the full sizes in bytes: of
    a longer body only the first `KEPT_BODY` bytes are stored. `id` is 0 until the call is stored.
    """

    mock_server_id: str
    at: float
    duration: float
    request: Request
    response: Response | None
    example_id: str | None = None
    example_name: str = ""
    decision: str = ""
    request_size: int = 0
    response_size: int = 0
    id: int = 0


KEPT_BODY = 64 * 1024
"""The bytes of a body that a call log keeps."""
# The decisions of calls that no example answered.
NO_MATCH, NEEDS_EXAMPLE = "no match", "the request has no example"

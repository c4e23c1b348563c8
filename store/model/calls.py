"""What the call log of a mock server keeps of one call. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.store.model.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a mock server and what it was answered with; secrets are redacted before it is kept.

    `at` in seconds since the epoch, `duration` in seconds, from the whole request to the answer's last byte handed
    over. `example_id` is None where no example answered; `decision` is the path line and score that won, or what the
    call met instead, such as "no match". `request_size` and `response_size` are the bodies' true sizes: of a longer
    body only the first `KEPT_BODY` bytes are kept. `id` is 0 until it is kept.
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
# What the decision of a call says where no example answered it.
NO_MATCH, NEEDS_EXAMPLE = "no match", "the request has no example"

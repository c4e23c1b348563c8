"""Why an upstream cannot be reached."""

from __future__ import annotations

import json

import pytest

from understudy.serving.gateway.error_replies import explain_reason, find_hint, render_unreachable
from understudy.store.errors import Hint
from understudy.store.model.messages import Origin

NO_NAME = "its name cannot be resolved"
REFUSED = "[Errno 111] Connect call failed ('127.0.0.1', 9)"


@pytest.mark.parametrize(
    ("reason", "explained"),
    [
        (REFUSED, "connection refused"),
        (f"Multiple exceptions: {REFUSED}, {REFUSED}", "connection refused"),
        ("[Errno 111] Connection refused", "connection refused"),
        ("[Errno -2] Name or service not known", NO_NAME),
        ("[Errno -3] Temporary failure in name resolution", NO_NAME),
        ("[Errno 8] nodename nor servname provided, or not known", NO_NAME),
        ("encoding with 'idna' codec failed (UnicodeError: label too long)", "its name is not a valid host name"),
        (
            "Certificate verify failed: self-signed certificate",
            "Certificate verify failed: self-signed certificate",
        ),
        ("the parent proxy answers 407", "the parent proxy answers 407"),
    ],
)
def test_a_reason_is_explained(reason: str, explained: str) -> None:
    assert explain_reason(reason) == explained


ORIGIN = Origin.parse("https://api.test")


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (NO_NAME, Hint("resolve_name", {"host": "api.test", "port": "443"})),
        ("Certificate verify failed: self-signed certificate", Hint("trust_upstream")),
        ("connection refused", None),
    ],
)
def test_a_reason_has_the_hint_that_may_help(reason: str, hint: Hint | None) -> None:
    assert find_hint(reason, ORIGIN) == hint


def test_a_hint_is_data_in_the_error_and_not_in_its_message() -> None:
    response = render_unreachable(ORIGIN, NO_NAME)
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["error"] == {
        "name": "upstreamUnreachableError",
        "message": "cannot reach https://api.test:443: its name cannot be resolved",
        "hint": {"action": "resolve_name", "host": "api.test", "port": "443"},
    }

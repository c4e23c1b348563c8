"""Why an upstream cannot be reached."""

from __future__ import annotations

import pytest

from understudy.serving.gateway.error_replies import explain_reason

NO_NAME = "its name cannot be resolved; --resolve gives a name an address"
REFUSED = "[Errno 111] Connect call failed ('127.0.0.1', 9)"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (REFUSED, "connection refused"),
        (f"Multiple exceptions: {REFUSED}, {REFUSED}", "connection refused"),
        ("[Errno 111] Connection refused", "connection refused"),
        ("[Errno -2] Name or service not known", NO_NAME),
        ("[Errno -3] Temporary failure in name resolution", NO_NAME),
        ("[Errno 8] nodename nor servname provided, or not known", NO_NAME),
        ("encoding with 'idna' codec failed (UnicodeError: label too long)", "its name is none that could be resolved"),
        (
            "Certificate verify failed: self-signed certificate",
            "Certificate verify failed: self-signed certificate; "
            "--upstream-ca names whom to trust, --insecure trusts anybody",
        ),
        ("the parent proxy answers 407", "the parent proxy answers 407"),
    ],
)
def test_a_reason_is_told_in_words(reason: str, told: str) -> None:
    assert explain_reason(reason) == told

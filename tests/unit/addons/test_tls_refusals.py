"""Clients that end TLS without a request: counted by host and reason, and logged once."""

from __future__ import annotations

import pytest

from understudy.addons.tls_refusals import (
    CLOSED,
    CLOSED_IN_HANDSHAKE,
    MOST_REFUSALS,
    OTHER_HOSTS,
    TlsRefusal,
    TlsRefusals,
    describe_error,
    describe_refusal,
)

HOST = "api.test"
IN_MITMPROXY = "The client does not trust the proxy's certificate for api.test (tlsv1 alert unknown ca)"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (IN_MITMPROXY, "alert unknown ca"),
        ("OpenSSL Error([('SSL routines', '', 'sslv3 alert certificate unknown')])", "alert certificate unknown"),
        ("[('SSL routines', '', 'ssl/tls alert bad certificate')]", "alert bad certificate"),
        ("The client disconnected during the handshake. If this happens consistently", CLOSED_IN_HANDSHAKE),
        ("connection closed", CLOSED_IN_HANDSHAKE),
        ("no common version", "no common version"),
    ],
)
def test_the_reason_is_found_in_an_error(error: str, reason: str) -> None:
    assert describe_error(error) == reason


def test_an_alert_about_the_certificate_is_explained() -> None:
    untrusting, unused = TlsRefusal(HOST, "alert unknown ca"), TlsRefusal(HOST, CLOSED)
    assert describe_refusal(untrusting).endswith("; it does not trust the gateway's certificate")
    assert describe_refusal(unused).endswith("; it may not trust the gateway's certificate")
    assert describe_refusal(TlsRefusal(HOST, "alert handshake failure")) == "api.test: alert handshake failure"


def test_refusals_are_counted_by_host_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = TlsRefusals()
    for host in (HOST, HOST, "other.test"):
        refusals.refuse(host, IN_MITMPROXY)
    assert [(refusal.host, count) for refusal, count in refusals.counts.items()] == [(HOST, 2), ("other.test", 1)]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "api.test: alert unknown ca" in caplog.messages[0]


def test_a_client_that_closes_after_the_handshake_may_not_trust_the_certificate() -> None:
    refusals = TlsRefusals()
    refusals.begin("1", HOST)
    refusals.note_close("1")
    refusals.note_close("1")
    refusals.begin("2", HOST)
    refusals.note_error("2", "[('SSL routines', '', 'tlsv1 alert unknown ca')]")
    assert refusals.counts == {TlsRefusal(HOST, CLOSED): 1, TlsRefusal(HOST, "alert unknown ca"): 1}


def test_a_client_that_sends_a_request_trusts_the_certificate() -> None:
    """A further connection of a browser to the same host that it does not use is no refusal."""
    refusals = TlsRefusals()
    for client_id in ("1", "2"):
        refusals.begin(client_id, HOST)
    refusals.note_data("1")
    for client_id in ("1", "2"):
        refusals.note_close(client_id)
    assert not refusals.counts


def test_hosts_beyond_a_bound_are_counted_together() -> None:
    refusals = TlsRefusals()
    for number in range(MOST_REFUSALS + 5):
        refusals.refuse(f"{number}.test", IN_MITMPROXY)
    assert refusals.counts[TlsRefusal(OTHER_HOSTS, "alert unknown ca")] == 5

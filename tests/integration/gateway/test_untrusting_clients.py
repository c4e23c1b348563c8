"""A client that does not trust the gateway's certificate is named: at once, and at the end of the recording."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess

import pytest

from tests.programs import Serving, Understudy, wait_for
from understudy.addons.tls_refusals import CLOSED

CURL = ("curl", "--silent", "--cacert", "/dev/null", "https://api.test/")


def connect(gateway: Serving, host: str) -> ssl.SSLSocket:
    """A client that does not look at the certificate, through CONNECT."""
    plain = socket.create_connection(("127.0.0.1", gateway.port), 10)
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert plain.recv(1000).startswith(b"HTTP/1.1 200 ")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)


def test_a_client_that_ends_the_handshake_with_an_alert_is_named_at_once(understudy: Understudy) -> None:
    with understudy.serving("record", "-s", "none") as gateway:
        environment = os.environ | {"https_proxy": gateway.url}
        assert subprocess.run(CURL, env=environment, check=False, timeout=20).returncode in (60, 77)
        wait_for(lambda: "W a client ended TLS for api.test: " in gateway.log)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_closes_the_connection_after_the_handshake_is_named(
    understudy: Understudy, version: ssl.TLSVersion
) -> None:
    """As clients do that verify certificates only then (GnuTLS in wget, OpenSSL in Node)."""
    with understudy.serving("record", "-s", "none") as gateway:
        connect(gateway, "api.test").close()
        wait_for(lambda: f"W a client ended TLS for api.test: {CLOSED}" in gateway.log)


def test_the_end_of_a_recording_counts_them_by_host(understudy: Understudy) -> None:
    # The gateway ends with its command: it gets time to read the last alert.
    script = 'for host in a.test b.test b.test; do curl --silent --cacert "$CA" "https://$host/"; done; sleep 1'
    done = subprocess.run(
        understudy.command("record", "-s", "none", "--", "sh", "-c", script),
        env=understudy.environment | {"CA": os.devnull}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if line.startswith("understudy: ")]
    assert lines[-3].startswith("understudy: TLS was ended by clients 2 times for b.test: ")
    assert lines[-2].startswith("understudy: TLS was ended by clients 1 time for a.test: ")
    assert lines[-1].startswith("understudy: 'understudy ca' shows how a client can trust the certificate")
    assert "no request came" not in done.stderr

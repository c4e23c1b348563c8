"""A fatal alert ends what is read from an upstream."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from understudy.addons.tls import _end_on_fatal_alert


def connection_that(error: Exception) -> SSL.Connection:
    """One whose reading fails so."""
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))

    def recv(size: int, flags: int | None = None) -> bytes:
        raise error

    connection.recv = recv  # type: ignore[method-assign, assignment]
    _end_on_fatal_alert(connection)
    return connection


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (SSL.Error([("SSL routines", "", "tlsv13 alert certificate required")]), SSL.ZeroReturnError),
        (SSL.ZeroReturnError(), SSL.ZeroReturnError),
        (SSL.WantReadError(), SSL.WantReadError),
    ],
)
def test_reading_ends_as_by_a_close(error: Exception, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        connection_that(error).recv(1)

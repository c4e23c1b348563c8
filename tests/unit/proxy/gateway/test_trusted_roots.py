"""Whose certificates are trusted upstream."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.proxy.gateway import trusted_roots


@pytest.mark.parametrize("environment", [{}, {"SSL_CERT_FILE": ""}, {"SSL_CERT_FILE": "/not/there.pem"}])
def test_otherwise_a_usual_file_that_is_there(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing is passed over."""
    there = Path(__file__)
    monkeypatch.setattr(trusted_roots, "list_default_roots", lambda: [Path("/not/there.pem"), there])
    assert trusted_roots.find_trusted_roots(environment) == there


def test_certifi_is_there_where_the_system_has_none() -> None:
    assert trusted_roots.list_default_roots()[-1].name == "cacert.pem"

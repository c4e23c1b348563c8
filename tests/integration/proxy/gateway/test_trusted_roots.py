"""Files of certificates that are trusted upstream."""

from __future__ import annotations

from pathlib import Path

from understudy.proxy.gateway import trusted_roots


def test_the_environments_file_comes_first(tmp_path: Path) -> None:
    """As in any other program here."""
    own = tmp_path / "company.pem"
    own.write_text("")
    assert trusted_roots.find_trusted_roots({"SSL_CERT_FILE": str(own)}) == own

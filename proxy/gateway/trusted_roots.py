"""Where this machine has the certificates of the authorities that it trusts."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

ROOTS_VARIABLE = "SSL_CERT_FILE"
DEBIAN_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")


def list_default_roots() -> list[Path]:
    """Return the files that may hold them, in order of preference: the system's, then certifi's."""
    import certifi

    paths = ssl.get_default_verify_paths()
    system = [Path(one) for one in (paths.cafile, paths.openssl_cafile) if one]
    return [*system, DEBIAN_ROOTS, Path(certifi.where())]


def find_trusted_roots(environment: Mapping[str, str]) -> Path | None:
    """Return the file that programs on this machine trust: the environment's, else the first default that exists."""
    own = environment.get(ROOTS_VARIABLE)
    files = [Path(own)] if own else []
    return next((file for file in [*files, *list_default_roots()] if file.is_file()), None)

"""Where the certificates of the authorities are that this machine trusts."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

ROOTS_VARIABLE = "SSL_CERT_FILE"
DEBIAN_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")


def list_default_roots() -> list[Path]:
    """The files that may hold them, the best first: the system's, else certifi's."""
    import certifi

    paths = ssl.get_default_verify_paths()
    system = [Path(one) for one in (paths.cafile, paths.openssl_cafile) if one]
    return [*system, DEBIAN_ROOTS, Path(certifi.where())]


def find_trusted_roots(environment: Mapping[str, str]) -> Path | None:
    """What programs on this machine trust: the environment's file, else the first usual one that is there."""
    own = environment.get(ROOTS_VARIABLE)
    files = [Path(own)] if own else []
    return next((file for file in [*files, *list_default_roots()] if file.is_file()), None)

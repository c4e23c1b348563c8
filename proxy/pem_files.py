"""Checks of the PEM files that a user names: authorities to trust, and certificates with their keys."""

from __future__ import annotations

import ssl
from pathlib import Path

from understudy.store.errors import UserError


def check_authorities(file: Path, *, field: str) -> None:
    """Raise UserError if this is not a file of certificates; `field` is the input that names it."""
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"takes a PEM file of certificates, not {file}: {_describe(error)}", field=field) from error


def check_certificate(certificate: Path, key: Path | None = None, *, field: str) -> None:
    """Raise UserError if these are not the files of a certificate and its key, which may be one file.

    A key that needs a password is refused: programs that start by themselves cannot ask for it.
    """

    def refuse_password() -> str:
        raise UserError(f"takes a key without a password, but the key in {key or certificate} has one", field=field)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=refuse_password)
    except (OSError, ssl.SSLError) as error:
        files = " and ".join(dict.fromkeys(str(file) for file in (certificate, key) if file is not None))
        message = f"takes a PEM file of a certificate and its key, not {files}: {_describe(error)}"
        raise UserError(message, field=field) from error


def _describe(error: OSError) -> str:
    # The messages of OpenSSL are about its source code.
    return "OpenSSL cannot read its content" if isinstance(error, ssl.SSLError) else error.strerror or str(error)

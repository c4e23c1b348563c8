"""The certificate authority that signs what gateways present to clients: made once, then read."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.store.errors import UserError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

OWNER = "Understudy"
# The names that mitmproxy looks for in its folder.
BASENAME = "mitmproxy"
KEY_FILE, CERTIFICATE_FILE = f"{BASENAME}-ca.pem", f"{BASENAME}-ca-cert.pem"
KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority: `file` holds its certificate alone, as PEM; the private key lies beside it."""

    file: Path
    certificate: Certificate

    @property
    def subject(self) -> str:
        """Its name (RFC 4514)."""
        return self.certificate.subject.rfc4514_string()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers show it: AA:BB:..."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.certificate.fingerprint(SHA256()).hex(":").upper()

    @property
    def validity(self) -> tuple[datetime, datetime]:
        """From when until when."""
        return self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc


def ensure_authority(folder: Path) -> Authority:
    """The authority of this folder, made when there is none; raises UserError when it cannot be made or read."""
    from cryptography.x509 import load_pem_x509_certificate

    try:
        if not (folder / KEY_FILE).exists():
            _create_authority(folder)
        certificate = load_pem_x509_certificate((folder / KEY_FILE).read_bytes())
        if not (folder / CERTIFICATE_FILE).exists():
            (folder / CERTIFICATE_FILE).write_bytes(_as_pem(certificate))
    except OSError as error:
        told = f"{error.filename or folder}: {error.strerror or error}"
        raise UserError(f"cannot make or read the certificate authority, {told}") from error
    except ValueError as error:
        raise UserError(f"{folder / KEY_FILE} holds no certificate; delete it to have a new one made") from error
    return Authority(folder / CERTIFICATE_FILE, certificate)


def _create_authority(folder: Path) -> None:
    """Make it whole, then put it in place: two that begin at the same moment get the same one."""
    from mitmproxy.certs import CertStore

    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".ca-", dir=folder.parent))
    try:
        CertStore.create_store(made, BASENAME, KEY_BITS, organization=OWNER, cn=OWNER)
        try:
            made.rename(folder)
        except OSError:  # it is there, with something in it
            if not (folder / KEY_FILE).exists():
                _move_files(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _move_files(made: Path, folder: Path) -> None:
    # The file that says that there is an authority comes last.
    for file in sorted(made.iterdir(), key=lambda one: one.name == KEY_FILE):
        os.replace(file, folder / file.name)


def _as_pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)

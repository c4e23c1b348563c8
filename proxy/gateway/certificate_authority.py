"""The certificate authority that signs what gateways present to clients: created once, then read, and exported."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from understudy.store.errors import Conflict, Hint, UserError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

OWNER = "Understudy"
# The names that mitmproxy looks for in its folder.
BASENAME = "mitmproxy"
KEY_FILE, CERTIFICATE_FILE = f"{BASENAME}-ca.pem", f"{BASENAME}-ca-cert.pem"
KEY_BITS = 2048

ExportForm = Literal["pem", "der", "p12"]
FORMS_BY_ENDING: Mapping[str, ExportForm] = {
    ".pem": "pem",
    ".crt": "pem",
    ".der": "der",
    ".cer": "der",
    ".p12": "p12",
    ".pfx": "p12",
}


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority: `file` holds its certificate alone, as PEM; the private key is in a file beside it."""

    file: Path
    certificate: Certificate

    @property
    def subject(self) -> str:
        """The name of the authority (RFC 4514)."""
        return self.certificate.subject.rfc4514_string()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers show it: AA:BB:..."""
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.certificate.fingerprint(SHA256()).hex(":").upper()

    @property
    def validity(self) -> tuple[datetime, datetime]:
        """When the certificate becomes valid and when it expires."""
        return self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc


def ensure_authority(folder: Path) -> Authority:
    """Return the authority of this folder, created if it does not exist; raises UserError if that or reading fails."""
    from cryptography.x509 import load_pem_x509_certificate

    try:
        if not (folder / KEY_FILE).exists():
            _create_authority(folder)
        certificate = load_pem_x509_certificate((folder / KEY_FILE).read_bytes())
        if not (folder / CERTIFICATE_FILE).exists():
            (folder / CERTIFICATE_FILE).write_bytes(_as_pem(certificate))
    except OSError as error:
        reason = f"{error.filename or folder}: {error.strerror or error}"
        raise UserError(f"cannot create or read the certificate authority, {reason}") from error
    except ValueError as error:
        raise UserError(f"{folder / KEY_FILE} holds no certificate; delete it, and a new one is created") from error
    return Authority(folder / CERTIFICATE_FILE, certificate)


def export_certificate(authority: Authority, file: Path, form: ExportForm | None, *, overwrite: bool) -> None:
    """Write the certificate, without its key, to a file; `form` is by default that of the file's ending, else PEM.

    Raises Conflict if the file exists and is not to be overwritten, UserError if it cannot be written.
    """
    content = encode_certificate(authority, form or FORMS_BY_ENDING.get(file.suffix.lower(), "pem"))
    try:
        with file.open("wb" if overwrite else "xb") as opened:
            opened.write(content)
    except FileExistsError:
        raise Conflict(f"{file} exists already", what="file", which=str(file), hint=Hint("force")) from None
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}", what="file", which=str(file)) from error


def encode_certificate(authority: Authority, form: ExportForm) -> bytes:
    """Return the certificate, without its key, as PEM, DER or PKCS #12."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

    if form != "p12":
        return authority.certificate.public_bytes(Encoding.DER if form == "der" else Encoding.PEM)
    # Without a key there is nothing to encrypt, so no password is needed.
    return pkcs12.serialize_key_and_certificates(None, None, None, [authority.certificate], NoEncryption())


def _create_authority(folder: Path) -> None:
    """Create it in a folder of its own, then move it into place: two that start at once get the same authority."""
    from mitmproxy.certs import CertStore

    folder.parent.mkdir(parents=True, exist_ok=True)
    created = Path(tempfile.mkdtemp(prefix=".ca-", dir=folder.parent))
    try:
        CertStore.create_store(created, BASENAME, KEY_BITS, organization=OWNER, cn=OWNER)
        try:
            created.rename(folder)
        except OSError:  # the folder exists and is not empty
            if not (folder / KEY_FILE).exists():
                _move_files(created, folder)
    finally:
        shutil.rmtree(created, ignore_errors=True)


def _move_files(created: Path, folder: Path) -> None:
    # The key comes last: where its file exists, the authority is complete.
    for file in sorted(created.iterdir(), key=lambda one: one.name == KEY_FILE):
        os.replace(file, folder / file.name)


def _as_pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)

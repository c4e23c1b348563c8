"""The command `ca`: the certificate that clients have to trust."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.options import json_option
from understudy.proxy.cli.output import print_json
from understudy.store.errors import UserError

if TYPE_CHECKING:
    from understudy.proxy.gateway.certificate_authority import Authority

ENDINGS = {".pem": "pem", ".crt": "pem", ".der": "der", ".cer": "der", ".p12": "p12", ".pfx": "p12"}

# What each takes; {file} is the certificate. Nothing here is run by us.
WAYS = (
    ("one command", "understudy record -s NAME -- COMMAND    sets all of this for COMMAND"),
    ("curl", "curl --cacert {file} ..."),
    ("Python", "SSL_CERT_FILE={file}    requests: REQUESTS_CA_BUNDLE={file}"),
    ("Node", "NODE_EXTRA_CA_CERTS={file}"),
    ("git", "git -c http.sslCAInfo={file} ..."),
    ("Java", "keytool -importcert -noprompt -cacerts -storepass changeit -alias understudy -file {file}"),
    ("Debian, Ubuntu", "sudo cp {file} /usr/local/share/ca-certificates/understudy.crt && sudo update-ca-certificates"),
    ("Fedora", "sudo trust anchor {file}"),
    ("macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}"),
    ("Windows", "certutil -addstore -user Root {file}"),
    ("Firefox", "Settings, Certificates, View Certificates, Authorities, Import"),
)


@click.command()
@click.option("--export", "export", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE",
              help="Write the certificate, without its key, to FILE; - is standard output.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["pem", "der", "p12"]), help="Of FILE [default: by its ending].")
@click.option("--force", is_flag=True, help="Write over a FILE that is there.")
@json_option
def ca(export: Path | None, form: str | None, force: bool, as_json: bool) -> None:
    """Show the certificate of the authority that signs for HTTPS hosts, and how clients come to trust it.

    It is made when there is none. Whoever has its private key can pose as any host to those who trust it: the key stays
    on this machine, readable by you alone.

    \b
    understudy ca
    understudy ca --export understudy.crt
    """
    from understudy.proxy.gateway.certificate_authority import ensure_authority
    from understudy.proxy.settings import locate_ca_folder

    if (form or force) and export is None:
        raise UserError("--format and --force go with --export FILE")
    if as_json and export is not None:
        raise UserError("--json shows the certificate, --export writes it: give one of them")
    authority = ensure_authority(locate_ca_folder())
    if export is not None:
        _export(authority, export, form, force=force)
    elif as_json:
        print_json(_json(authority))
    else:
        _show(authority)


def _show(authority: Authority) -> None:
    first, last = authority.validity
    click.echo(f"Subject      {authority.subject}")
    click.echo(f"Fingerprint  {authority.fingerprint} (SHA-256)")
    click.echo(f"Valid        {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    click.echo(f"Certificate  {authority.file}")
    click.echo("\nTo trust it (and to trust it no more, take it out in the same place):")
    for who, how in WAYS:
        click.echo(f"  {who:<14}  {how.format(file=shlex.quote(str(authority.file)))}")


def _json(authority: Authority) -> dict[str, Any]:
    first, last = authority.validity
    return {
        "subject": authority.subject,
        "fingerprint_sha256": authority.fingerprint,
        "not_before": first.isoformat(),
        "not_after": last.isoformat(),
        "certificate": str(authority.file),
    }


def _export(authority: Authority, file: Path, form: str | None, *, force: bool) -> None:
    content = _encoded(authority, form or ENDINGS.get(file.suffix.lower(), "pem"))
    if str(file) == "-":
        click.echo(content, nl=False)
        return
    try:
        with file.open("wb" if force else "xb") as opened:
            opened.write(content)
    except FileExistsError:
        raise UserError(f"{file} is there already; --force writes over it") from None
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from error
    click.echo(f"Wrote the certificate to {file}.")


def _encoded(authority: Authority, form: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

    if form != "p12":
        return authority.certificate.public_bytes(Encoding.DER if form == "der" else Encoding.PEM)
    # Without a key there is nothing to encrypt, and no password to know.
    return pkcs12.serialize_key_and_certificates(None, None, None, [authority.certificate], NoEncryption())

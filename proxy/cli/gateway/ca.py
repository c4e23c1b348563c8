"""The command `ca`: show or export the certificate that clients have to trust."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.options import json_option
from understudy.proxy.cli.output import print_json
from understudy.proxy.cli.terminal_text import print_bytes, print_line, print_text
from understudy.store.errors import UserError

if TYPE_CHECKING:
    from understudy.proxy.gateway.certificate_authority import Authority, ExportForm

INSTRUCTIONS = (
    ("one command", "understudy record -s NAME -- COMMAND    sets all of this for COMMAND"),
    ("curl", "curl --cacert {file} ..."),
    ("wget", "wget --ca-certificate={file} ..."),
    ("Python", "SSL_CERT_FILE={file}    requests: REQUESTS_CA_BUNDLE={file}"),
    ("Node", "NODE_EXTRA_CA_CERTS={file}"),
    ("Deno", "DENO_CERT={file}"),
    ("PHP", "php -d openssl.cafile={file} -d curl.cainfo={file} ..."),
    ("Perl", "SSL_CERT_FILE={file}    LWP: PERL_LWP_SSL_CA_FILE={file} or HTTPS_CA_FILE={file}"),
    ("git", "git -c http.sslCAInfo={file} ..."),
    ("Java", "keytool -importcert -noprompt -cacerts -storepass changeit -alias understudy -file {file}"),
    ("Java, one run", "understudy record --java-truststore -s NAME -- java ..."),
    ("Debian, Ubuntu", "sudo cp {file} /usr/local/share/ca-certificates/understudy.crt && sudo update-ca-certificates"),
    ("Fedora", "sudo trust anchor {file}"),
    ("macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}"),
    ("Windows", "certutil -addstore -user Root {file}"),
    ("Firefox", "Settings, Certificates, View Certificates, Authorities, Import"),
)
"""How each client trusts the certificate; `{file}` stands for its file. Understudy runs none of these commands."""


@click.command(cls=UnderstudyCommand)
@click.option("--export", "export", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE",
              help="Write the certificate, without its key, to FILE; - is standard output.")  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["pem", "der", "p12"]), help="The format of FILE [default: by its ending]."
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@json_option
def ca(export: Path | None, form: ExportForm | None, force: bool, as_json: bool) -> None:
    """Show the certificate that HTTPS clients have to trust, and how they can trust it.

    It is the certificate of the authority that signs for HTTPS hosts; the authority is created if it does not exist.
    With its private key, a program can pose as any host to clients that trust it: the key stays on this machine,
    readable only by you.

    \b
    understudy ca
    understudy ca --export understudy.crt
    """
    from understudy.proxy.gateway.certificate_authority import ensure_authority
    from understudy.proxy.settings import locate_ca_folder

    if (form or force) and export is None:
        raise UserError("--format and --force go with --export FILE")
    if as_json and export is not None:
        raise UserError("--json shows the certificate and --export writes it: give only one of them")
    authority = ensure_authority(locate_ca_folder())
    if export is not None:
        _export(authority, export, form, overwrite=force)
    elif as_json:
        print_json(_json(authority))
    else:
        _show(authority)


def _show(authority: Authority) -> None:
    first, last = authority.validity
    print_line(f"Subject      {authority.subject}")
    print_line(f"Fingerprint  {authority.fingerprint} (SHA-256)")
    print_line(f"Valid        {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    print_line(f"Certificate  {authority.file}")
    print_text("\nTo trust it (to end that, remove it in the same place):")
    for client, instruction in INSTRUCTIONS:
        print_line(f"  {client:<14}  {instruction.format(file=shlex.quote(str(authority.file)))}")


def _json(authority: Authority) -> dict[str, Any]:
    first, last = authority.validity
    return {
        "subject": authority.subject,
        "fingerprint_sha256": authority.fingerprint,
        "not_before": first.isoformat(),
        "not_after": last.isoformat(),
        "certificate": str(authority.file),
    }


def _export(authority: Authority, file: Path, form: ExportForm | None, *, overwrite: bool) -> None:
    from understudy.proxy.gateway.certificate_authority import encode_certificate, export_certificate

    if str(file) == "-":
        print_bytes(encode_certificate(authority, form or "pem"), raw=True)
        return
    export_certificate(authority, file, form, overwrite=overwrite)
    print_line(f"Wrote the certificate to {file}.")

"""`understudy ca`: the certificate that clients have to trust."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.programs import Understudy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A data folder in which the command has created an authority."""
    understudy = Understudy(tmp_path_factory.mktemp("ca"))
    understudy.run("ca")
    return understudy


def certificate(understudy: Understudy) -> x509.Certificate:
    """Return the certificate in the data folder."""
    return x509.load_pem_x509_certificate(understudy.ca.read_bytes())


def read(content: bytes, name: str) -> tuple[object, x509.Certificate]:
    """Return the key, if any, and the certificate of a file of this name."""
    if name.endswith((".p12", ".pfx")):
        key, own, [found] = pkcs12.load_key_and_certificates(content, None)
        return key or own, found
    if name.endswith((".der", ".cer")):
        return None, x509.load_der_x509_certificate(content)
    return b"PRIVATE KEY" in content or None, x509.load_pem_x509_certificate(content)


def test_the_private_key_is_for_its_owner_alone(made: Understudy) -> None:
    """Mode 0600, in a folder with mode 0700."""
    files = [file for file in made.ca.parent.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]
    assert stat.S_IMODE(made.ca.parent.stat().st_mode) == 0o700


def test_json_describes_the_certificate(made: Understudy) -> None:
    """Subject, fingerprint, validity and file."""
    shown, kept = made.json("ca"), certificate(made)
    assert shown["subject"] == "O=Understudy,CN=Understudy"
    assert shown["fingerprint_sha256"].replace(":", "").lower() == kept.fingerprint(SHA256()).hex()
    assert shown["not_after"] == kept.not_valid_after_utc.isoformat()
    assert shown["certificate"] == str(made.ca)


def test_it_shows_how_clients_can_trust_it(made: Understudy) -> None:
    """With the path of the file in each line, quoted for a shell."""
    shown = made.run("ca")
    assert f"curl --cacert {made.ca}" in shown
    assert f"NODE_EXTRA_CA_CERTS={made.ca}" in shown


def test_a_gateway_signs_by_the_authority_that_is_shown(made: Understudy) -> None:
    """The first program that needs it creates it."""
    before = certificate(made)
    with made.serving("gateway"):
        pass
    assert certificate(made) == before


@pytest.mark.parametrize("name", ["own.pem", "own.crt", "own.der", "own.cer", "own.p12", "own.pfx", "own"])
def test_exports_hold_the_certificate_and_no_key(made: Understudy, tmp_path: Path, name: str) -> None:
    """In the format of the file's ending; PEM without an ending."""
    made.run("ca", "--export", tmp_path / name)
    key, found = read((tmp_path / name).read_bytes(), name)
    assert key is None
    assert found == certificate(made)


def test_a_format_can_be_chosen(made: Understudy, tmp_path: Path) -> None:
    """--format overrides the ending, and - is standard output."""
    assert x509.load_der_x509_certificate(made.output("ca", "--export", "-", "--format", "der")) == certificate(made)


def test_an_export_overwrites_a_file_only_with_force(made: Understudy, tmp_path: Path) -> None:
    """The file may be the only copy of something."""
    there = tmp_path / "there.pem"
    there.write_text("mine")
    assert "--force" in made.mistake("ca", "--export", there)
    assert there.read_text() == "mine"
    made.run("ca", "--export", there, "--force")
    assert "CERTIFICATE" in there.read_text()


@pytest.mark.parametrize("options", [("--force",), ("--export", "-", "--json")])
def test_options_without_an_effect_are_refused(made: Understudy, options: tuple[str, ...]) -> None:
    assert "--export" in made.mistake("ca", *options)


def test_a_format_without_a_file_is_refused(made: Understudy) -> None:
    """It would do nothing."""
    assert "--export" in made.mistake("ca", "--format", "der")


def test_the_error_names_the_folder_if_it_cannot_be_created(understudy: Understudy) -> None:
    """A file is in its place; a gateway prints the same error."""
    in_the_way = understudy.home / "understudy"
    in_the_way.write_text("")
    for command in (("ca",), ("gateway", "--listen", ":0")):
        shown = understudy.mistake(*command)
        assert "certificate authority" in shown
        assert str(in_the_way) in shown


def test_a_broken_file_is_reported(understudy: Understudy) -> None:
    """With a way out; the file is not overwritten."""
    with_key = understudy.ca.with_name("mitmproxy-ca.pem")
    with_key.parent.mkdir(parents=True)
    with_key.write_text("no certificate")
    assert "delete it" in understudy.mistake("ca")
    assert with_key.read_text() == "no certificate"


def test_other_files_in_the_folder_stay(understudy: Understudy) -> None:
    """The authority is created beside them."""
    own = understudy.ca.with_name("notes.txt")
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    understudy.run("ca")
    assert certificate(understudy).subject.rfc4514_string() == "O=Understudy,CN=Understudy"
    assert own.read_text() == "mine"

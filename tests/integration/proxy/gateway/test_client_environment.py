"""The file of roots that a command's HTTP clients trust."""

from __future__ import annotations

from pathlib import Path

from understudy.proxy.gateway.client_environment import bundle_roots


def test_a_bundle_holds_what_was_trusted_before(tmp_path: Path) -> None:
    """The files of the inherited variables, each once, else the first usual one; one that is missing is none."""
    corp, system = tmp_path / "corp", tmp_path / "system"
    corp.write_bytes(b"corp")
    system.write_bytes(b"system")
    names, usual = ("A", "B", "C"), (tmp_path / "none", system, corp)
    inherited = {"A": str(corp), "B": str(corp), "C": str(tmp_path / "none")}
    assert bundle_roots(b"own", inherited, names, usual) == b"own\ncorp"
    assert bundle_roots(b"own", {"D": str(corp)}, names, usual) == b"own\nsystem"

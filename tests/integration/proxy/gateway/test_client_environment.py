"""The file of roots that a command's HTTP clients trust."""

from __future__ import annotations

from pathlib import Path

from understudy.proxy.gateway.client_environment import bundle_roots, render_wgetrc


def test_a_bundle_holds_what_was_trusted_before(tmp_path: Path) -> None:
    """The files of the inherited variables, each once, else the first usual one; one that is missing is none."""
    corp, system = tmp_path / "corp", tmp_path / "system"
    corp.write_bytes(b"corp")
    system.write_bytes(b"system")
    names, usual = ("A", "B", "C"), (tmp_path / "none", system, corp)
    inherited = {"A": str(corp), "B": str(corp), "C": str(tmp_path / "none")}
    assert bundle_roots(b"own", inherited, names, usual) == b"own\ncorp"
    assert bundle_roots(b"own", {"D": str(corp)}, names, usual) == b"own\nsystem"


def test_wget_keeps_the_settings_that_it_has(tmp_path: Path) -> None:
    """Its own settings come first: if two lines have one setting, wget takes the last."""
    (tmp_path / "own").write_text("timeout = 9")
    assert render_wgetrc({"HOME": str(tmp_path)}, Path("/r")) == "\nca_certificate = /r\n"
    assert render_wgetrc({"WGETRC": str(tmp_path / "own")}, Path("/r")) == "timeout = 9\nca_certificate = /r\n"

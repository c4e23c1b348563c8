"""The tested versions of mitmproxy, and what a start reports about others."""

from __future__ import annotations

import logging

import pytest
from mitmproxy import version

from understudy.addons.patches.versions import (
    TESTED_VERSIONS,
    UnsupportedMitmproxy,
    get_minor_version,
    warn_if_untested,
)


def test_the_installed_mitmproxy_is_named_as_tested() -> None:
    """Each version that CI installs is listed; a new one is added when its tests pass."""
    assert get_minor_version() in TESTED_VERSIONS


def test_a_tested_version_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    warn_if_untested()
    assert caplog.record_tuples == []


def test_another_minor_version_logs_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It names both the installed version and the tested ones."""
    monkeypatch.setattr(version, "VERSION", "12.9.1")
    warn_if_untested()
    [(_, level, message)] = caplog.record_tuples
    assert level == logging.WARNING
    assert message == f"mitmproxy 12.9.1: this version of Understudy was tested with {' and '.join(TESTED_VERSIONS)}"


def test_the_error_names_the_version_and_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "VERSION", "12.9.1")
    assert str(UnsupportedMitmproxy("mitmproxy.proxy.server.ConnectionHandler.drain_writers(self)")) == (
        "mitmproxy 12.9.1 has no mitmproxy.proxy.server.ConnectionHandler.drain_writers(self): "
        f"this version of Understudy was tested with {' and '.join(TESTED_VERSIONS)}"
    )

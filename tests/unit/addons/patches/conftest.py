"""Each test of a patch begins with mitmproxy as it was installed."""

from __future__ import annotations

import pytest

from understudy.addons.patches.replace import list_replaced


@pytest.fixture(autouse=True)
def unpatched_mitmproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what other tests have replaced in this process, until this test ends."""
    for owner, name, original in list_replaced():
        monkeypatch.setattr(owner, name, original)

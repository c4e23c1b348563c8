"""The stores that every repository is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store of each kind."""
    opened = open_store(str(tmp_path / "understudy.db") if request.param == "file" else "sqlite://")
    yield opened
    opened.close()

"""The stores on which all repositories are tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.stores import open_fresh_file, open_fresh_memory
from understudy.store.repositories.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh store of each kind."""
    opened = open_fresh_file(tmp_path / "understudy.db") if request.param == "file" else open_fresh_memory()
    yield opened
    opened.close()

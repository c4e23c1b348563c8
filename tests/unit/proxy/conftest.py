"""A store that is no file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store


@pytest.fixture
def store() -> Iterator[Store]:
    """A fresh store in memory."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()

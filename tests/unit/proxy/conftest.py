"""Fixtures of tests of proxy: a store in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories.stores import open_fresh_memory
from understudy.store.repositories.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """A fresh store in memory."""
    opened = open_fresh_memory()
    yield opened
    opened.close()

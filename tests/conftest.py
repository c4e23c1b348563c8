"""Fixtures only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.repository import Store
from store.sql.opening import open_store
from tests.programs import Understudy


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store."""
    return Understudy(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store in a file."""
    opened = open_store(str(tmp_path / "understudy.db"))
    yield opened
    opened.close()

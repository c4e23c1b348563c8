"""Fixtures only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.shop import CALLS, record, shop_api
from tests.programs import Understudy, upstream


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store file with the recording of the sample API; not to be written to."""
    understudy = Understudy(tmp_path_factory.mktemp("recorded"))
    with upstream(shop_api()) as url:
        record(understudy, url, *CALLS)
    return understudy.store


@pytest.fixture(scope="session")
def promoted_once(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with the session "shop" promoted to the collection "shop", for tests that change nothing in it."""
    understudy = Understudy(tmp_path_factory.mktemp("promoted"))
    shutil.copy(recorded, understudy.store)
    understudy.run("promote", "--session", "shop", "--to", "shop")
    return understudy


@pytest.fixture
def shop(understudy: Understudy, recorded: Path) -> Understudy:
    """The command line on a store of its own with the recording, in the session "shop"."""
    shutil.copy(recorded, understudy.store)
    return understudy


@pytest.fixture
def promoted(understudy: Understudy, promoted_once: Understudy) -> Understudy:
    """The same, promoted to the collection "shop"."""
    shutil.copy(promoted_once.store, understudy.store)
    return understudy

"""Fixtures only."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import proofs
from tests.factories.stores import open_fresh_file
from tests.programs import Understudy
from understudy.store.repositories.store import Store

# Of each property, where not all is tried.
SOME_EXAMPLES = 30

# No property fails because the machine is busy, and one that fails says how to see it again.
settings.register_profile("understudy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("some", settings.get_profile("understudy"), max_examples=SOME_EXAMPLES)

# In the background of a script Ctrl-C is ignored. So it would be by every program that tests start: in a new program an
# ignored signal stays ignored, and one with a handler gets the default (execve(2)).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda *_: None)

OPTIONAL = "Skipped: optional: "
TESTS = Path(__file__).parent
# The marks of whole folders; see the markers in pyproject.toml.
MARKS = {
    "property": ("once", "proof"),
    "unit/matcher": ("once",),
    "conformance": ("once",),
    "contract/maintenance": ("once",),
    "contract/paging": ("once",),
    "contract/trash": ("once",),
    "integration/store": ("once",),
    "e2e/commands": ("once",),
    "e2e/docs": ("once",),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --whole."""
    parser.addoption(
        "--whole", action="store_true", help="let slow proofs try all that they can, as `make proofs` does"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose how much is tried."""
    is_whole = bool(config.getoption("whole"))
    proofs.set_whole(is_whole=is_whole)
    settings.load_profile("understudy" if is_whole else "some")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of whole folders."""
    for item in items:
        for folder, marks in MARKS.items():
            if item.path.is_relative_to(TESTS / folder):
                for mark in marks:
                    item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI everything a test needs is installed, so a skip there hides a gap: it fails.

    Unless its reason says that what it needs is `optional: `, too large for CI or outside of it.
    """
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("UNDERSTUDY_NO_SKIPS"):
        if OPTIONAL in str(report.longrepr):
            return report
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store."""
    return Understudy(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store in a file."""
    opened = open_fresh_file(tmp_path / "understudy.db")
    yield opened
    opened.close()

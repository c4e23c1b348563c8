"""The memory that requests made to hurt may take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.once
def test_memory_is_bounded() -> None:
    """All of the ten megabytes, one after the other, in a process that may have a gigabyte."""
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from tests.unit.matcher.test_hostile import LARGE, LARGE_BY_TYPE, decide
for body, kind in LARGE.values():
    decide(body, kind)
for make in LARGE_BY_TYPE.values():
    decide(*make())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

"""The benchmark of serving runs, in a small way: that it measures something, and what it measures is right."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.programs import installed


@pytest.mark.slow
@pytest.mark.skipif(installed("wrk") is None, reason="wrk, which makes the load, is not installed")
def test_serving_can_be_measured() -> None:
    command = [sys.executable, "-m", "bench.serve", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "understudy mocks serve" in done.stdout
    assert "An edit under load" in done.stdout

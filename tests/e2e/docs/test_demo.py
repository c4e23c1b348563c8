"""The demo, in the environment of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_demo_gets_every_answer_again(tmp_path: Path) -> None:
    """The demo succeeds and prints a line for each of its six steps."""
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[:2] for line in done.stdout.splitlines() if line[1:2] == "."] == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert done.stdout.count("10 of 10 answers") == 2


def test_demo_fails_when_an_answer_differs(tmp_path: Path) -> None:
    """If an answer differs, the exit code is 1."""
    source = (ROOT / "demo/__main__.py").read_text()
    spoiled = source.replace('understudy("promote", "-s", "demo"', 'understudy("promote", "--filter", "status=2xx"')
    assert spoiled != source
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/__init__.py").touch()
    (tmp_path / "demo/__main__.py").write_text(spoiled)
    (tmp_path / "demo/sample_api.py").write_text((ROOT / "demo/sample_api.py").read_text())
    assert run_demo(tmp_path).returncode == 1

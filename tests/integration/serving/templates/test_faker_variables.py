"""Faker is imported only if it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(("name", "loaded"), [("$guid", False), ("$randomInt", False), ("$randomFirstName", True)])
def test_faker_is_imported_when_it_is_needed(name: str, loaded: bool) -> None:
    """Preparing a variable imports Faker only if Faker makes its value."""
    program = (
        "import sys, understudy.serving.templates.dynamic_variables as d;"
        f"d.prepare(['{name}', 'id']); print('faker' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == str(loaded)

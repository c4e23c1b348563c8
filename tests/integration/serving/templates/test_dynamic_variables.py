"""The values of dynamic variables in several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES

ROOT = Path(__file__).parents[4]
NOON = 1_773_748_800.25


def test_values_do_not_depend_on_the_process() -> None:
    """Two processes with other hash seeds make the same values of one seed."""
    program = (
        "import json; from random import Random;"
        "from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES as names;"
        f"print(json.dumps([names[name](Random(7), {NOON}) for name in sorted(names)]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    ]
    assert json.loads(runs[0]) == json.loads(runs[1])
    assert len(json.loads(runs[0])) == len(DYNAMIC_VARIABLES)

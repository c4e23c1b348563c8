"""The resident memory of the gateway after many exchanges, and over a large download."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.load.clients import download, send_requests
from bench.programs import Program, find_program, run_understudy
from bench.recording.plan import MB, Row, Run, say_met
from bench.recording.stored import check_recorded, count_exchanges

MOST_GROWTH_MB = 10.0
MOST_MB = 200.0
# Memory is read after the garbage of the last batch was collected.
SETTLE_SECONDS = 1.0


def measure_memory(run: Run) -> list[Row]:
    """Measure resident memory after few and after many exchanges, and check that all of them are in the store."""
    plan = run.plan
    with tempfile.TemporaryDirectory(dir=run.folder) as place, run_understudy(Path(place), run.server.url) as program:
        small = _measure_after(Path(place), program, plan.few)
        large = _measure_after(Path(place), program, plan.many - plan.few)
    growth = large - small
    return [
        (f"resident memory after {plan.few:,} exchanges", f"{small:.0f} MB", "", ""),
        (f"resident memory after {plan.many:,} exchanges", f"{large:.0f} MB", "", ""),
        ("growth", f"{growth:.1f} MB", f"within {MOST_GROWTH_MB:.0f} MB", say_met(abs(growth) <= MOST_GROWTH_MB)),
    ]


def measure_download(run: Run) -> list[Row]:
    """Measure the maximum of resident memory during a large download that is recorded; return the row."""
    if find_program("nginx") is None:
        return []
    size = run.plan.large
    run.folder.chmod(0o755)  # the workers of an nginx that root started run as the user nobody
    with (run.folder / "large.bin").open("wb") as file:
        file.truncate(size)
    with tempfile.TemporaryDirectory(dir=run.folder) as place, run_understudy(Path(place), run.server.url) as program:
        most, came, looked = program.resident, 0, 0
        for read in download(program.port, "/large.bin"):
            came += read
            if came - looked > 16 * MB:
                most, looked = max(most, program.resident), came
        check_recorded(Path(place), 1)
    if came < size:
        raise RuntimeError(f"received {came} of {size} bytes")
    name = f"most resident memory over a download of {size // MB:,} MB"
    return [(name, f"{most / MB:.0f} MB", f"under {MOST_MB:.0f} MB", say_met(most / MB < MOST_MB))]


def _measure_after(place: Path, program: Program, number: int) -> float:
    before = count_exchanges(place)
    send_requests(program.port, number)
    check_recorded(place, before + number)
    time.sleep(SETTLE_SECONDS)
    return program.resident / MB

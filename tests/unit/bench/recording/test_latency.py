from __future__ import annotations

import pytest

from bench.load.clients import Load
from bench.recording.latency import make_tail_rows


@pytest.mark.parametrize(("slow", "ratio", "met"), [(0.03, "3.00", "met"), (0.031, "3.10", "NOT MET")])
def test_the_tail_is_compared_with_the_median(slow: float, ratio: str, met: str) -> None:
    loads = [Load(100, 1.0, 0.009, 0.02), Load(100, 1.0, 0.01, slow), Load(100, 1.0, 0.02, 0.9)]
    call, aim = make_tail_rows(loads)
    assert call[1] == f"10.00 / {slow * 1000:.2f} ms"
    assert aim[1:] == (ratio, "at most 3", met)

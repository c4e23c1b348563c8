"""The size of the pieces of a long write follows how long they hold the lock."""

from __future__ import annotations

import pytest

from understudy.store.write_pieces import AIM_SECONDS, PAUSE_SECONDS, PieceSize


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in seconds."""
    made: list[float] = []
    monkeypatch.setattr("understudy.store.write_pieces.time.sleep", made.append)
    return made


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(
    ("seconds", "rows"),
    [(AIM_SECONDS, 100), (AIM_SECONDS * 4, 25), (AIM_SECONDS / 1.5, 150), (0.0, 200), (100.0, 10)],
)
def test_a_piece_is_as_large_as_its_time_allows(seconds: float, rows: int) -> None:
    """It grows to twice its size at most, and stays within its bounds."""
    size = PieceSize(100, least=10, most=400)
    size.note(seconds)
    assert size.rows == rows


def test_the_lock_is_left_to_others_after_each_piece(pauses: list[float]) -> None:
    size = PieceSize(100)
    size.note(0.001)
    size.note(1.0)
    assert pauses == [PAUSE_SECONDS, 0.25]

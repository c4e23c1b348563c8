"""How sizes, times and deletions are shown."""

from __future__ import annotations

import pytest

from understudy.proxy.cli.options import duration
from understudy.proxy.cli.store.store_output import describe_pruned, format_duration, format_size
from understudy.store.errors import UserError
from understudy.store.repositories.maintenance import Pruned


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KB"),
        (1_500_000, "1.4 MB"),
        (3 << 30, "3.0 GB"),
        (1 << 52, "4096.0 TB"),
    ],
)
def test_a_size_has_the_largest_unit(size: int, shown: str) -> None:
    assert format_size(size) == shown


@pytest.mark.parametrize("text", ["30d", "12h", "90m", "45s", "1d", "0s"])
def test_a_duration_is_shown_as_it_is_typed(text: str) -> None:
    assert format_duration(duration(text, "--older-than")) == ("0d" if text == "0s" else text)


@pytest.mark.parametrize("text", [None, "", "30", "d", "1w", "-1d", "1.5d", "2026-01-31"])
def test_other_texts_are_no_durations(text: str | None) -> None:
    with pytest.raises(
        UserError, match=r"^--older-than takes a number of seconds, minutes, hours or days, such as 30d"
    ):
        duration(text, "--older-than")


@pytest.mark.parametrize(
    ("pruned", "shown"),
    [
        (Pruned(0, 0, 0), "There was nothing to delete."),
        (Pruned(1, 0, 0), "Deleted 1 exchange and 0 separate bodies; to give"),
        (Pruned(2, 1, 2048), "Deleted 2 exchanges and 1 separate body (2.0 KB); to give"),
    ],
)
def test_a_prune_is_described(pruned: Pruned, shown: str) -> None:
    assert describe_pruned(pruned).startswith(shown)

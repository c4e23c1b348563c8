"""The positions in sequences of examples: state beside the index, safe under concurrent requests."""

from __future__ import annotations

import threading

from understudy.matcher.parts.candidate import Candidate
from understudy.store.model.collections import Example


class Sequences:
    """Positions in the sequences of one run of a gateway or mock server.

    With `once` a sequence ends after its last example; otherwise the last one repeats.
    """

    def __init__(self, *, once: bool = False) -> None:
        self._once = once
        self._positions: dict[str, int] = {}
        self._lock = threading.Lock()

    def next(self, candidate: Candidate) -> Example | None:
        """Return the example whose turn it is and move on; None when the sequence has ended."""
        examples = candidate.examples
        if len(examples) == 1 and not self._once:
            return examples[0]
        key = examples[0].id
        with self._lock:
            position = self._positions.get(key, 0)
            # Never past the end: an example that is appended while the last one repeats comes next.
            self._positions[key] = min(position + 1, len(examples))
        if position >= len(examples) and self._once:
            return None
        return examples[min(position, len(examples) - 1)]

    def peek(self, candidate: Candidate) -> Example | None:
        """Return the example that was given last, without moving on; the first one before that."""
        examples = candidate.examples
        position = self._positions.get(examples[0].id, 0)
        return examples[min(max(position - 1, 0), len(examples) - 1)]

    def may_advance(self, candidate: Candidate) -> bool:
        """Return whether the next call may be answered by another example."""
        return self._once or len(candidate.examples) > 1

    def reset(self) -> None:
        """Move every sequence back to its first example."""
        with self._lock:
            self._positions.clear()

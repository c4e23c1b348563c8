"""The gRPC calls of a session, as a replay chooses from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.matcher.normal_forms import normalize_path
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """The recorded gRPC calls.

    `bidirectional` are the ids of the examples of calls whose server answered before the client had ended; these
    examples have the client's first message as their body. `most_messages` is, by path, the largest number of messages
    that a client sent in one of the other calls.
    """

    bidirectional: frozenset[str] = frozenset()
    most_messages: Mapping[str, int] = field(default_factory=dict)

    def has_bidirectional(self, examples: tuple[Example, ...]) -> bool:
        """Return whether one of these examples is such a call."""
        return any(example.id in self.bidirectional for example in examples)

    def count_most_messages(self, request: Request) -> int:
        """Return how many messages a client sent at most in a recorded call of this path that is no conversation."""
        return self.most_messages.get(normalize_path(request.path), 0)

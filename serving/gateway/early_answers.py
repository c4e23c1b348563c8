"""Replays of answers that came before the body of their request had ended, such as a 413."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from understudy.matcher.normal_forms import normalize_path
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.store.model.collections import Example
from understudy.store.model.messages import Request, measure_body
from understudy.store.model.values import replace

MAX_SIZES = 20
"""Different sizes of what was sent to one path; for each, a request is compared once more."""

RequestPath = tuple[str, str]  # method and normal path


@dataclass(frozen=True, slots=True)
class EarlyAnswers:
    """The examples of such exchanges: their ids, and the sizes of what was sent of their bodies, largest first.

    What was sent is compared with as much of a request.
    """

    ids: frozenset[str] = frozenset()
    sizes: Mapping[RequestPath, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, examples: Iterable[Example]) -> EarlyAnswers:
        """Return those of these examples."""
        examples, sizes = list(examples), defaultdict[RequestPath, set[int]](set)
        for example in examples:
            sizes[_get_path(example.request)].add(measure_body(example.request.body))
        largest = {path: tuple(sorted(some, reverse=True)[:MAX_SIZES]) for path, some in sizes.items()}
        return cls(frozenset(example.id for example in examples), largest)

    def find_outcome(self, answers: Answers, request: Request) -> Outcome | None:
        """Return the outcome for a request whose body begins as one that was answered early; None if there is none."""
        if not self.ids:
            return None
        for shortened in self._shorten(request):
            candidate = answers.index.decide(shortened).candidate
            if candidate is not None and any(example.id in self.ids for example in candidate.examples):
                return find_outcome(answers, shortened)
        return None

    def _shorten(self, request: Request) -> Iterator[Request]:
        body = request.body
        if isinstance(body, bytes):
            sizes = self.sizes.get(_get_path(request), ())
            yield from (replace(request, body=body[:size]) for size in sizes if size < len(body))


def _get_path(request: Request) -> RequestPath:
    return request.method, normalize_path(request.path)

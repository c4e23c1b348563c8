"""The rows of the conformance table: examples, a request, the winner and its score, and what a test asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.near_misses import UNEXPLAINED
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.lookup.ties import list_negotiating_names
from understudy.matcher.parts.candidate import Match
from understudy.matcher.scores import PathLine, RequestPart
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.messages import Request
from understudy.store.model.values import replace

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"
GRAPHQL = "application/graphql"

Fields = Sequence[tuple[str, str]]


def request(
    line: str = "GET /a", *fields: tuple[str, str], body: bytes | str = b"", kind: str | None = None, at: str = ""
) -> Request:
    """Return a request; `kind` is its Content-Type, `at` its origin."""
    method, _, target = line.partition(" ")
    raw = body.encode() if isinstance(body, str) else body
    return make_request(method, target, headers=fields, body=raw, content_type=kind, origin=at or None)


@dataclass(frozen=True)
class Given:
    """An example of a row; it counts as typed in unless it is `literal`, or recorded in its `unedited` parts.

    `status`, `fields` and `content` are those of its response.
    """

    request: Request
    status: int = 200
    fields: Fields = ()
    content: bytes = b'{"ok": true}'
    name: str = ""
    literal: bool = False
    unedited: tuple[str, ...] = ()
    redacted: tuple[RedactedPlace, ...] = ()
    sequence: str | None = None
    id: str = ""

    def make_example(self, number: int) -> Example:
        """Return the example; its id is made from its number unless it has one."""
        return make_example(
            self.request,
            id=self.id or f"{number:04d}",
            name=self.name or f"Example {number:04d}",
            response=make_response(self.status, self.content, headers=self.fields),
            redacted=self.redacted,
            literal=self.literal,
            unedited=self.unedited,
            sequence=self.sequence,
        )


Examples = Sequence[Given | Request | str]
Winner = tuple[int, int] | Literal["400"] | None  # an example's number and score, a mistake of the client, or a miss


@dataclass(frozen=True)
class Row:
    """One row: a rule, and the winner that it demands for these examples and this request.

    `rule` begins with the heading of docs/matching.md that it stands under: "Path: as they are, 100". A rule that is
    ours, not Postman's, has ", own rule" after the heading.
    """

    rule: str
    examples: Examples
    request: Request | str
    winner: Winner
    settings: MatchSettings = POSTMAN
    variables: dict[str, str] = field(default_factory=dict)
    items: tuple[BareItem, ...] = ()

    @property
    def heading(self) -> str:
        """The heading of docs/matching.md that the rule stands under."""
        return self.rule.partition(":")[0].removesuffix(", own rule")

    def make_examples(self) -> list[Example]:
        """Return the examples, with rising ids in the order in which they are written."""
        every = (Given(_make_request(each)) if not isinstance(each, Given) else each for each in self.examples)
        return [each.make_example(number) for number, each in enumerate(every)]

    def make_request(self) -> Request:
        """Return the request."""
        return _make_request(self.request)

    def compile(self) -> Index:
        """Compile the examples."""
        return compile_index(self.make_examples(), self.settings, variables=self.variables, items=self.items)

    def decide(self) -> Decision:
        """Return the decision of the index."""
        return self.compile().decide(self.make_request())

    def find_nearest(self) -> list[int]:
        """Return the numbers of the examples that are the near misses."""
        ids = [example.id for example in self.make_examples()]
        return [ids.index(miss.candidate.id) for miss in self.decide().find_near_misses()]

    def find_winner(self) -> Winner:
        """Return the winner that the index finds, and its score."""
        decision = self.decide()
        if decision.candidate is None or decision.score is None:
            return "400" if decision.problem else None
        return int(decision.candidate.id), decision.score

    def find_winner_without_look_ups(self) -> Winner:
        """Return the winner if each candidate is compared alone, part by part; distance and names are not checked."""
        index, decision = self.compile(), self.decide()
        selectors = decision.selectors
        if decision.problem or selectors.is_named or decision.path_line is PathLine.DISTANCE:
            return self.winner
        normal_request = decision.normal_request
        settings = replace(normal_request.settings, eligibility=selectors.code is None)
        candidates = index.filter_by_status(selectors.code).apply_settings(settings).candidates
        names = list_negotiating_names(candidates, settings)
        matches = [
            Match.of_tied(match.candidate, match.path_line, match.query_fit, normal_request, names)
            for match in (each.match(normal_request) for each in candidates)
            if match
        ]
        own = decision.request.method
        matches.sort(key=lambda match: (match.score, match.candidate.method == own, *match.order))
        best = matches[-1] if matches else None
        return (int(best.candidate.id), best.score) if best else None

    def is_explained(self) -> bool:
        """Return whether the explanation agrees: no part filters out a winner, some part filters out each near miss."""
        decision = self.decide()
        if decision.candidate is None:
            return all(each.differences and UNEXPLAINED not in each.differences for each in decision.find_near_misses())
        normal_request = decision.normal_request.change_methods((decision.candidate.method,))
        parts = [each.part for each in explain_differences(decision.candidate, normal_request)]
        return parts == ([RequestPart.PATH] if decision.path_line is PathLine.DISTANCE else [])


def rows(
    rule: str, *written: tuple[Examples | Given | Request | str, Request | str, Winner], **shared: object
) -> list[Row]:
    """Return the rows of one rule; a single example needs no list."""
    return [
        Row(rule, [each] if isinstance(each, Given | Request | str) else each, request, winner, **shared)  # type: ignore[arg-type]
        for each, request, winner in written
    ]


def under(settings: MatchSettings = POSTMAN, **changes: object) -> MatchSettings:
    """Return settings with changes."""
    return replace(settings, **changes)


def _make_request(written: Request | str) -> Request:
    if isinstance(written, Request):
        return written
    return request(written if " " in written else f"GET {written}")

"""What a row of the conformance table is, and how it is read: examples, a request, the winner and its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.scores import PathLine, RequestPart
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.messages import Request

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"
GRAPHQL = "application/graphql"

Fields = Sequence[tuple[str, str]]


def request(
    line: str = "GET /a", *fields: tuple[str, str], body: bytes | str = b"", kind: str | None = None, at: str = ""
) -> Request:
    """A request; `kind` is its Content-Type, `at` its origin."""
    method, _, target = line.partition(" ")
    raw = body.encode() if isinstance(body, str) else body
    return make_request(method, target, headers=fields, body=raw, content_type=kind, origin=at or None)


@dataclass(frozen=True)
class Given:
    """An example of a row: typed in unless it is `literal`."""

    request: Request
    status: int = 200
    name: str = ""
    literal: bool = False
    redacted: tuple[RedactedPlace, ...] = ()
    sequence: str | None = None
    id: str = ""

    def example(self, number: int) -> Example:
        """The example, its id made from its number unless it has one."""
        return make_example(
            self.request,
            id=self.id or f"{number:04d}",
            name=self.name or f"Example {number:04d}",
            response=make_response(self.status),
            redacted=self.redacted,
            literal=self.literal,
            sequence=self.sequence,
        )


Examples = Sequence[Given | Request | str]
Winner = tuple[int, int] | Literal["400"] | None  # which of the examples, and its score; the client's mistake; a miss


@dataclass(frozen=True)
class Row:
    """One row: the line of the specification it comes from, and what it says of these examples and this request."""

    line: str
    examples: Examples
    request: Request | str
    winner: Winner
    settings: MatchSettings = POSTMAN
    variables: dict[str, str] = field(default_factory=dict)
    items: tuple[BareItem, ...] = ()

    def given(self) -> list[Example]:
        """The examples, their ids rising in the order they are written."""
        every = (Given(_request(each)) if not isinstance(each, Given) else each for each in self.examples)
        return [each.example(number) for number, each in enumerate(every)]

    def asked(self) -> Request:
        """The request."""
        return _request(self.request)

    def index(self) -> Index:
        """The compiled examples."""
        return compile_index(self.given(), self.settings, variables=self.variables, items=self.items)

    def decided(self) -> Decision:
        """What the index says."""
        return self.index().decide(self.asked())

    def nearest(self) -> list[int]:
        """Which of the examples the near misses are."""
        ids = [example.id for example in self.given()]
        return [ids.index(miss.candidate.id) for miss in self.decided().find_near_misses()]

    def found(self) -> Winner:
        """The winner that the index finds, and its score."""
        decision = self.decided()
        if decision.candidate is None or decision.score is None:
            return "400" if decision.problem else None
        return int(decision.candidate.id), decision.score

    def alone(self) -> Winner:
        """The winner when each candidate is compared by itself, part by part; distance and names aside."""
        index, decision = self.index(), self.decided()
        chosen = decision.selectors
        if decision.problem or chosen.is_named or decision.path_line is PathLine.DISTANCE:
            return self.winner
        asked = (
            decision.normal_request.change_methods(("GET",)) if decision.is_get_fallback else decision.normal_request
        )
        candidates = index.filter_by_status(chosen.code).apply_settings(asked.settings).candidates
        matches = [match for match in (each.match(asked) for each in candidates) if match]
        best = max(matches, key=lambda match: match.order, default=None)
        return (int(best.candidate.id), best.score) if best else None

    def explained(self) -> bool:
        """Whether the explanation agrees: no part puts the winner out, and on a miss each near miss is out by one."""
        decision = self.decided()
        if decision.candidate is None:
            return all(miss.differences for miss in decision.find_near_misses())
        asked = decision.normal_request.change_methods((decision.candidate.method,))
        parts = [each.part for each in explain_differences(decision.candidate, asked)]
        return parts == ([RequestPart.PATH] if decision.path_line is PathLine.DISTANCE else [])


def rows(
    line: str, *written: tuple[Examples | Given | Request | str, Request | str, Winner], **shared: object
) -> list[Row]:
    """Rows of one line of the specification; a single example needs no list."""
    return [
        Row(line, [each] if isinstance(each, Given | Request | str) else each, asked, winner, **shared)  # type: ignore[arg-type]
        for each, asked, winner in written
    ]


def under(settings: MatchSettings = POSTMAN, **changes: object) -> MatchSettings:
    """Settings with changes."""
    return replace(settings, **changes)  # type: ignore[arg-type]


def _request(written: Request | str) -> Request:
    if isinstance(written, Request):
        return written
    return request(written if " " in written else f"GET {written}")

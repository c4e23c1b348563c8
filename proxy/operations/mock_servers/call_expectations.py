"""What a mock server is expected to be called with and how often, and calls compared with that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from understudy.matcher.decision import Difference
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.distances import compute_distance
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import OWN_HEADER_PREFIXES, MatchSettings, QueryRule
from understudy.proxy.operations.collections.example_document import header_field
from understudy.proxy.operations.collections.request_lines import read_typed
from understudy.store.errors import UserError
from understudy.store.model.calls import KEPT_BODY, Call
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

_JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Times:
    """How often something is to be called; `most` is None where there is no bound."""

    least: int = 1
    most: int | None = None

    def holds(self, number: int) -> bool:
        """Whether this number of calls is right."""
        return self.least <= number and (self.most is None or number <= self.most)

    def holds_beyond(self, number: int, unknown: int | None) -> bool:
        """Whether this number of calls is right, and stays so with up to `unknown` more; None is any number of them."""
        more = self.most is None or (unknown is not None and number + unknown <= self.most)
        return self.holds(number) and more

    def __str__(self) -> str:
        if self.most == 0:
            return "never"
        if self.most is None:
            return f"at least {format_times(self.least)}"
        if self.least == self.most:
            return f"exactly {format_times(self.least)}"
        return f"{self.least} to {format_times(self.most)}" if self.least else f"at most {format_times(self.most)}"


def times_of(exactly: int | None, least: int | None, most: int | None) -> Times:
    """Return how often a call is expected: at least once unless there is a number; raises UserError."""
    given: list[object] = [number for number in (exactly, least, most) if number is not None]
    for number in given:
        if not isinstance(number, int) or number < 0:  # tests are not type-checked
            raise UserError(f"a number of calls is a whole number from 0 on, not {number!r}")
    if exactly is not None and (least is not None or most is not None):
        raise UserError("give either an exact number of calls, or bounds, not both")
    if exactly is not None:
        return Times(exactly, exactly)
    if least is not None and most is not None and least > most:
        raise UserError(f"no number of calls is at least {least} and at most {most}")
    return Times(least if least is not None else int(most is None), most)


class Expected:
    """A call that is expected: method and path, which may hold wildcards, and what else has to be equal.

    The query counts only if one is given, headers and body likewise. The log keeps no secrets, so any value is right
    in the place of one. Raises UserError for a call or a header that cannot be read.
    """

    def __init__(
        self,
        called: str,
        headers: Sequence[str] = (),
        body: bytes | None = None,
        redactor: Redactor = BUILT_IN_REDACTOR,
    ) -> None:
        self.method, target = _method_and_target(called)
        self.body = body
        fields = [_header(line) for line in headers]
        self._names = frozenset(name.lower() for name, _ in fields)
        typed = self._typed(Headers.of(fields), None)
        self._request = Request(self.method, target.encode("utf-8", "surrogateescape"), typed, body or b"")
        hidden, self._secret = redactor.redact_request(self._request, body or b"")
        self.called = f"{self.method} {hidden.target.decode('utf-8', 'surrogateescape')}"
        self._candidates: dict[str | None, Candidate] = {}

    @property
    def secret(self) -> list[str]:
        """The places at which any value is right, as the log keeps no secrets."""
        return sorted({f"{place.part} {place.name}" for place in self._secret if self._counts(place.part, place.name)})

    def _counts(self, part: Part, name: str) -> bool:
        return part is not Part.HEADER or name in self._names

    def compare(self, call: Call) -> ComparedCall:
        """Compare a call with what is expected."""
        request = replace(call.request, origin=None)
        kind = request.headers.get("content-type")
        request = replace(request, headers=self._typed(request.headers, kind))
        candidate = self._candidate(kind)
        if self.body is not None and call.request_size > KEPT_BODY:
            candidate = candidate.apply_settings(self._settings(body=False))
            normal = NormalRequest(request, self._settings(body=False), (request.method,))
            return ComparedCall(call, candidate, normal, cut=candidate.match(normal) is not None)
        normal = NormalRequest(request, self._settings(body=self.body is not None), (request.method,))
        return ComparedCall(call, candidate, normal, fits=candidate.match(normal) is not None)

    def _settings(self, *, body: bool) -> MatchSettings:
        return MatchSettings(
            ids=False,
            distance=False,
            query=QueryRule.REQUIRE if b"?" in self._request.target else QueryRule.OFF,
            headers=self._names,
            body=body,
            selectors=False,
            key_headers=frozenset(),
        )

    def _candidate(self, kind: str | None) -> Candidate:
        found = self._candidates.get(kind)
        if found is None:
            request = replace(self._request, headers=self._typed(self._request.headers, kind))
            example = Example("", "", "", self.called, request, Response(200), self._secret, literal=False)
            found = Candidate.of((example,), self._settings(body=self.body is not None))
            self._candidates[kind] = found
        return found

    def _typed(self, headers: Headers, kind: str | None) -> Headers:
        """Return the headers with the type that the body is compared as: by its start, as curl sends JSON as a form."""
        if "content-type" in self._names or not self.body:
            return headers
        if self.body.lstrip()[:1] in (b"{", b"["):
            return headers.replace(*_JSON)
        return headers if kind is None else headers.replace("Content-Type", kind)


@dataclass(frozen=True, slots=True)
class ComparedCall:
    """A call beside what is expected. `cut`: it fits, but the log has only the beginning of its body."""

    call: Call
    candidate: Candidate
    request: NormalRequest
    fits: bool = False
    cut: bool = False

    @property
    def distance(self) -> float:
        """How far it is from what is expected."""
        return compute_distance(self.candidate, self.request)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where it differs."""
        return explain_differences(self.candidate, self.request)


def _method_and_target(called: str) -> tuple[str, str]:
    try:
        typed = read_typed(called)
    except UserError:
        typed = None
    if typed is None or typed.status is not None:
        raise UserError(f"a call is written 'METHOD PATH', such as 'POST /orders', not {called!r}")
    return typed.method, typed.target


def _header(line: str) -> tuple[str, str]:
    name, value = header_field(line)
    if name.lower().startswith(OWN_HEADER_PREFIXES):
        raise UserError(f"the header {name} is for Understudy itself and is not compared")
    return name, value


def format_times(number: int) -> str:
    """Return a number of times in words: once, 2 times."""
    return "once" if number == 1 else f"{number} times"

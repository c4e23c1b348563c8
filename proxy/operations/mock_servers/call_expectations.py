"""Whether a mock server was called as expected, compared in the matcher's words; and what came instead. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from understudy.matcher.decision import Difference
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.distances import compute_distance
from understudy.matcher.explanation.rendering import differences_as_json, render_difference
from understudy.matcher.normal_forms import format_for_display, text_from_bytes
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
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor

SHOWN = 3
_JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Times:
    """How often something is to be called; `most` is None where there is no bound."""

    least: int = 1
    most: int | None = None

    def holds(self, number: int) -> bool:
        """Whether so many calls are right."""
        return self.least <= number and (self.most is None or number <= self.most)

    def holds_beyond(self, number: int, unknown: int | None) -> bool:
        """Whether so many and up to `unknown` more are right, however many of those there were; None is no bound."""
        more = self.most is None or (unknown is not None and number + unknown <= self.most)
        return self.holds(number) and more

    def __str__(self) -> str:
        if self.most == 0:
            return "never"
        if self.most is None:
            return f"at least {_times(self.least)}"
        if self.least == self.most:
            return f"exactly {_times(self.least)}"
        return f"{self.least} to {_times(self.most)}" if self.least else f"at most {_times(self.most)}"


def times_of(exactly: int | None, least: int | None, most: int | None) -> Times:
    """How often, as people say it: at least once unless there is a number. Raises UserError."""
    given: list[object] = [number for number in (exactly, least, most) if number is not None]
    for number in given:
        if not isinstance(number, int) or number < 0:  # tests are not type-checked
            raise UserError(f"how often is a number from 0 on, not {number!r}")
    if exactly is not None and (least is not None or most is not None):
        raise UserError("say how often exactly, or at least and at most, not both")
    if exactly is not None:
        return Times(exactly, exactly)
    if least is not None and most is not None and least > most:
        raise UserError(f"at least {least} and at most {most} cannot both be")
    return Times(least if least is not None else int(most is None), most)


class Expected:
    """A call that is looked for: method and path, which may hold wildcards, and what else has to be equal.

    The query counts only if one is given, headers and body likewise. Secrets are not kept, so any value is right where
    one was.
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
        """The places at which any value is right."""
        return sorted({f"{place.part} {place.name}" for place in self._secret if self._counts(place.part, place.name)})

    def _counts(self, part: Part, name: str) -> bool:
        return part is not Part.HEADER or name in self._names

    def look_at(self, call: Call) -> Seen:
        """Compare a call."""
        request = replace(call.request, origin=None)
        kind = request.headers.get("content-type")
        request = replace(request, headers=self._typed(request.headers, kind))
        candidate = self._candidate(kind)
        if self.body is not None and call.request_size > KEPT_BODY:
            candidate = candidate.apply_settings(self._settings(body=False))
            asked = NormalRequest(request, self._settings(body=False), (request.method,))
            return Seen(call, candidate, asked, cut=candidate.match(asked) is not None)
        asked = NormalRequest(request, self._settings(body=self.body is not None), (request.method,))
        return Seen(call, candidate, asked, fits=candidate.match(asked) is not None)

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
        """The headers, with the type that the body is compared as: JSON by its looks, as curl sends it as a form."""
        if "content-type" in self._names or not self.body:
            return headers
        if self.body.lstrip()[:1] in (b"{", b"["):
            return headers.replace(*_JSON)
        return headers if kind is None else headers.replace("Content-Type", kind)


@dataclass(frozen=True, slots=True)
class Seen:
    """A call beside what is expected. `cut`: it fits, but of its body only the beginning was kept."""

    call: Call
    candidate: Candidate
    asked: NormalRequest
    fits: bool = False
    cut: bool = False

    @property
    def distance(self) -> float:
        """How far it is from what is expected."""
        return compute_distance(self.candidate, self.asked)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where it differs."""
        return explain_differences(self.candidate, self.asked)


@dataclass(frozen=True, slots=True)
class MatchingCalls:
    """How many of the calls that were looked at fit, or were cut; the newest that fit, and the nearest that do not."""

    number: int
    cut: int
    looked_at: int
    fitting: tuple[Call, ...]
    nearest: tuple[Seen, ...]


def found_among(calls: Iterable[Call], expected: Expected) -> MatchingCalls:
    """Count the calls that fit; newest first."""
    number = cut = looked_at = 0
    fitting: list[Call] = []
    nearest: list[tuple[float, Seen]] = []
    for call in calls:
        seen = expected.look_at(call)
        looked_at += 1
        number += seen.fits
        cut += seen.cut
        if seen.fits and len(fitting) < SHOWN:
            fitting.append(call)
        elif not seen.fits and not seen.cut:
            _take_in(nearest, seen)
    return MatchingCalls(number, cut, looked_at, tuple(fitting), tuple(seen for _, seen in nearest))


def _take_in(nearest: list[tuple[float, Seen]], seen: Seen) -> None:
    """Put a call among the nearest if it is one of them, and tells something new."""
    far = seen.distance
    if len(nearest) == SHOWN and far >= nearest[-1][0]:
        return
    if all(_told(other) != _told(seen) for _, other in nearest):
        nearest.append((far, seen))
        nearest.sort(key=lambda pair: pair[0])
        del nearest[SHOWN:]


def _told(seen: Seen) -> tuple[object, ...]:
    request = seen.call.request
    return request.method, request.target, seen.asked.header_values, request.body


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mock server was called as often as expected.

    `lost` calls did not come into the log, `waiting` ones not yet; `whole` is false when older ones are forgotten.
    """

    expected: Expected
    times: Times
    found: MatchingCalls
    lost: int = 0
    waiting: int = 0
    whole: bool = True

    @property
    def held(self) -> bool:
        """Whether it is so, for sure."""
        unknown = self.lost + self.waiting + self.found.cut if self.whole else None
        return self.times.holds_beyond(self.found.number, unknown)

    @property
    def unsure(self) -> bool:
        """Whether it seems to be so, but calls that are not in the log may make it wrong."""
        return self.times.holds(self.found.number) and not self.held

    def as_text(self) -> str:
        """The verdict in a few lines, each ended."""
        return "".join(f"{line}\n" for line in self._lines())

    def as_json(self) -> dict[str, Any]:
        """The verdict as values that JSON can hold."""
        found = self.found
        return {
            "held": self.held,
            "called": self.expected.called,
            "expected": {"at_least": self.times.least, "at_most": self.times.most},
            "count": found.number,
            "any_value_at": self.expected.secret,
            "calls_looked_at": found.looked_at,
            "calls_lost": self.lost,
            "calls_waiting": self.waiting,
            "calls_cut": found.cut,
            "older_calls_forgotten": not self.whole,
            "matching": [_call_json(call) for call in found.fitting],
            "nearest": [
                _call_json(seen.call) | {"differences": differences_as_json(seen.differences)} for seen in found.nearest
            ],
        }

    def _lines(self) -> Iterator[str]:
        number = self.found.number
        called = f"was called {_times(number)}" if number else "was not called"
        yield f"{format_for_display(self.expected.called)} {called}; expected: {self.times}"
        if self.expected.secret:
            names = ", ".join(map(format_for_display, self.expected.secret))
            yield f"  any value counts, as secrets are not kept: {names}"
        yield from self._doubts()
        if self.held:
            return
        if number < self.times.least:
            yield from self._nearest()
        elif not self.unsure:
            yield "Calls:"
            yield from (f"  {_line(call)}" for call in self.found.fitting)

    def _doubts(self) -> Iterator[str]:
        reasons = {
            f"{_calls(self.lost)} since the start of the server did not come into the log": self.lost,
            f"{_calls(self.waiting)} not in the log yet": self.waiting,
            f"{_calls(self.found.cut)} with a body that is too long to be kept whole": self.found.cut,
            "older calls than the log holds: give --since, or clear the log before a test": not self.whole,
        }
        told = [reason for reason, holds in reasons.items() if holds]
        if told and (self.unsure or not self.held):
            yield "That cannot be told for sure, because there are:" if self.unsure else "There are also:"
            yield from (f"  {reason}" for reason in told)

    def _nearest(self) -> Iterator[str]:
        if not self.found.nearest:
            yield "There are no other calls." if self.found.number else "There are no calls."
            return
        yield "Nearest:"
        for seen in self.found.nearest:
            yield f"  {_line(seen.call)}"
            for difference in seen.differences:
                yield from render_difference(difference)


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
        raise UserError(f"{name} speaks to Understudy and is not compared")
    return name, value


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _calls(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"


def _line(call: Call) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(call.at))
    status = "no answer" if call.response is None else str(call.response.status)
    method, target = map(format_for_display, (call.request.method, text_from_bytes(call.request.target)))
    return f"call {call.id}, {at}: {method} {target} - {status}"


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "id": call.id,
        "method": call.request.method,
        "url": call.request.url,
        "status": None if call.response is None else call.response.status,
    }

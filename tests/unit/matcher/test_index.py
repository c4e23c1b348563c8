"""Tests of the index: its winners, and its changes. More rows are in tests/conformance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests import plain_matcher
from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import QueryFit
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.errors import NotFound
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Body, BodyRef, Request

EXACT_ONLY = MatchSettings(exact_path=True)
NO_WILDCARDS = MatchSettings(wildcards=False)
NO_IDS = MatchSettings(ids=False)
REQUIRE = MatchSettings(query=QueryRule.REQUIRE)
OFF = MatchSettings(query=QueryRule.OFF)
IGNORE = MatchSettings(query=QueryRule.REQUIRE, ignore_query=frozenset({"t"}))

Winner = tuple[int, int] | None  # which of the examples, and its score
Row = tuple[str, str, Winner, MatchSettings]

# The examples in the order of their ids, the request's target, the winner and its score, the settings.
PATHS: list[Row] = [
    ("/a", "/a", (0, 110), POSTMAN),
    ("/a", "/%61", (0, 110), POSTMAN),
    ("/a", "/b", None, POSTMAN),
    ("/", "/", (0, 110), POSTMAN),
    ("/a%2fb", "/a%2Fb", (0, 110), POSTMAN),
    ("/a%2Fb", "/a/b", None, POSTMAN),
    ("/a/../b", "/b", None, POSTMAN),
    ("/a//b", "/a/b", None, POSTMAN),
    ("/{{x}}", "/{{x}}", (0, 110), POSTMAN),
    ("/a", "/a/", (0, 105), POSTMAN),
    ("/a//", "/a", (0, 105), POSTMAN),
    ("/a", "/a/", None, EXACT_ONLY),
    ("/a", "/A", (0, 100), POSTMAN),
    ("/é", "/É", (0, 100), POSTMAN),
    ("/a", "/A", None, EXACT_ONLY),
    ("/a/", "/A", (0, 95), POSTMAN),
    ("/a/", "/B", None, POSTMAN),
    ("/a/{{x}}", "/a/b", (0, 90), POSTMAN),
    ("/a/:x", "/a/b", (0, 90), POSTMAN),
    ("/a/:x", "/A/b/", (0, 90), POSTMAN),
    ("/a/{{x}}/", "/a/b", (0, 90), POSTMAN),
    ("/a/v{{x}}", "/a/V2", (0, 90), POSTMAN),
    ("/a/v{{x}}", "/a/v", None, POSTMAN),
    ("/a/{{x}}.json", "/a/b.json", (0, 90), POSTMAN),
    ("/a/{{x}}.json", "/a/b.xml", None, POSTMAN),
    ("/a/{{x}}", "/a/", None, POSTMAN),
    ("/a/{{x}}", "/a/b/c", None, POSTMAN),
    ("/a/{{x}}", "/a/b%2Fc", (0, 90), POSTMAN),
    ("/a/{{x}}/c", "/a//c", None, POSTMAN),
    ("/a/{{x}}{{y}}", "/a/bc", None, POSTMAN),
    ("/a/%7B%7Bx%7D%7D", "/a/b", None, POSTMAN),
    ("/a/{{x}}", "/a/b", None, NO_WILDCARDS),
    ("/a/{{x}}", "/a/b", None, EXACT_ONLY),
    ("/a/7", "/a/8", (0, 89), POSTMAN),
    ("/a/7", "/a/cus_9s6XKzkNRiz8i3", (0, 89), POSTMAN),
    ("/a/7/b/8", "/a/1/b/2", (0, 89), POSTMAN),
    ("/a/7", "/a/v8", None, POSTMAN),
    ("/a/b", "/a/8", None, POSTMAN),
    ("/a/7", "/A/8", None, POSTMAN),
    ("/a/7", "/a/8", None, NO_IDS),
    ("/a/7", "/a/8", None, EXACT_ONLY),
    ("/a/7/", "/a/8", (0, 85), POSTMAN),
    ("/a/7", "/a/8//", (0, 85), POSTMAN),
    ("/a/7/", "/A/8", None, POSTMAN),
    ("/a/7/", "/a/8", None, NO_IDS),
    ("/{{x}}/7", "/a/8", None, POSTMAN),
]
QUERIES: list[Row] = [
    ("/a?b=1", "/a?b=1", (0, 110), POSTMAN),
    ("/a?b=1&c=2", "/a?c=2&b=1", (0, 110), POSTMAN),
    ("/a?b", "/a?b=", (0, 110), POSTMAN),
    ("/a?b=c+d", "/a?b=c%20d", (0, 110), POSTMAN),
    ("/a", "/a?", (0, 110), POSTMAN),
    ("/a?b={{x}}", "/a?b=1", (0, 109), POSTMAN),
    ("/a?b={{x}}", "/a?b=1&b=2", (0, 90), POSTMAN),
    ("/a?b=x{{x}}", "/a?b=x1", (0, 109), POSTMAN),
    ("/a?b={{x}}", "/a?b=1", (0, 90), NO_WILDCARDS),
    ("/a?b=x", "/a?B=X", (0, 105), POSTMAN),
    ("/a?b=x", "/a?b=y", (0, 90), POSTMAN),
    ("/a?b=1", "/a?b=1&b=1", (0, 90), POSTMAN),
    ("/a", "/a?b=1", (0, 90), POSTMAN),
    ("/a?b=1", "/a", (0, 90), POSTMAN),
    ("/a?b=1", "/a?b=1", (0, 110), REQUIRE),
    ("/a?b={{x}}", "/a?b=1", (0, 109), REQUIRE),
    ("/a?b=x", "/a?b=X", (0, 105), REQUIRE),
    ("/a?b=1", "/a?b=2", None, REQUIRE),
    ("/a?b=1", "/a?b=2", (0, 100), OFF),
    ("/a?b=1", "/a?b=1", (0, 100), OFF),
    ("/a?b=1&t=1", "/a?t=2&b=1&t=3", (0, 110), IGNORE),
    ("/a?b=1&t=1", "/a?b=2&t=1", None, IGNORE),
]
TIES: list[Row] = [
    ("/a /a", "/a", (1, 110), POSTMAN),
    ("/a /a/", "/a", (0, 110), POSTMAN),
    ("/a /a/", "/A", (0, 100), POSTMAN),
    ("/a?b=1 /a", "/a?b=1", (0, 110), POSTMAN),
    ("/a?b=1 /a?b=2", "/a?b=3", (1, 90), POSTMAN),
    # An exact path with the wrong query ties with a wildcard path with the right one: the higher path score wins.
    ("/a/b?q=1 /a/{{x}}?q=2", "/a/b?q=2", (0, 90), POSTMAN),
    ("/a/{{x}}?q=2 /a/b?q=1", "/a/b?q=2", (1, 90), POSTMAN),
    # One point more or less on either side, and there is no tie.
    ("/a/b/?q=1 /a/{{x}}?q=2", "/a/b?q=2", (1, 90), POSTMAN),
    ("/a/b?q=1 /a/{{x}}?q={{y}}", "/a/b?q=2", (0, 90), POSTMAN),
    ("/a/b/?q=1 /a/{{x}}?q={{y}}", "/a/b?q=2", (1, 89), POSTMAN),
    ("/a/7?q=1 /a/8?q=2", "/a/7?q=2", (0, 90), POSTMAN),
    ("/A/7?q=1 /a/8?q=2", "/a/7?q=2", (1, 89), POSTMAN),
    ("/a/{{x}} /a/7", "/a/8", (0, 90), POSTMAN),
    ("/a/7?q=1 /a/{{x}}", "/a/8?q=1", (0, 89), POSTMAN),
    ("/a?b={{x}} /a?b=1", "/a?b=1", (1, 110), POSTMAN),
    ("/a?b=1 /a?b={{x}}", "/a?b=1", (0, 110), POSTMAN),
    # Fewer wildcards, in the path and in the query.
    ("/a/{{x}} /{{x}}/{{y}}", "/a/b", (0, 90), POSTMAN),
    ("/a?b=1&c={{y}} /a?b={{x}}&c={{y}}", "/a?b=1&c=2", (0, 109), POSTMAN),
    # More literal characters before the first wildcard.
    ("/a/{{x}} /{{x}}/b", "/a/b", (0, 90), POSTMAN),
    ("/a/b{{x}} /a/{{x}}", "/a/bc", (0, 90), POSTMAN),
    ("/a/{{x}}c /a/{{x}}", "/a/bc", (1, 90), POSTMAN),
    # The newest.
    ("/a/{{x}} /a/:y", "/a/b", (1, 90), POSTMAN),
    ("/a/7 /a/8", "/a/9", (1, 89), POSTMAN),
    ("/a//  /a/", "/a", (1, 105), POSTMAN),
]


def make_typed_examples(targets: str, redacted: Sequence[RedactedPlace] = ()) -> list[Example]:
    """Return examples of GET requests with these targets, with rising ids."""
    return [
        make_example(target, id=f"{number:02d}", literal=False, redacted=redacted)
        for number, target in enumerate(targets.split())
    ]


@pytest.mark.parametrize(("targets", "target", "winner", "settings"), [*PATHS, *QUERIES, *TIES])
def test_winner_and_score(targets: str, target: str, winner: Winner, settings: MatchSettings) -> None:
    """The index and the plain algorithm find the winner of the table."""
    examples, request = make_typed_examples(targets), make_request(target=target)
    decision = compile_index(examples, settings).decide(request)
    found = None if decision.candidate is None else (int(decision.candidate.id), decision.score)
    assert found == winner
    expected = None if winner is None else (f"{winner[0]:02d}", winner[1])
    assert plain_matcher.decide(request, examples, settings) == expected


@pytest.mark.parametrize(
    ("targets", "target", "winner"),
    [
        ("/a?token=R", "/a?token=x", (0, 110)),
        ("/a?token=R&b=1", "/a?token=x&b=2", (0, 90)),
        ("/a?token=R", "/a", (0, 90)),
        ("/a?token=R /a", "/a", (1, 110)),
    ],
)
def test_redacted_query_value(targets: str, target: str, winner: Winner) -> None:
    """A redacted value equals any value."""
    decision = compile_index(make_typed_examples(targets, [RedactedPlace(Part.QUERY, "token")])).decide(
        make_request(target=target)
    )
    assert decision.candidate is not None
    assert (int(decision.candidate.id), decision.score) == winner


@pytest.mark.parametrize("target", ["/a/{{x}}", "/a/:x"])
def test_recorded_text_is_literal(target: str) -> None:
    """Braces and colons in a recorded request are text, not wildcards."""
    assert compile_index([make_example(target, literal=True)]).decide(make_request(target="/a/b")).candidate is None


@pytest.mark.parametrize(
    ("methods", "winner", "as_get"),
    [
        (["GET", "HEAD"], "1", False),
        (["HEAD", "GET"], "0", False),
        (["GET"], "0", True),
        (["POST"], None, False),
    ],
)
def test_head(methods: list[str], winner: str | None, as_get: bool) -> None:
    """HEAD is decided among HEAD and GET examples together, at the same score HEAD first."""
    examples = [make_example(make_request(method, "/a"), id=str(number)) for number, method in enumerate(methods)]
    decision = compile_index(examples).decide(make_request("HEAD", "/a"))
    assert (decision.candidate and decision.candidate.id) == winner
    assert decision.is_head_by_get is as_get


@pytest.mark.parametrize("method", ["POST", "get", "OPTIONS"])
def test_method_must_be_equal(method: str) -> None:
    """Methods are case-sensitive (RFC 9110, section 9.1)."""
    assert compile_index([make_example("/a")]).decide(make_request(method, "/a")).candidate is None


RECORDED = make_request("POST", "/a?b=1", body=b'{"k": 1}', content_type="application/json", origin="http://one.test")


@pytest.mark.parametrize(
    ("method", "target", "body", "kind", "origin", "hit"),
    [
        ("POST", "/a?b=1", b'{"k": 1}', "application/json", "http://one.test", True),
        ("POST", "/%61?b=1", b'{ "k":1.0 }', "application/json; charset=utf-8", "http://one.test:80", True),
        ("PUT", "/a?b=1", b'{"k": 1}', "application/json", "http://one.test", False),
        ("POST", "/a/?b=1", b'{"k": 1}', "application/json", "http://one.test", False),
        ("POST", "/A?b=1", b'{"k": 1}', "application/json", "http://one.test", False),
        ("POST", "/a?b=2", b'{"k": 1}', "application/json", "http://one.test", False),
        ("POST", "/a?B=1", b'{"k": 1}', "application/json", "http://one.test", False),
        ("POST", "/a?b=1", b'{"k": 2}', "application/json", "http://one.test", False),
        ("POST", "/a?b=1", b"", "application/json", "http://one.test", False),
        ("POST", "/a?b=1", b'{"k": 1}', "text/plain", "http://one.test", False),
        ("POST", "/a?b=1", b'{"k": 1}', "application/json", "https://one.test", False),
        ("POST", "/a?b=1", b'{"k": 1}', "application/json", "http://two.test", False),
        ("POST", "/a?b=1", b'{"k": 1}', "application/json", None, False),
    ],
)
def test_replay(method: str, target: str, body: bytes, kind: str, origin: str | None, hit: bool) -> None:
    """Strict settings accept only the recorded request, in its normal forms."""
    request = make_request(method, target, body=body, content_type=kind, origin=origin)
    assert (compile_index([make_example(RECORDED)], STRICT).decide(request).candidate is not None) is hit


def test_replay_ignores_ids_and_wildcards() -> None:
    """Strict settings accept neither another id nor a wildcard."""
    index = compile_index([make_example("/a/7", literal=False), make_example("/b/{{x}}", literal=False)], STRICT)
    assert index.decide(make_request(target="/a/8")).candidate is None
    assert index.decide(make_request(target="/b/8")).candidate is None


def test_sequence_is_one_candidate() -> None:
    """A sequence is one candidate with the newest id; its examples are in recorded order."""
    examples = [make_example("/a", id=id, sequence="s") for id in ("3", "1", "2")]
    index = compile_index([*examples, make_example("/a", id="0")])
    candidate = index.decide(make_request(target="/a")).candidate
    assert candidate is not None
    assert [example.id for example in candidate.examples] == ["1", "2", "3"]
    assert len(index) == len(index.candidates) == 2


def test_load_body_reads_references() -> None:
    """`load_body` is needed only if bodies are compared."""
    example = make_example(make_request("POST", "/a", body=BodyRef("ab", 5)))
    request = make_request("POST", "/a", body=b"hello")
    assert compile_index([example]).decide(request).candidate is not None
    assert compile_index([example], STRICT, load_body=lambda _: b"hello").decide(request).candidate is not None
    with pytest.raises(TypeError, match="load_body"):
        compile_index([example], STRICT)


def test_unusable_example_is_left_out_and_listed() -> None:
    """An unusable example is listed with its reason, and the others still answer."""

    def load_body(body: Body) -> bytes:
        if isinstance(body, BodyRef):
            raise NotFound("no body ab")
        return body

    bad = make_example(make_request(body=BodyRef("ab", 5)), id="2")
    index = compile_index([make_example(id="1"), bad], STRICT, load_body=load_body)
    assert [(unusable.example, unusable.reason) for unusable in index.unusable] == [(bad, "no body ab")]
    assert index.decide(make_request()).candidate is not None


def test_example_whose_secrets_cannot_be_found_is_unusable() -> None:
    """An example with an invalid redacted place is unusable, not silently never equal."""
    index = compile_index([make_example(redacted=[RedactedPlace(Part.JSON, "user.pin")])], STRICT)
    assert [unusable.reason for unusable in index.unusable] == [
        "expected a JSON path like $.user.token, got 'user.pin'"
    ]


def test_empty_index_misses() -> None:
    """An index without examples decides a miss without near misses."""
    decision = compile_index([]).decide(make_request())
    assert (decision.candidate, decision.candidate_count, decision.find_near_misses()) == (None, 0, ())


def count_compared(
    monkeypatch: pytest.MonkeyPatch, examples: list[Example], request: Request, settings: MatchSettings
) -> int:
    """Return how many candidates are compared in one decision."""
    index, fit, seen = compile_index(examples, settings), Candidate.compute_fit, []

    def compute_and_count(self: Candidate, request: NormalRequest) -> QueryFit | None:
        seen.append(self)
        return fit(self, request)

    with monkeypatch.context() as patched:
        patched.setattr(Candidate, "compute_fit", compute_and_count)
        index.decide(request)
    return len(seen)


@pytest.mark.parametrize("settings", [POSTMAN, STRICT])
@pytest.mark.parametrize("target", ["/a/{}", "/a?page={}", "/{}/orders/{{{{x}}}}"])
def test_decision_does_not_grow(monkeypatch: pytest.MonkeyPatch, target: str, settings: MatchSettings) -> None:
    """Thousands of examples, on many paths or on one, are decided like ten."""
    examples = [make_example(target.format(number), id=f"{number:04d}", literal=False) for number in range(3000)]
    request = make_request(target=target.format(1234).replace("{{x}}", "7"))
    assert count_compared(monkeypatch, examples, request, settings) <= 2


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/a/profile?page={}", "/a/profle?page=1234"),
        ("/a/{}", "/a/9999"),
        ("/a/1?page={}", "/a/2?page=1234"),
    ],
)
def test_decision_by_ids_or_distance_does_not_grow(monkeypatch: pytest.MonkeyPatch, target: str, asked: str) -> None:
    """Also where every second example was recorded, so that ids and distance do not find it."""
    examples = [make_example(target.format(n), id=f"{n:04d}", literal=n % 2 == 1) for n in range(3000)]
    assert count_compared(monkeypatch, examples, make_request(target=asked), POSTMAN) <= 8
    decision = compile_index(examples).decide(make_request(target=asked))
    assert decision.candidate is not None
    assert not decision.candidate.example.literal


def test_changed_index_keeps_derived_look_ups() -> None:
    """A changed index keeps the look-ups that requests have caused."""
    before = compile_index([make_example("/a", id="1"), make_example("/b", id="2")])
    before.decide(make_request(headers=[("x-mock-match-request-headers", "x-team")]))
    after = before.apply_changes(["1"], [make_example("/c", id="3")])
    assert (before.header_list_count, after.header_list_count) == (1, 1)
    assert after.decide(make_request(target="/a", headers=[("x-mock-match-request-headers", "x-team")])).match is None
    assert [candidate.id for candidate in after.candidates] == ["3", "2"]


def test_changed_index_compiles_as_before() -> None:
    """A change is compiled with the variables and bodies of the original index."""
    before = compile_index([], STRICT, load_body=lambda _: b"hello", variables={"path": "a"})
    after = before.apply_changes(
        (), [make_example(make_request("POST", "/{{path}}", body=BodyRef("ab", 5)), literal=False)]
    )
    assert after.decide(make_request("POST", "/a", body=b"hello")).candidate is not None


def test_changed_items_without_an_example() -> None:
    """Request items without an example stay unless a change gives others."""
    index = compile_index([], items=[BareItem("GET", "/a", "A")])
    request = make_request(target="/a")
    assert index.apply_changes((), [make_example("/b")]).decide(request).bare_item == "A"
    assert index.apply_changes((), (), [BareItem("GET", "/a", "B")]).decide(request).bare_item == "B"
    assert index.apply_changes((), (), []).decide(request).bare_item is None

"""Properties of ties and of eligible answers: many examples of few URLs differ in body, headers, range and status."""

from __future__ import annotations

from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import plain_matcher
from tests.factories.messages import make_example, make_request
from tests.proofs import choose
from understudy.matcher.explanation.rendering import as_json, as_text
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup import candidate_groups, ties
from understudy.matcher.replay_keys import compute_request_key
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.values import replace

TARGETS = st.sampled_from(["/a", "/a", "/a", "/A", "/a/", "/{{x}}", "/a?p=1&p=2", "/a?p=2&p=1", "/a?p=3", "/a?P=1&p=2"])
BODIES = st.sampled_from(
    [
        ("", None),
        ('{"jsonrpc": "2.0", "id": 1, "method": "add"}', "application/json"),
        ('{"jsonrpc": "2.0", "id": 2, "method": "add"}', "application/json"),
        ('{"jsonrpc": "2.0", "id": 2, "method": "sub", "params": [1]}', "application/json"),
        ('{"k": 1}', "application/json"),
        ('{"k": "{{x}}"}', "application/json"),
        ('{"k": 2, "t": "{{y}}"}', "application/json"),
        ("Action=List&n=1", "application/x-www-form-urlencoded"),
        ("Action=List&n=2", "application/x-www-form-urlencoded"),
        ("Action=Drop", "application/x-www-form-urlencoded"),
        ("n={{x}}", "application/x-www-form-urlencoded"),
    ]
)
FIELDS = st.lists(
    st.sampled_from(
        [
            ("Accept", "text/csv"),
            ("Accept", "application/json"),
            ("Accept-Language", "de"),
            ("X-Tenant", "a"),
            ("X-Tenant", "b"),
            ("X-Region", "eu"),
            ("X-Zone", "1"),
            ("X-Amz-Target", "Db.Get"),
            ("If-None-Match", '"1"'),
            ("If-None-Match", '"2"'),
            ("Range", "bytes=0-3"),
            ("Range", "bytes=4-7"),
            ("Range", "bytes=5-6"),
            ("Range", "bytes=-2"),
            ("Range", "bytes=0-"),
            ("If-Range", '"1"'),
        ]
    ),
    max_size=3,
    unique_by=lambda field: field[0],
)
VARY = st.lists(st.sampled_from(["X-Tenant", "x-region, X-Zone", "Accept, Origin", "*"]), max_size=2)
WHOLE = b"01234567"
PARTS = st.sampled_from([("bytes 0-3/8", 0, 4), ("bytes 4-7/8", 4, 8), ("bytes 2-7/8", 2, 8), ("bytes 0-7/8", 0, 8)])
METHODS = st.sampled_from(["GET", "GET", "POST", "HEAD"])
REQUESTS = st.builds(
    lambda method, target, body, fields: make_request(
        method, target, body=body[0].encode(), content_type=body[1], headers=fields
    ),
    METHODS,
    TARGETS,
    BODIES,
    FIELDS,
)
SETTINGS = st.one_of(
    st.sampled_from([POSTMAN, POSTMAN, STRICT]),
    st.builds(
        MatchSettings,
        prefer_body=st.booleans(),
        prefer_headers=st.booleans(),
        preferred_headers=st.sampled_from([frozenset[str](), frozenset({"X-Zone"}), frozenset({"accept"})]),
        ignore_headers=st.sampled_from([frozenset[str](), frozenset({"Accept"})]),
        query=st.sampled_from(QueryRule),
        body=st.booleans(),
        eligibility=st.booleans(),
    ),
)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Draw a response of any status that may belong to one request alone."""
    fields = [("Vary", value) for value in draw(VARY)] + [("ETag", draw(st.sampled_from(['"1"', '"2"'])))]
    status = draw(st.sampled_from([200, 200, 206, 206, 304, 412, 416]))
    if status != 206:
        return Response(status, Headers.of(fields), WHOLE)
    content_range, first, last = draw(PARTS)
    return Response(status, Headers.of([*fields, ("Content-Range", content_range)]), WHOLE[first:last])


@st.composite
def example_lists(draw: st.DrawFn) -> list[Example]:
    """Draw many examples of few URLs."""
    redacted = st.sampled_from([frozenset[RedactedPlace](), frozenset({RedactedPlace(Part.HEADER, "x-tenant")})])
    return [
        make_example(
            draw(REQUESTS),
            id=f"{number:026d}",
            response=draw(responses()),
            literal=draw(st.booleans()),
            redacted=draw(redacted),
        )
        for number in range(draw(st.integers(0, 24)))
    ]


@settings(max_examples=choose(1000, 80), deadline=None)
@given(REQUESTS, example_lists(), SETTINGS, st.sampled_from([0, 8]), st.sampled_from([1, 8]))
def test_look_ups_prefer_as_a_full_scan_does(
    request: Request, examples: list[Example], chosen: MatchSettings, group_size: int, few: int
) -> None:
    """Of examples that tie, look-ups find the same one as comparing each with the request."""
    small, tied = (
        mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", group_size),
        mock.patch.object(ties, "FEW", few),
    )
    with small, tied:
        decision = compile_index(examples, chosen).decide(request)
        found = None if decision.candidate is None else (decision.candidate.id, decision.score)
        assert found == plain_matcher.decide(request, examples, chosen)
        assert as_text(decision)
        assert as_json(decision)


def summarize(index: Index, request: Request) -> tuple[object, ...]:
    """Return what an index decides."""
    decision = index.decide(request)
    match = decision.match
    return (match.candidate.id, *match.order, match.body_differs) if match else ()


@settings(max_examples=choose(300, 40), deadline=None)
@given(example_lists(), example_lists(), REQUESTS, SETTINGS)
def test_a_changed_index_prefers_as_a_new_one(
    before: list[Example], after: list[Example], request: Request, chosen: MatchSettings
) -> None:
    """An index that was changed, after a decision, decides as one that is compiled from what is left."""
    index = compile_index(before, chosen)
    index.decide(request)
    changed = index.apply_changes([one.id for one in before], after)
    assert summarize(changed, request) == summarize(compile_index(after, chosen), request)


TENANTS = frozenset({"x-tenant"})


@st.composite
def recordings(draw: st.DrawFn) -> list[Example]:
    """Draw recorded examples of few URLs, which vary by one header, without the ids of JSON-RPC."""
    recorded = draw(st.lists(st.tuples(REQUESTS, responses()), max_size=16))
    return [
        make_example(
            request, id=f"{number:026d}", response=replace(response, headers=_vary_by_tenant(response.headers))
        )
        for number, (request, response) in enumerate(recorded)
        if isinstance(request.body, bytes) and b"jsonrpc" not in request.body and request.method != "HEAD"
    ]


def _vary_by_tenant(headers: Headers) -> Headers:
    return Headers((*headers.drop(("vary",)).fields, (b"Vary", b"X-Tenant")))


def key_of(example: Example) -> str:
    """Return the key of its request."""
    assert isinstance(example.request.body, bytes)
    return compute_request_key(example.request, example.request.body, TENANTS)


@settings(max_examples=choose(600, 60), deadline=None)
@given(recordings(), st.sampled_from([POSTMAN, STRICT]), st.sampled_from([0, 8]))
def test_a_recorded_request_gets_an_answer_to_it(
    examples: list[Example], chosen: MatchSettings, group_size: int
) -> None:
    """Among others of its URL that differ in body, negotiation, range or preconditions, each gets its own answers."""
    with mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", group_size):
        index = compile_index(examples, chosen)
        for example in examples:
            decision = index.decide(example.request)
            assert decision.candidate is not None
            assert key_of(decision.candidate.example) == key_of(example)


def test_one_request_has_one_key_and_what_negotiates_is_another() -> None:
    """Accept, what a Vary names, ranges and preconditions are parts of a request; others are not."""
    plain, ok = make_request(headers={"User-Agent": "a"}), frozenset({"x-tenant"})
    same = make_request(headers={"User-Agent": "b", "X-Other": "1"})
    assert compute_request_key(plain, b"", ok) == compute_request_key(same, b"", ok)
    for field in ("Accept", "Accept-Language", "X-Tenant", "Range", "If-Range", "If-None-Match", "If-Match"):
        other = make_request(headers={"User-Agent": "a", field: "1"})
        assert compute_request_key(plain, b"", ok) != compute_request_key(other, b"", ok), field

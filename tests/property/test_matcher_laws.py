"""Properties of the matcher: the index agrees with the plain algorithm, and irrelevant differences do not count."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from random import Random
from typing import Any
from unittest import mock

from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import plain_matcher
from tests.factories.messages import make_example, make_request, make_response
from tests.proofs import choose
from understudy.matcher.body_forms.canonical import canonicalize
from understudy.matcher.body_forms.json_forms import encode_value, parse_json, parse_json_exact
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.near_misses import UNEXPLAINED
from understudy.matcher.explanation.rendering import as_json, as_text, summarize_nearest
from understudy.matcher.index import compile_index
from understudy.matcher.lookup import candidate_groups, ties
from understudy.matcher.replay_keys import compute_request_key
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers, Request
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

METHODS = st.sampled_from(["GET", "HEAD", "POST"])
# Few words, near each other, so that examples and requests meet on every line of the table.
WORDS = rb"a A b %61 7 42 cus_9s6XKz .. %2F {{x}} :id v{{n}} v2 V2.json {{n}}.json {{a}}{{b}} %C3%89"
ALIKE = rb"profile PROFILES profiles profyle prof%2fle"
SEGMENTS = st.sampled_from([*WORDS.split(), *ALIKE.split(), b"", b"\xc3\xa9", b"\xff"])
PATHS = st.builds(
    lambda segments, slash: b"/" + b"/".join(segments) + slash,
    st.lists(SEGMENTS, max_size=3),
    st.sampled_from([b"", b"/", b"//"]),
)
PAIRS = st.sampled_from(
    [
        b"p=1",
        b"p=2",
        b"P=1",
        b"p",
        b"q=a+b",
        b"q=A%20b",
        b"q={{x}}",
        b"q=a{{x}}",
        b"q={{x}}B",
        b"p={{y}}",
        b"p=:y",
        b"",
        b"r=%z",
    ]
)
QUERIES = st.lists(PAIRS, max_size=4).map(b"&".join)
TARGETS = st.builds(lambda path, query: path + b"?" + query if query else path, PATHS, QUERIES)
BODIES = st.sampled_from(
    [
        b"",
        b'{"k": 1, "t": 2}',
        b'{"t": 3, "k": 1.0}',
        b'{"t": "{{x}}", "k": 1}',
        b'{"k": 1}',
        b"t=1&k=1",
        b"k=1&t=2",
        b"k={{x}}&k=1",
        b"k=1&k=2",
        b'{"t": "a{{x}}", "k": 1}',
        b'{"t": "ab", "k": 1}',
        b"t=a{{x}}&k=1",
        b"k=1&t=ab",
        b"<a><t>{{x}}</t></a>",
        b"<a> <t>1</t></a>",
        b"\xff",
    ]
)
TYPES = st.sampled_from(
    [
        None,
        "application/json",
        "text/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/xml",
        "application/octet-stream",
    ]
)
ORIGINS = st.sampled_from([None, "http://one.test", "https://one.test", "http://One.test.:80"])
FIELDS = st.lists(
    st.sampled_from(
        [
            ("X-Team", "red"),
            ("x-team", "Red"),
            ("X-Team", "blue"),
            ("X-Team", "{{t}}"),
            ("X-Team", "R{{t}}"),
            ("X-Day", "1"),
        ]
    ),
    max_size=2,
)
SELECTORS = st.lists(
    st.sampled_from(
        [
            ("x-mock-response-code", "200"),
            ("X-Mock-Response-Code", "500"),
            ("x-mock-response-id", "03"),
            ("x-mock-response-id", "12-04"),
            ("x-mock-response-name", "Name 1"),
            ("x-mock-match-request-headers", "X-Team"),
            ("x-mock-match-request-headers", "x-day, x-mock-nothing,x-team"),
            ("x-mock-match-request-headers", ""),
            ("x-mock-match-request-body", "true"),
            ("x-mock-match-request-body", "false"),
            ("x-mock-response-code", "soon"),
            ("x-mock-response-delay", "5"),
        ]
    ),
    max_size=2,
)


def requests(fields: st.SearchStrategy[list[tuple[str, str]]]) -> st.SearchStrategy[Request]:
    """Return a strategy for similar requests with these headers."""
    return st.builds(
        lambda method, target, body, kind, origin, headers: make_request(
            method, target, body=body, content_type=kind, origin=origin, headers=headers
        ),
        METHODS,
        TARGETS,
        BODIES,
        TYPES,
        ORIGINS,
        fields,
    )


REQUESTS = requests(FIELDS)
ASKED = requests(st.builds(lambda fields, chosen: fields + chosen, FIELDS, SELECTORS))
REDACTED = st.frozensets(
    st.sampled_from(
        [
            RedactedPlace(Part.QUERY, "p"),
            RedactedPlace(Part.JSON, "$.t"),
            RedactedPlace(Part.FORM, "t"),
            RedactedPlace(Part.HEADER, "x-team"),
        ]
    ),
    max_size=2,
)
SETTINGS = st.one_of(
    st.sampled_from([POSTMAN, STRICT]),
    st.builds(
        MatchSettings,
        wildcards=st.booleans(),
        ids=st.sampled_from([None, None, True, False]),
        distance=st.sampled_from([None, None, True, False]),
        query=st.sampled_from(QueryRule),
        ignore_query=st.sampled_from([frozenset[str](), frozenset({"p"})]),
        headers=st.sampled_from([frozenset[str](), frozenset({"X-Team"}), frozenset({"x-day", "X-Team", "x-api-key"})]),
        ignore_headers=st.sampled_from([frozenset[str](), frozenset({"X-Day"})]),
        body=st.booleans(),
        subset=st.booleans(),
        ignore_body=st.sampled_from([frozenset[str](), frozenset({"$.t"})]),
        host=st.booleans(),
        exact_path=st.booleans(),
        selectors=st.booleans(),
    ),
)
# What a person edited of a request that was recorded: nothing, some parts, or all, as in one that was typed in.
EDITS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"literal": True}),
    st.builds(
        lambda unedited: {"literal": False, "unedited": unedited},
        st.frozensets(st.sampled_from(["path", "query", "body", "header x-team", "header x-day"])),
    ),
)
ANY_TARGET = st.binary(max_size=40).map(lambda raw: b"/" + raw)
ANY_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Content-Type", b"content-encoding", b"X-Mock-Response-Name", b"x-mock-match-request-headers"]
        ),
        st.binary(max_size=20),
    ),
    max_size=2,
).map(lambda fields: Headers(tuple(fields)))
ANY_REQUESTS = st.builds(Request, st.text(max_size=5), st.binary(max_size=40), ANY_HEADERS, st.binary(max_size=80))


@st.composite
def example_lists(draw: st.DrawFn, max_size: int = 14) -> list[Example]:
    """Draw examples with ascending ids; some are recorded, some typed in, some in sequences."""
    requests = draw(st.lists(REQUESTS, max_size=max_size))
    return [
        make_example(
            request,
            id=f"{number:02d}" if draw(st.booleans()) else f"{number:026d}",
            name=draw(st.sampled_from(["Name 1", "Name 2"])),
            response=make_response(draw(st.sampled_from([200, 500]))),
            **draw(EDITS),
            redacted=draw(REDACTED),
            sequence=draw(st.sampled_from([None, None, None, "s", "t"])),
        )
        for number, request in enumerate(requests)
    ]


def outcome(decision: Decision) -> tuple[str, int] | None:
    """Return the winner and the score, in the form of the plain algorithm."""
    if decision.candidate is None or decision.score is None:
        return None
    return decision.candidate.id, decision.score


@settings(max_examples=choose(600, 60))
@given(ASKED, example_lists(), SETTINGS, st.sampled_from([0, 8]))
def test_the_index_decides_as_a_full_scan_does(
    request: Request, examples: list[Example], chosen: MatchSettings, few: int
) -> None:
    """Look-ups find the same winner with the same score as scoring every example."""
    with mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", few), mock.patch.object(ties, "FEW", few):
        decision = compile_index(examples, chosen).decide(request)
    assert outcome(decision) == plain_matcher.decide(request, examples, chosen)


def key_paths(segments: list[str]) -> st.SearchStrategy[str]:
    """Return a strategy for paths of such segments, with and without slashes at the end."""
    ends = st.sampled_from(["", "", "/", "//"])
    return st.builds(
        lambda some, end: "/" + "/".join(some) + end, st.lists(st.sampled_from(segments), max_size=3), ends
    )


KEYS = ["R-1", "botR-1", "R-1.R-1x", "BOT7", "bot7", "a", "A"]
HIDDEN_KEY = (RedactedPlace(Part.PATH, "R-1"),)
BY_REST = MatchSettings(ids=False, distance=False)


@settings(max_examples=choose(600, 60))
@given(
    key_paths(KEYS),
    st.lists(st.tuples(key_paths([*KEYS, "{{x}}", "v{{x}}"]), st.booleans(), st.booleans()), max_size=14),
    st.sampled_from([BY_REST, replace(BY_REST, wildcards=False), MatchSettings(exact_path=True), STRICT]),
    st.sampled_from([0, 8]),
)
def test_redacted_texts_of_paths_match_in_the_index_as_in_a_full_scan(
    path: str, given_paths: list[tuple[str, bool, bool]], chosen: MatchSettings, few: int
) -> None:
    """Whatever is redacted in the paths of the examples, look-ups find the winner of the scan, with its score."""
    examples = [
        make_example(
            make_request(target=mine), id=f"{number:02d}", literal=literal, redacted=HIDDEN_KEY if hides else ()
        )
        for number, (mine, literal, hides) in enumerate(given_paths)
    ]
    request = make_request(target=path)
    with mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", few):
        index = compile_index([], chosen)
        changed = index.apply_changes((), examples).apply_changes([each.id for each in examples[5:8]], examples[5:8])
        decisions = [each.decide(request) for each in (compile_index(examples, chosen), changed)]
    assert [outcome(each) for each in decisions] == [plain_matcher.decide(request, examples, chosen)] * 2


KINDS = [
    None,
    "application/json",
    "text/plain; charset=latin-1",
    "application/xml",
    "application/graphql",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/x-amz-json-1.1",
    "application/x-ndjson",
    "application/json-seq",
    "image/png",
]
# Bodies that are what some of these say, with and without secrets and what looks like a wildcard.
WRITTEN = st.sampled_from(
    [
        b"",
        b'{"password": "geheim", "a": ["{{x}}", 1e400], "token": null}',
        b'{"query": "{ user(token: 1) { id } }", "variables": {"password": "geheim"}}',
        b"{ a { b } }",
        b"<a> <password>geheim</password> </a>",
        b"<!DOCTYPE a><a/>",
        b"password=geheim&a={{x}}&a=1&a",
        b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\ngeheim\r\n--x--',
        b'--x\r\nContent-Type: application/json\r\n\r\n{"token": "geheim", "a": "b{{x}}"}\r\n--x--',
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n{{x}}\r\n--y--\r\n--x--",
        b'{"a": "b{{x}}c", "password": "geheim"}\n{"a": 1}\n',
        b"password=geheim&a=b{{x}}&a={{y}}",
        b"<a> <b>{{x}} {{y}}</b> </a>",
        b"5;chunk-signature=1\r\n{{x}}\r\n0;chunk-signature=2\r\n\r\n",
        b"{{x}}",
        b"a\r\nb",
        b"[" * 100_000,
    ]
)
CODINGS = st.sampled_from([None, None, "gzip", "broken", "aws-chunked"])
EVERY_SETTING = st.one_of(
    SETTINGS,
    st.builds(
        MatchSettings,
        body=st.just(True),
        subset=st.booleans(),
        wildcards=st.booleans(),
        headers=st.sampled_from([frozenset[str](), frozenset({"Cookie", "Authorization", "X-None", "content-type"})]),
        ignore_body=st.sampled_from([frozenset[str](), frozenset({"$.password"})]),
    ),
)


@st.composite
def recorded_requests(draw: st.DrawFn) -> Request:
    """Draw requests as clients send them: any body and Content-Type or none, with and without credentials."""
    body = draw(st.one_of(WRITTEN, st.binary(max_size=60)))
    coding, kind = draw(CODINGS), draw(st.sampled_from(KINDS))
    fields = [("Content-Encoding", coding)] if coding else []
    fields += [("Authorization", "Bearer geheim"), ("Cookie", "a=1; sid=geheim")] if draw(st.booleans()) else []
    target = draw(st.one_of(ANY_TARGET, st.just(b"/a/{{x}}/7?token=geheim&q={{y}}")))
    sent = gzip.compress(body, mtime=0) if coding == "gzip" else body
    return make_request("POST", target, headers=fields, body=sent, content_type=kind)


@settings(max_examples=choose(500, 50))
@given(recorded_requests(), EVERY_SETTING, st.booleans(), st.booleans())
def test_example_matches_its_own_request(request: Request, chosen: MatchSettings, literal: bool, redact: bool) -> None:
    """An example matches the request it was recorded from, with any setting, redacted or not."""
    assert isinstance(request.body, bytes)
    kept, redacted = (
        BUILT_IN_REDACTOR.redact_request(request, request.body) if redact else (request, frozenset[RedactedPlace]())
    )
    decision = compile_index([make_example(kept, literal=literal, redacted=redacted)], chosen).decide(request)
    assert decision.candidate is not None
    assert "geheim" not in as_text(decision) or not redact


@settings(max_examples=choose(100, 20))
@given(ANY_TARGET, st.binary(max_size=60), ANY_HEADERS, st.booleans())
@case(b"/?a=%&b=%zz", b"{", Headers(((b"content-type", b"application/json"),)), True)
@case(b"/", b"x", Headers(((b"content-encoding", b"gzip"),)), True)
def test_any_bytes_match_themselves(target: bytes, body: bytes, headers: Headers, literal: bool) -> None:
    """A replay matches a request of any bytes with its own recording; selector headers have no effect."""
    request = Request("GET", target, headers, body)
    assert compile_index([make_example(request, literal=literal)], STRICT).decide(request).candidate is not None


@settings(max_examples=choose(150, 20))
@given(ASKED, example_lists(), SETTINGS)
def test_case_of_header_names_does_not_count(request: Request, examples: list[Example], chosen: MatchSettings) -> None:
    """The case of names in requests and in settings does not change a decision."""
    shouted = Headers(tuple((name.swapcase(), value) for name, value in request.headers.fields))
    loud = replace(chosen, headers=frozenset(name.swapcase() for name in chosen.headers))
    assert outcome(compile_index(examples, chosen).decide(request)) == outcome(
        compile_index(examples, loud).decide(replace(request, headers=shouted))
    )


@settings(max_examples=choose(150, 20))
@given(ANY_REQUESTS, example_lists(max_size=4), SETTINGS)
def test_any_bytes_give_a_decision(request: Request, examples: list[Example], chosen: MatchSettings) -> None:
    """No request raises an error, neither in the decision nor in the explanation."""
    decision = compile_index(examples, chosen).decide(request)
    assert as_text(decision).encode()
    assert as_json(decision)
    assert (
        summarize_nearest(decision).encode() or decision.candidate or not decision.candidate_count or decision.problem
    )
    assert len(compute_request_key(request, b"", frozenset())) == 64


@settings(max_examples=choose(200, 20))
@given(ANY_REQUESTS, st.lists(ANY_REQUESTS, max_size=4), SETTINGS)
def test_any_bytes_compile(request: Request, recorded: list[Request], chosen: MatchSettings) -> None:
    """No recorded request raises an error, neither when the index is compiled nor in an explanation that names it."""
    examples = [make_example(one, id=str(number), literal=False) for number, one in enumerate(recorded)]
    assert as_text(compile_index(examples, chosen).decide(request)).encode()


@settings(max_examples=choose(150, 20))
@given(ASKED, example_lists(), SETTINGS, st.randoms(use_true_random=False))
def test_order_of_examples_does_not_count(
    request: Request, examples: list[Example], chosen: MatchSettings, chance: Random
) -> None:
    """The order of the input does not count; only ids order examples."""
    shuffled = list(examples)
    chance.shuffle(shuffled)
    assert outcome(compile_index(examples, chosen).decide(request)) == outcome(
        compile_index(shuffled, chosen).decide(request)
    )


@settings(max_examples=choose(150, 20))
@given(REQUESTS, example_lists(), SETTINGS)
def test_order_of_query_pairs_does_not_count(request: Request, examples: list[Example], chosen: MatchSettings) -> None:
    """The pairs of a request can come in any order, but for the values of one name."""
    pieces = [piece.partition(b"=") for piece in request.query.split(b"&")]
    backwards = b"&".join(b"".join(piece) for piece in sorted(pieces, key=itemgetter(0), reverse=True))
    other = replace(request, target=request.path + b"?" + backwards)
    index = compile_index(examples, chosen)
    assert outcome(index.decide(request)) == outcome(index.decide(other))
    assert compute_request_key(request, b"", frozenset()) == compute_request_key(other, b"", frozenset())


@settings(max_examples=choose(150, 20))
@given(REQUESTS, example_lists(max_size=6), REQUESTS, st.booleans(), SETTINGS)
def test_worse_candidate_never_changes_the_winner(
    request: Request, examples: list[Example], extra: Request, literal: bool, chosen: MatchSettings
) -> None:
    """An example that scores less by itself, or does not match, changes nothing."""
    added = make_example(extra, id="00-", literal=literal)
    before = compile_index(examples, chosen).decide(request)
    alone = compile_index([added], chosen).decide(request)
    after = compile_index([*examples, added], chosen).decide(request)
    if (alone.score or 0) < (before.score or 0):
        assert outcome(after) == outcome(before)


@settings(max_examples=choose(150, 20))
@given(ASKED, example_lists(max_size=6), SETTINGS)
def test_a_miss_means_that_every_example_was_excluded(
    request: Request, examples: list[Example], chosen: MatchSettings
) -> None:
    """On a miss each near miss names at least one part; on a hit near misses do not exist."""
    decision = compile_index(examples, chosen).decide(request)
    misses = decision.find_near_misses()
    assert len(misses) == (0 if decision.candidate or decision.problem else min(3, decision.candidate_count))
    assert all(miss.differences and UNEXPLAINED not in miss.differences for miss in misses)


@settings(max_examples=choose(150, 20))
@given(REQUESTS, example_lists(max_size=8), SETTINGS)
def test_runners_up_come_in_the_order_of_decisions(
    request: Request, examples: list[Example], chosen: MatchSettings
) -> None:
    """The first runner-up wins if the winner is removed."""
    decision = compile_index(examples, chosen).decide(request)
    if decision.candidate is None:
        return
    gone = {example.id for example in decision.candidate.examples}
    runners_up = decision.find_runners_up()
    rest = [example for example in examples if example.id not in gone]
    expected = plain_matcher.find_best(request, rest, chosen)
    assert (runners_up[0].candidate.id if runners_up else None) == (expected[-1] if expected else None)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def parse_exactly(text: bytes) -> object:
    """Parse a JSON text without losing a digit of its numbers."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@settings(max_examples=choose(150, 20))
@given(JSON_VALUES)
def test_json_layout_does_not_count(value: object) -> None:
    """White space and escapes do not count; the canonical text has the same value and is its own canonical form."""
    kind = "application/json"
    dense = canonicalize(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"), kind
    )
    assert dense == canonicalize(json.dumps(value, indent=3).encode(), kind)
    assert dense == canonicalize(dense.removeprefix(b"json:"), kind)
    assert parse_exactly(dense.removeprefix(b"json:")) == parse_exactly(json.dumps(value).encode())


NUMBER_TEXTS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
STRING_TEXTS = st.one_of(
    st.builds(lambda text, ascii_only: json.dumps(text, ensure_ascii=ascii_only), st.text(max_size=4), st.booleans()),
    st.sampled_from(
        [r'"\ud800"', r'"\udc00\ud800"', r'"\ud83d\ude00"', r'"\/\b"', '"\x7f"', '"\t"', r'"\u0000"', '"a"', '"b"']
    ),
)
JSON_TEXTS = st.recursive(
    NUMBER_TEXTS | STRING_TEXTS | st.sampled_from(["true", "null", "NaN", "-Infinity", "01", "1.", ""]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]"),
        st.lists(st.tuples(STRING_TEXTS, inner), max_size=3).map(
            lambda members: "{" + " ,".join(f"{name}:\n{value}" for name, value in members) + "}"
        ),
    ),
    max_leaves=8,
)
JSON_BYTES = st.one_of(
    st.builds(lambda text, code: text.encode(code, "surrogatepass"), JSON_TEXTS, st.sampled_from(["utf-8", "utf-16"])),
    st.builds(  # nearly JSON
        lambda text, place, byte: (raw := text.encode("utf-8", "surrogatepass"))[:place] + byte + raw[place + 1 :],
        JSON_TEXTS,
        st.integers(0, 20),
        st.binary(max_size=1),
    ),
    st.binary(max_size=8),
)


def canonicalize_or_refuse(read: Callable[[bytes], object], body: bytes) -> bytes | None:
    """Return the canonical text from this JSON parser; None if the parser refuses the body."""
    try:
        return encode_value(read(body))
    except (ValueError, RecursionError):
        return None


@settings(max_examples=choose(1000, 100))
@given(JSON_BYTES)
@case(b"1" + b"0" * 30)
@case(b"0." + b"0" * 30 + b"1")
@case(b"9" * 5000)
@case(b"1e" + b"9" * 5000)
@case(b"\xef\xbb\xbf-0.0")
def test_the_fast_and_the_exact_json_parser_agree(body: bytes) -> None:
    """For any bytes both give the same canonical text, or both refuse."""
    assert canonicalize_or_refuse(parse_json, body) == canonicalize_or_refuse(parse_json_exact, body)

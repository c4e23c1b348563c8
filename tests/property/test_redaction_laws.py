"""Properties of redaction: it removes all secrets, is idempotent, and changes nothing else."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.replay_keys import compute_request_key
from understudy.matcher.settings import STRICT
from understudy.store.model.messages import Chunk, Headers, Request, Response
from understudy.store.model.values import replace
from understudy.store.promotion import copy_for_comparing
from understudy.store.redaction.placeholders import Placeholders, mask_secret
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules

SECRET = "gEhEim-0123456789"
OTHER = "aNdErs-9876543210"
RULES = Rules.of(["x-session"], ["sid"], ["$..ssn", "$.a[*].b"], ["tok_[a-z]{4}"])
REDACTORS = st.sampled_from(["logs", "store"]).map(
    lambda kind: Redactor(RULES, mask_secret) if kind == "logs" else Redactor(RULES, Placeholders(b"k"), remembers=True)
)
WORDS = st.sampled_from(["a", "b", "page", "ü", "x y", "tok_ab", ""])
NUMBERS = st.integers() | st.just("1")
NAMES = st.sampled_from(["token", "sid", "ssn", "a", "b", "API-Key", "note's"])
HEADER_NAMES = st.sampled_from(["Authorization", "X-Session", "Cookie", "Referer", "Accept"])


def values(secret: str, numbers: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return a strategy for JSON documents with the secret under names of secrets."""
    leaf = WORDS | numbers | st.booleans() | st.none()
    known = st.tuples(st.sampled_from(["token", "ssn"]), st.just(secret)).map(lambda pair: dict([pair]))
    inner = leaf | known
    return st.recursive(inner, lambda each: st.lists(each, max_size=3) | st.dictionaries(NAMES, each, max_size=3))


def documents(secret: str) -> st.SearchStrategy[str]:
    """Return a strategy for XML documents with the secret in elements that have names of secrets."""
    known = st.sampled_from(
        ["<token>{}</token>", "<x:password a='1'> {} </x:password>", "<pin><![CDATA[{}]]></pin>", "<a password='{}'/>"]
    )
    others = st.sampled_from(
        ["<token/>", "text", "<!-- <a> -->", "<![CDATA[<b>]]>", "<a token='1'/>", "<page>2</page>"]
    )
    leaf = known.map(lambda form: form.format(secret)) | others
    inner = st.recursive(
        leaf, lambda each: st.lists(each, max_size=3).map(lambda parts: f"<a:b xmlns:a='u'>{''.join(parts)}</a:b>")
    )
    return inner.map(lambda content: f"<root xmlns:x='v'>{content}</root>")


@st.composite
def requests(draw: st.DrawFn, secret: str = SECRET, numbers: st.SearchStrategy[object] = NUMBERS) -> Request:
    """Draw a request with the secret under names of secrets, in any content coding."""
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(["token", "sid"]), st.just(secret)) | st.tuples(WORDS, WORDS), max_size=3)
    )
    fields = [
        *draw(st.sampled_from([[], [("Authorization", f"Bearer {secret}")], [("Cookie", f"a=b; c={secret}")]])),
        *draw(st.sampled_from([[], [("X-Session", secret)], [("Referer", f"http://x/?token={secret}#a")]])),
    ]
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    kind = draw(st.sampled_from(["json", "form", "xml", "none"]))
    if kind == "xml":
        body = draw(documents(secret)).encode()
        return make_request("POST", f"/?{query}", headers=fields, body=body, content_type="text/xml")
    if kind == "json":
        return make_request(
            "POST", f"/?{query}", headers=fields, body=json.dumps(draw(values(secret, numbers))).encode()
        )
    if kind == "form":
        form = "application/x-www-form-urlencoded"
        return make_request("POST", "/", headers=fields, body=query.encode(), content_type=form)
    return make_request("POST", f"/?{query}", headers=fields)


def body_of(message: Request | Response) -> bytes:
    assert isinstance(message.body, bytes)
    return message.body


@given(requests(), REDACTORS)
def test_no_secret_gets_through(request: Request, redactor: Redactor) -> None:
    redacted, places = redactor.redact_request(request, body_of(request))
    assert SECRET not in repr(redacted)
    assert SECRET not in repr(places)
    assert (redacted == request) is (not places)


@given(requests(), REDACTORS)
def test_redacting_twice_is_redacting_once(request: Request, redactor: Redactor) -> None:
    once, _ = redactor.redact_request(request, body_of(request))
    assert redactor.redact_request(once, body_of(once))[0] == once


@given(requests())
def test_a_redacted_request_matches_the_original(request: Request) -> None:
    """It also matches the same request with another secret, as in a strict replay."""
    kept, places = Redactor(RULES, Placeholders(b"k")).redact_request(request, body_of(request))
    index = compile_index([make_example(kept, redacted=places)], STRICT)
    other = replace(
        request,
        target=request.target.replace(SECRET.encode(), OTHER.encode()),
        body=body_of(request).replace(SECRET.encode(), OTHER.encode()),
    )
    assert index.decide(request).candidate is not None
    assert index.decide(other).candidate is not None


@given(requests())
def test_a_redacted_request_has_the_key_of_the_original(request: Request) -> None:
    """An old store has only the redacted one, and no rules of a project file."""
    redactor = Redactor(RULES, Placeholders(b"k"), remembers=True)
    kept, places = redactor.redact_request(request, body_of(request))
    recorded = copy_for_comparing(request, body_of(request), places, redactor)
    compared = copy_for_comparing(kept, body_of(kept), places)
    assert compute_request_key(*compared, frozenset()) == compute_request_key(*recorded, frozenset())


@given(st.lists(values(SECRET, NUMBERS), min_size=1, max_size=4), st.data())
def test_chunks_of_a_redacted_stream_add_up_to_its_body(events: list[object], data: st.DataObject) -> None:
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    bounds = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=5)))
    sizes = [end - start for start, end in zip([0, *bounds], [*bounds, len(body)], strict=True)]
    chunks = tuple(Chunk(float(number), size) for number, size in enumerate(sizes))
    streamed = Response(200, Headers.of([("Content-Type", "text/event-stream")]), body, chunks=chunks)
    redacted, _ = Redactor(RULES, Placeholders(b"k")).redact_response(streamed, body)
    assert SECRET.encode() not in body_of(redacted)
    assert sum(chunk.size for chunk in redacted.chunks) == len(body_of(redacted))
    assert all(chunk.size for chunk in redacted.chunks)


@given(st.binary(max_size=80), st.binary(max_size=60), REDACTORS)
def test_any_bytes_can_be_redacted(target: bytes, body: bytes, redactor: Redactor) -> None:
    for kind in ("application/json", "text/event-stream", "multipart/form-data; boundary=b", "text/plain"):
        request = Request("GET", target, Headers(((b"content-type", kind.encode()), (b"x-token", body))), body)
        redactor.redact_request(request, body)

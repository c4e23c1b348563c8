"""Properties of response templates: no error, no lost text, no quadratic time."""

from __future__ import annotations

import json
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_request, make_response
from tests.proofs import choose
from understudy.matcher.index import compile_index
from understudy.serving.templates.dynamic_variables import DYNAMIC_VARIABLES
from understudy.serving.templates.parser import TemplateValues, parse_template
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.request_values import REQUEST_VALUES, LiveRequest
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Headers, Request, Response
from understudy.store.model.values import replace

# The pieces that fields are made of, so that most texts hold some, whole and broken.
PIECES = st.sampled_from(
    [
        "{{", "}}", "{", "}", "'", "\\", '"', " ", ".", "[0]", "\r\n", "id", "unknown", "é", "\ud800", "0", "a",
        "{{id}}", "{{unknown}}", "{{$body 'a' 'b'}}", "{{$headers 'a'}}", "{{$guid}}", "{{$randomCity}}",
        *REQUEST_VALUES, "$guid", "$randomInt", "$unknown",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join))
BODIES = st.one_of(
    st.binary(max_size=50),
    TEXTS.map(lambda text: text.encode("utf-8", "replace")),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
PLAIN = st.text().filter(lambda text: not set(text) & set("{}"))
LINES = st.one_of(st.binary(max_size=30), TEXTS.map(lambda text: text.encode("utf-8", "replace"))).map(
    lambda value: value.replace(b"\r", b"").replace(b"\n", b"")
)
HEADERS = st.lists(st.tuples(st.just(b"X-A"), LINES), max_size=2).map(lambda fields: Headers(tuple(fields)))
KINDS = st.sampled_from([None, "application/json", "application/x-www-form-urlencoded", "text/plain"])
REQUESTS = st.builds(
    lambda target, body, kind: make_request("POST", target, body=body, content_type=kind),
    st.binary(max_size=30).map(lambda tail: b"/" + tail),
    BODIES,
    KINDS,
)


def make_values(request: Request, variables: dict[str, str] | None = None) -> TemplateValues:
    return TemplateValues(LiveRequest(request), Random(1), 1_700_000_000.0, variables or {})


def fill_in_text(text: str, values: TemplateValues, *, in_json: bool = False) -> str:
    template = parse_template(text, in_json=in_json)
    return text if template is None else template.fill(values)


def apply_templates(example: Example, request: Request, seed: int) -> Response:
    templates = Templates(compile_templates([example], _as_bytes), {"id": "42"}, RandomSource(lambda: 0.0, seed))
    return templates.apply(example, compile_index([example]).decide(request)).response


def _as_bytes(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def with_templates(response: Response) -> Example:
    return replace(make_example(make_request("POST"), response=response), templates=True)


@given(body=BODIES.filter(lambda body: b"{{" not in body))
def test_body_without_braces_is_the_same_object(body: bytes) -> None:
    """An example without `{{` in its body is not a template, so its response is returned unchanged."""
    example = with_templates(make_response(body=body))
    templates = Templates(compile_templates([example], _as_bytes))
    assert templates.apply(example, compile_index([example]).decide(make_request("POST"))) is example


@given(text=TEXTS, request=REQUESTS)
def test_unknown_names_stay_as_written(text: str, request: Request) -> None:
    """Text with unknown names only is returned unchanged."""
    template = parse_template(text)
    if template is None or not template.names & {*REQUEST_VALUES, *DYNAMIC_VARIABLES, "id"}:
        assert fill_in_text(text, make_values(request)) == text


@given(before=PLAIN, after=PLAIN, value=TEXTS)
def test_values_are_not_templates(before: str, after: str, value: str) -> None:
    """Any value is inserted unchanged, so a request cannot contain a template."""
    assert (
        fill_in_text(f"{before}{{{{id}}}}{after}", make_values(make_request(), {"id": value})) == before + value + after
    )


@given(headers=HEADERS, body=BODIES, kind=KINDS, request=REQUESTS, seed=st.integers())
def test_any_template_answers_any_request(
    headers: Headers, body: bytes, kind: str | None, request: Request, seed: int
) -> None:
    """Any headers, body and request give an answer: the same for the same seed, with correct framing."""
    fields = headers if kind is None else headers.replace("Content-Type", kind)
    example = with_templates(Response(200, fields, body))
    told = apply_templates(example, request, seed)
    assert told == apply_templates(example, request, seed)
    assert len(told.headers) == len(fields)
    assert not any(byte in value for _, value in told.headers.fields for byte in b"\r\n")


@given(text=TEXTS, value=TEXTS)
def test_json_stays_json(text: str, value: str) -> None:
    """A string of a JSON body contains any value completely, whatever text is around it."""
    document = json.dumps([text.replace("{", ""), "{{id}}"])
    told = fill_in_text(document, make_values(make_request(), {"id": value}), in_json=True)
    assert json.loads(told) == [text.replace("{", ""), value]


OPENINGS = choose(100_000, 10_000)


@pytest.mark.parametrize(
    "unit",
    [
        "{{", "{{id}}", "{{unknown}}", "{{$unknown}}", "{{$body '", "{{$body 'a", "{{$body 'a' '", "{{$body ' ' ' ",
        "{{ ", "{{$body", "{{$guid", "'{{$body\\'", "\\{{", '"{{$x}}', "{{$body 'a' 'b'}}", "{{{{}", "{{$headers 'é",
    ],
)  # fmt: skip
def test_nothing_is_quadratic(unit: str) -> None:
    """100,000 opening braces in 10 MB of text, or a tenth of both, take seconds of processor time or a tenth."""
    values = make_values(make_request("POST", body=b'{"a": 1}'), {"id": "42"})
    spaced = unit + "x" * (100 - len(unit))
    began = time.process_time()
    for text in (spaced * OPENINGS, unit * OPENINGS + "x" * 100 * OPENINGS, unit + " " * 100 * OPENINGS):
        template = parse_template(text, in_json=True)
        if template is not None:
            template.fill(values)
    assert time.process_time() - began < OPENINGS / 5_000

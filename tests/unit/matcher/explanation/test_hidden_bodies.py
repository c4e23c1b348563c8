"""Tests that no explanation shows the secret of a body, however the other body is read."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.body_forms.kinds import FORM, JSON, XML
from understudy.matcher.decision import Difference
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.hidden_bodies import MAX_SHOWN_SIZE, hide_secrets
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import MatchSettings

BODY = MatchSettings(body=True)
SECRET = b"sesame-of-a-body"
TOKEN = b"ghp_" + b"a1B2c3D4e5" * 4
MIXED = "multipart/form-data; boundary=x"

BODIES = {
    "JSON": b'{"password": "%s", "n": 2}' % SECRET,
    "JSON of texts": b'{"note": "%s", "n": 2}' % TOKEN,
    "form": b"n=2&password=" + SECRET,
    "XML": b"<a><password>%s</password><n>2</n></a>" % SECRET,
    "attribute": b'<a password="%s"><n>2</n></a>' % SECRET,
    "text": b"it is %s" % TOKEN,
    "call": b'f({"password": "%s"})' % SECRET,
    "lines": b'{"password": "%s"}\n{"n": 2}' % SECRET,
    "part": b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n%s\r\n--x--\r\n' % SECRET,
}
TYPES = (None, FORM, JSON, XML, "text/plain", "text/html", "application/x-ndjson", "application/graphql", MIXED)
EXAMPLES = {
    FORM: b"n=1",
    JSON: b'{"n": 1}',
    XML: b"<a><n>1</n></a>",
    "text/plain": b"n is 1",
    "application/graphql": b"{ n }",
    MIXED: b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--x--\r\n',
}


def explain(mine: bytes, my_type: str | None, theirs: bytes, their_type: str | None) -> tuple[Difference, ...]:
    """Return the differences between an example and a request with these bodies."""
    example = make_example(make_request("POST", body=mine, content_type=my_type), literal=False)
    request = make_request("POST", body=theirs, content_type=their_type)
    return explain_differences(Candidate.of((example,), BODY), NormalRequest(request, BODY, ("POST",)))


def finds_secret(body: bytes, content_type: str | None) -> bool:
    """Return whether redaction finds a secret in this body, as it reads it."""
    return bool(hide_secrets(make_request("POST", body=body, content_type=content_type)).parts)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [(name, each) for name, body in BODIES.items() for each in TYPES if finds_secret(body, each)],
)
@pytest.mark.parametrize("other_type", [*EXAMPLES, None])
def test_no_secret_of_either_body_is_shown(name: str, content_type: str | None, other_type: str | None) -> None:
    """Neither in the texts nor in the names of places, whichever of the two has the secret."""
    one, other = (BODIES[name], content_type), (EXAMPLES.get(other_type or FORM, b""), other_type)
    for found in (explain(*one, *other), explain(*other, *one)):
        assert found
        assert SECRET.decode() not in str(found)
        assert TOKEN.decode() not in str(found)


def test_json_is_no_field_of_a_form() -> None:
    """A form and JSON without Content-Type have no places in common."""
    [found] = explain(b"n=1", FORM, BODIES["JSON"], None)
    assert found.places == ()


@pytest.mark.parametrize("types", [(JSON, JSON), (JSON, None), (None, JSON)])
def test_a_body_that_is_read_as_redaction_reads_it_is_shown(types: tuple[str | None, str | None]) -> None:
    """Only the secret is hidden."""
    [found] = explain(b'{"n": 1, "password": "x"}', types[0], BODIES["JSON"], types[1])
    assert found.actual == '{"n":2,"password":[redacted]}'
    assert found.places == ("$.n",)


def test_a_coded_body_is_searched_without_its_coding() -> None:
    """The places of its secrets are those of what is compared."""
    body = gzip.compress(BODIES["JSON"])
    hidden = hide_secrets(make_request("POST", body=body, content_type=JSON, headers={"Content-Encoding": "gzip"}))
    assert SECRET not in hidden.content
    assert hidden.content.startswith(b'{"password"')


def test_a_long_body_is_not_read() -> None:
    """It is not shown either."""
    assert hide_secrets(make_request("POST", body=b" " * (MAX_SHOWN_SIZE + 1))).content == b""

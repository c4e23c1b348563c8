"""Tests of the compiled bodies of examples."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.canonical import digest_body
from understudy.matcher.body_forms.kinds import Reading, parse_body_type
from understudy.matcher.body_forms.open_places import Mark, Opening
from understudy.matcher.parts.bodies import BodyPattern
from understudy.matcher.settings import MatchSettings
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers

BODY = MatchSettings(body=True)
SUBSET = MatchSettings(body=True, subset=True)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def compile_pattern(body: bytes, kind: str, *redacted: RedactedPlace, settings: MatchSettings = BODY) -> BodyPattern:
    """Return the pattern of an example that was typed in."""
    return BodyPattern.of(body, Headers.of([("Content-Type", kind)]), frozenset(redacted), settings, wildcards=True)


def test_places_are_redacted_wild_and_ignored() -> None:
    """Redacted, wild and ignored places have their marks."""
    settings = MatchSettings(body=True, ignore_body=frozenset({"$.at"}))
    found = compile_pattern(b'{"pin": "R", "a": ["{{x}}"]}', JSON, RedactedPlace(Part.JSON, "$.pin"), settings=settings)
    assert found.places == {
        Opening(Part.JSON, "$.pin", Mark.REDACTED),
        Opening(Part.JSON, "$.a[0]", Mark.ANY),
        Opening(Part.JSON, "$.at", Mark.IGNORED),
    }


def test_a_form_with_wildcards_is_kept() -> None:
    """A form with wildcards keeps its pairs, because a digest cannot compare them."""
    assert compile_pattern(b"a={{x}}", FORM).form is not None
    assert compile_pattern(b"a=1", FORM).form is None


def test_text_has_no_wildcards() -> None:
    """Plain text has no wildcards."""
    assert compile_pattern(b"{{x}}", "text/plain").places == frozenset()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/octet-stream"])
def test_redacted_text_matches_every_text_of_its_pattern(kind: str) -> None:
    """A text redacted by a pattern matches every text of the pattern; the text around it counts."""
    place = RedactedPlace(Part.TEXT, "tok_[a-z]+")
    mine = compile_pattern(b"<a>REDACTED-0123456789ab</a>", kind, place)
    keys = [
        digest_body(text, mine.reading, kind, mine.places).key
        for text in (b"<a>tok_x</a>", b"<a>tok_yy</a>", b"<a>tok</a>")
    ]
    assert [key == mine.key for key in keys] == [True, True, False]


def test_bad_pattern_is_refused() -> None:
    """A pattern that is not a regular expression raises ValueError."""
    with pytest.raises(ValueError, match="regular expressions"):
        compile_pattern(b"x", "text/plain", RedactedPlace(Part.TEXT, "("))


def test_bad_path_is_refused() -> None:
    """A redacted place that is not a JSON path raises ValueError."""
    with pytest.raises(ValueError, match="JSON path"):
        compile_pattern(b"{}", JSON, RedactedPlace(Part.JSON, "pin"))


@pytest.mark.parametrize(("kind", "has"), [(JSON, True), (FORM, True), ("text/plain", False)])
def test_extensible_body(kind: str, has: bool) -> None:
    """Under subset matching, JSON and forms are compared value by value; text is not."""
    assert (compile_pattern(b"1", kind, settings=SUBSET).tree is not None) is has


@pytest.mark.parametrize(
    ("body", "kind", "is_loose"),
    [
        (b'{"a": "{{x}}"}', JSON, False),
        (b'{"a": "b{{x}}"}', JSON, True),
        (b'{"a": "{{x}}{{y}}"}', JSON, True),
        (b"a={{x}}", FORM, False),
        (b"a=b{{x}}", FORM, True),
        (b"<a>{{x}}</a>", "text/xml", True),
        (b"<a>x</a>", "text/xml", False),
        (b'{"a": "{{x}}"}', "application/x-ndjson", True),
        (b"{{x}}", "text/plain", False),
        (b"{{x}}", "image/png", False),
    ],
)
def test_loose_bodies(body: bytes, kind: str, is_loose: bool) -> None:
    """A body is loose if a text in it holds a wildcard that a key cannot leave open."""
    assert compile_pattern(body, kind).is_loose is is_loose


def test_a_body_without_type_has_a_pattern_for_each_reading() -> None:
    """A body without Content-Type is compiled once for each way of reading; others are compiled once."""
    untyped = BodyPattern.of(b"a", Headers(), frozenset(), BODY, wildcards=True)
    assert {each.reading for each in (untyped, *untyped.others)} == set(Reading)
    assert compile_pattern(b"1", JSON).others == ()


@pytest.mark.parametrize(
    ("kind", "other", "fits"),
    [(JSON, "text/json", True), (JSON, None, True), (JSON, FORM, False), (None, FORM, True), (None, None, True)],
)
def test_pattern_for_a_type(kind: str | None, other: str | None, fits: bool) -> None:
    """There is a pattern for requests of the same type, and wherever one side has no type."""
    headers = Headers.of([("Content-Type", kind)] if kind else [])
    found = BodyPattern.of(b"[]", headers, frozenset(), BODY, wildcards=True).select_pattern(parse_body_type(other))
    assert (found is not None) is fits
    assert found is None or found.reading is parse_body_type(kind or other).reading

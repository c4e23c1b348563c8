"""Tests of the compiled bodies of examples."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.open_places import NO_MARKS, Mark, Opening
from understudy.matcher.parts.bodies import BodyPattern, contains_value, parse_comparable
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
        canonical.compute_plain_key(text, kind, mine.places)
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
def test_required_body(kind: str, has: bool) -> None:
    """Under subset matching, JSON and forms have a required body; text has none."""
    assert (compile_pattern(b"1", kind, settings=SUBSET).required is not None) is has


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [
        (b'{"a":1,"b":2}', b'{"a":1}', True),
        (b'{"a":1}', b'{"a":1,"b":2}', False),
        (b"[1,2]", b"[1,2]", True),
        (b"[1,2]", b"[1]", False),
        (b"1.0", b"1", True),
        (b"true", b"1", False),
        (b"null", b"null", True),
        (b"{}", b"null", False),
        (b"[]", b"{}", False),
    ],
)
def test_contained_values(theirs: bytes, mine: bytes, expected: bool) -> None:
    """Objects may have more members, nothing else may differ."""
    assert contains_value(parse_comparable(theirs, NO_MARKS), parse_comparable(mine, NO_MARKS)) is expected


def test_open_place_contains_any_value() -> None:
    """An open place matches any value that exists."""
    mine = parse_comparable(b'{"a":1}', {"$.a": Mark.ANY})
    assert contains_value(parse_comparable(b'{"a":[]}'), mine)
    assert not contains_value(parse_comparable(b"{}"), mine)

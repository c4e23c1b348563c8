"""Tests of the path table, one example at a time."""

from __future__ import annotations

import pytest

from understudy.matcher.normal_forms import normalize_path
from understudy.matcher.parts import paths
from understudy.matcher.parts.paths import PathPattern, find_first_line
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings

WITHOUT_IDS = MatchSettings(ids=False)


@pytest.mark.parametrize(
    ("mine", "theirs", "line"),
    [
        (b"/a/b", b"/a/b", PathLine.EXACT),
        (b"/a/b", b"/a/b/", PathLine.SLASHES),
        (b"/a/b", b"/A/b", PathLine.CASE),
        (b"/a/b//", b"/A/b", PathLine.SLASHES_CASE),
        (b"/a/{{x}}", b"/a/b", PathLine.WILDCARDS),
        (b"/a/7", b"/a/8", PathLine.IDS),
        (b"/a/7", b"/a/8/", PathLine.SLASHES_IDS),
        (b"/a/7", b"/A/8", None),
        (b"/a/7", b"/a/v1", None),
        (b"/a/b", b"/a/c", None),
    ],
)
def test_first_line_that_fits(mine: bytes, theirs: bytes, line: PathLine | None) -> None:
    """Each line fits if no line before it does."""
    assert find_first_line(PathPattern.of(mine, wildcards=True), normalize_path(theirs), POSTMAN) is line


@pytest.mark.parametrize(
    ("settings", "count"), [(POSTMAN, 7), (WITHOUT_IDS, 5), (MatchSettings(wildcards=False), 7), (STRICT, 1)]
)
def test_settings_remove_lines(settings: MatchSettings, count: int) -> None:
    """Each setting removes its own lines."""
    assert len(paths.list_lines(settings)) == count


def test_pattern_without_wildcards_is_text() -> None:
    """Recorded text has no wildcards."""
    assert PathPattern.of(b"/a/{{x}}", wildcards=False).wild == ()


@pytest.mark.parametrize(
    ("path", "length"), [(b"/a/{{x}}", 3), (b"/{{x}}/a", 1), (b"/a/v{{x}}", 4), (b"/a/b", 0), (b"/\xc3\xa9/:x", 3)]
)
def test_literal_length(path: bytes, length: int) -> None:
    """The literal length counts characters, not bytes, before the first wildcard."""
    assert PathPattern.of(path, wildcards=True).literal_length == length


def test_captures_by_name() -> None:
    """Each name is captured once, in the request's case; of a repeated name the first."""
    pattern = PathPattern.of(b"/users/{{id}}/v{{n}}/{{id}}", wildcards=True)
    assert pattern.extract_captures("/Users/Ann/V2/other/") == {"id": "Ann", "n": "2"}


def test_paths_of_one_shape_share_a_look_up() -> None:
    """A shape does not depend on the names of wildcards and the literals between them."""
    assert PathPattern.of(b"/a/{{x}}", wildcards=True).shape == PathPattern.of(b"/b/:y", wildcards=True).shape
    assert PathPattern.of(b"/a/{{x}}", wildcards=True).shape != PathPattern.of(b"/a/v{{x}}", wildcards=True).shape


@pytest.mark.parametrize(
    ("path", "redacted", "target", "fits"),
    [
        (b"/botREDACTED-1/send", {"REDACTED-1"}, "/bot77:AAx/send", True),
        (b"/botREDACTED-1/send", {"REDACTED-1"}, "/bot/send", False),
        (b"/botREDACTED-1/send", {"REDACTED-1"}, "/bot77:AAx/get", False),
        (b"/botREDACTED-1/send", {"REDACTED-1"}, "/bot7/7/send", False),
        (b"/a/R-1.R-2/R-1", {"R-1", "R-2"}, "/a/x/y", True),
        (b"/a/{{x}}/R-1", {"R-1"}, "/a/b/c", False),
        (b"/a/b", {"R-1"}, "/a/c", False),
    ],
)
def test_redacted_text_matches_anything(path: bytes, redacted: set[str], target: str, fits: bool) -> None:
    """A redacted text matches any text within its segment, under any settings."""
    pattern = PathPattern.of(path, wildcards=False, redacted=frozenset(redacted))
    assert (find_first_line(pattern, target, STRICT) is not None) is fits


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("/bot7/send", PathLine.EXACT),
        ("/bot7/send/", PathLine.SLASHES),
        ("/Bot7/send", PathLine.CASE),
        ("/bot7/SEND//", PathLine.SLASHES_CASE),
    ],
)
def test_redacted_text_leaves_the_line(target: str, line: PathLine) -> None:
    """The rest of the path decides on the line, as if the redacted text were equal."""
    pattern = PathPattern.of(b"/botR-1/send", wildcards=False, redacted=frozenset({"R-1"}))
    assert find_first_line(pattern, target, POSTMAN) is line


def test_redacted_text_is_not_captured() -> None:
    """A redacted text is not captured, because a capture could be shown."""
    pattern = PathPattern.of(b"/a/{{x}}/R-1", wildcards=True, redacted=frozenset({"R-1"}))
    assert pattern.extract_captures("/a/b/secret") == {"x": "b"}

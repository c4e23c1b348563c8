"""The comparison of an example's path and a request's path by the path table (docs/matching.md, "Path")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from understudy.matcher import normal_forms
from understudy.matcher.normal_forms import Wildcard
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings

_OPEN_BASE = re.compile(rb"\{\{[^{}]+\}\}(?:[^/]*://)?[^/]*")

Shape = tuple[tuple[int, Wildcard], ...]
Redactions = tuple[tuple[int, str, str, str], ...]  # a segment's number, literal before, redacted text, literal after

# Two paths are equal by a line if its function returns the same text for both; None equals nothing.
TEXT_KEYS: Mapping[PathLine, Callable[[str], str | None]] = {
    PathLine.EXACT: lambda text: text,
    PathLine.SLASHES: normal_forms.trim,
    PathLine.CASE: normal_forms.fold,
    PathLine.SLASHES_CASE: normal_forms.fold_and_trim,
    PathLine.IDS: normal_forms.replace_ids,
    PathLine.SLASHES_IDS: lambda text: normal_forms.replace_ids(normal_forms.trim(text)),
}
# Distinguishes, by each line, paths that are equal by the loosest one, SLASHES_CASE or SLASHES_IDS.
REST_KEYS: Mapping[PathLine, Callable[[str], str]] = {
    PathLine.EXACT: lambda text: text,
    PathLine.SLASHES: normal_forms.trim,
    PathLine.CASE: normal_forms.get_trailing_slashes,
    PathLine.SLASHES_CASE: lambda _: "",
    PathLine.IDS: normal_forms.get_trailing_slashes,
    PathLine.SLASHES_IDS: lambda _: "",
}


def list_lines(settings: MatchSettings, *, recorded: bool = False) -> tuple[PathLine, ...]:
    """Return the lines of the path table that these settings use, best first, without distance, which no key finds.

    With `recorded`, those for an example whose path is as it was recorded; without, those for some example.
    """
    if settings.exact_path:
        return (PathLine.EXACT,)
    off = {PathLine.DISTANCE}
    if not settings.uses_ids(recorded=recorded):
        off |= {PathLine.IDS, PathLine.SLASHES_IDS}
    return tuple(line for line in PathLine if line not in off)


def drop_open_base(path: bytes) -> bytes:
    """Return an example's path without variables that stand, without a value, in the place of scheme and host."""
    found = _OPEN_BASE.match(path)
    return path[found.end() :] or b"/" if found else path


def split_segments(text: str) -> tuple[str, ...]:
    """Return the segments of a normal path without trailing slashes; the first one is empty."""
    return tuple(normal_forms.trim(text).split("/"))


class PathPattern(msgspec.Struct, frozen=True):
    """An example's path: its normal form and, if it has wildcards, its segments.

    `wild` holds a folded literal or a wildcard for each segment; () for a path without wildcards. A redacted text is a
    wildcard without a name. `recorded`: nobody edited the path, so that by default neither ids nor distance find it.
    `hides_only`: it has wildcards, and all of them are redacted texts.
    """

    text: str
    wild: tuple[str | Wildcard, ...] = ()
    recorded: bool = False
    hides_only: bool = False

    @classmethod
    def of(
        cls, path: bytes, *, wildcards: bool, redacted: frozenset[str] = frozenset(), recorded: bool = False
    ) -> PathPattern:
        """Compile a raw path: `redacted` texts in it match any other; without `wildcards` nothing else does."""
        text = normal_forms.normalize_path(path)
        wildcards = wildcards and (b"{{" in path or b":" in path)
        if not wildcards and not redacted:
            return cls(text, (), recorded)
        raw = normal_forms.extract_path(path).rstrip(b"/").split(b"/")
        wild = tuple(_parse_segment(segment, redacted, wildcards=wildcards) for segment in raw)
        if not any(isinstance(segment, Wildcard) for segment in wild):
            return cls(text, (), recorded)
        hides_only = not (wildcards and any(normal_forms.parse_wildcard(segment) for segment in raw))
        return cls(text, wild, recorded, hides_only)

    @property
    def shape(self) -> Shape:
        """The places of the wildcards, without their names: paths of one shape share one look-up."""
        if not self.wild:
            return ()
        return tuple(
            (place, Wildcard("", segment.prefix, segment.suffix))
            for place, segment in enumerate(self.wild)
            if isinstance(segment, Wildcard)
        )

    @property
    def literals(self) -> tuple[str, ...]:
        """The segments without wildcard, folded."""
        return tuple(segment for segment in self.wild if isinstance(segment, str))

    @property
    def literal_length(self) -> int:
        """The number of characters before the first wildcard; 0 in a path without wildcards."""
        length = 0
        for segment in self.wild:
            if isinstance(segment, Wildcard):
                return length + len(segment.prefix)
            length += len(segment) + 1
        return 0

    def fits_wildcards(self, folded: tuple[str, ...]) -> bool:
        """Return whether the folded segments of a request fit the wildcards and equal the literals."""
        return len(folded) == len(self.wild) and all(
            fits_segment(mine, theirs) for mine, theirs in zip(self.wild, folded, strict=True)
        )

    @property
    def redactions(self) -> Redactions:
        """The redacted texts and where they are; () for a path that has other wildcards, or none."""
        if not self.hides_only:
            return ()
        segments = split_segments(self.text)
        return tuple(
            (
                place,
                wild.prefix,
                segments[place][len(wild.prefix) : len(segments[place]) - len(wild.suffix)],
                wild.suffix,
            )
            for place, wild in self.shape
        )

    def extract_captures(self, text: str) -> dict[str, str]:
        """Return the text that each wildcard stands for in a path that fits, by name; the first of a repeated name."""
        captures: dict[str, str] = {}
        if not self.wild:
            return captures
        for mine, theirs in zip(self.wild, split_segments(text), strict=True):
            if isinstance(mine, Wildcard) and mine.name:
                captures.setdefault(mine.name, mine.capture(theirs))
        return captures


def _parse_segment(segment: bytes, redacted: frozenset[str], *, wildcards: bool) -> str | Wildcard:
    found = normal_forms.parse_wildcard(segment) if wildcards else None
    if found is not None:
        return found
    text = normal_forms.text_from_bytes(segment)
    hidden = [(text.index(name), text.rindex(name) + len(name)) for name in redacted if name in text]
    if not hidden:
        return normal_forms.fold_literal(text)
    start, end = min(start for start, _ in hidden), max(end for _, end in hidden)
    return Wildcard("", normal_forms.fold_literal(text[:start]), normal_forms.fold_literal(text[end:]))


def fits_segment(mine: str | Wildcard, folded: str) -> bool:
    """Return whether a folded segment of a request equals a literal or fits a wildcard."""
    return mine.fits(folded) if isinstance(mine, Wildcard) else mine == folded


def build_shape_key(shape: Shape, folded: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the literal segments of a request that fits this shape, as `PathPattern.literals` holds them, or None."""
    if not all(wild.fits(folded[place]) for place, wild in shape):
        return None
    places = {place for place, _ in shape}
    return tuple(segment for place, segment in enumerate(folded) if place not in places)


def insert_redactions(redactions: Redactions, text: str) -> str | None:
    """Return a request's path with these redacted texts in the places of its own; None if it has no text there."""
    segments = text.split("/")
    for place, prefix, hidden, suffix in redactions:
        segment = segments[place]
        if not Wildcard("", prefix, suffix).fits(normal_forms.fold(segment)):
            return None
        segments[place] = segment[: len(prefix)] + hidden + segment[len(segment) - len(suffix) :]
    return "/".join(segments)


def find_first_line(pattern: PathPattern, text: str, settings: MatchSettings) -> PathLine | None:
    """Return the first line of the path table that makes the two paths equal, without distance, or None."""
    if pattern.redactions and len(pattern.wild) == len(split_segments(text)):
        text = insert_redactions(pattern.redactions, text) or text
    for line in list_lines(settings, recorded=pattern.recorded):
        if line is PathLine.WILDCARDS:
            fits = pattern.fits_wildcards(tuple(normal_forms.fold(segment) for segment in split_segments(text)))
        else:
            key = TEXT_KEYS[line](text)
            fits = key is not None and key == TEXT_KEYS[line](pattern.text)
        if fits:
            return line
    return None

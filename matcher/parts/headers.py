"""The comparison of listed headers: the same values, without case (docs/matching.md, "Headers, then body")."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from understudy.matcher import normal_forms
from understudy.store.model.messages import Headers

HeaderNames = tuple[str, ...]
HeaderValues = tuple[str | None, ...]

OPEN = "\0any"  # a header value never contains NUL (RFC 9110, section 5.5)


def read_header_values(headers: Headers, names: HeaderNames) -> HeaderValues:
    """Return the values of these headers without case; None for a missing one.

    Several lines of one name are one list (RFC 9110, section 5.3).
    """
    if not names:
        return ()
    lines: dict[str, list[str]] = {name: [] for name in names}
    for raw, value in headers.fields:
        name = raw.lower().decode("latin-1")
        if name in lines:
            lines[name].append(value.decode("latin-1").strip())
    return tuple(normal_forms.fold(", ".join(lines[name])) if lines[name] else None for name in names)


def build_header_key(values: HeaderValues, names: HeaderNames, open_names: frozenset[str]) -> HeaderValues:
    """Return the values with a constant for each present value of `open_names`: equal headers have equal keys."""
    if not open_names:
        return values
    return tuple(
        OPEN if name in open_names and value is not None else value for name, value in zip(names, values, strict=True)
    )


class HeaderPattern(msgspec.Struct, frozen=True):
    """The listed headers of an example; those in `open_names` are redacted or a single `{{name}}`."""

    names: HeaderNames = ()
    key: HeaderValues = ()
    open_names: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, headers: Headers, names: HeaderNames, redacted: Iterable[str], wild: frozenset[str] = frozenset()
    ) -> HeaderPattern:
        """Compile the listed headers of an example; a `{{name}}` is a wildcard in the fields named in `wild`."""
        if not names:
            return NO_HEADERS
        possible = set(redacted) & set(names)
        possible |= {name for name in names if name in wild and _is_wild(headers.get(name))}
        open_names = frozenset(name for name in possible if name in headers)
        return cls(names, build_header_key(read_header_values(headers, names), names, open_names), open_names)

    def find_differing(self, values: HeaderValues) -> list[tuple[str, str | None, str | None]]:
        """Return name, example's value and request's value of each header that differs."""
        theirs = build_header_key(values, self.names, self.open_names)
        rows = zip(self.names, self.key, theirs, strict=True)
        return [(name, one, other) for name, one, other in rows if one != other]


NO_HEADERS = HeaderPattern()


def _is_wild(value: str | None) -> bool:
    return value is not None and normal_forms.is_wild_value(value.strip().encode("latin-1"))

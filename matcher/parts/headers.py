"""The comparison of listed headers: the same values, without case (docs/matching.md, "Headers, then body")."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from understudy.matcher import normal_forms
from understudy.store.model.messages import Headers

HeaderNames = tuple[str, ...]
HeaderValues = tuple[str | None, ...]
OpenHeaders = frozenset[tuple[str, int]]
"""Names of headers that match any value, each with the length of a literal that the value must begin with."""

OPEN = "\0any"  # a header value never contains NUL (RFC 9110, section 5.5)
_WILD_END = re.compile(r"([^{}]*)\{\{[^{}]+\}\}")


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


def build_header_key(values: HeaderValues, names: HeaderNames, open_headers: OpenHeaders) -> HeaderValues:
    """Return the values with a constant for what is open in each present one: equal headers have equal keys."""
    if not open_headers:
        return values
    lengths = dict(open_headers)
    return tuple(
        value if value is None or name not in lengths else OPEN + value[: lengths[name]]
        for name, value in zip(names, values, strict=True)
    )


class HeaderPattern(msgspec.Struct, frozen=True):
    """The listed headers of an example; the open ones are redacted, or end in a `{{name}}`."""

    names: HeaderNames = ()
    key: HeaderValues = ()
    open_headers: OpenHeaders = frozenset()

    @classmethod
    def of(
        cls, headers: Headers, names: HeaderNames, redacted: Iterable[str], wild: frozenset[str] = frozenset()
    ) -> HeaderPattern:
        """Compile the listed headers of an example; in the fields named in `wild`, `{{name}}` at the end is a wildcard.

        It stands for any value, or after a literal (`Bearer {{token}}`) for any rest.
        """
        if not names:
            return NO_HEADERS
        values = read_header_values(headers, names)
        lengths = {
            name: found.end(1)
            for name, value in zip(names, values, strict=True)
            if name in wild and value is not None and (found := _WILD_END.fullmatch(value))
        }
        lengths |= {name: 0 for name in redacted if name in names and name in headers}
        open_headers = frozenset(lengths.items())
        return cls(names, build_header_key(values, names, open_headers), open_headers)

    def find_differing(self, values: HeaderValues) -> list[tuple[str, str | None, str | None]]:
        """Return name, example's value and request's value of each header that differs."""
        theirs = build_header_key(values, self.names, self.open_headers)
        rows = zip(self.names, self.key, theirs, strict=True)
        return [(name, one, other) for name, one, other in rows if one != other]


NO_HEADERS = HeaderPattern()

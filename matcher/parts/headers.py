"""How the listed headers of an example and of a request compare: the same values, without case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.matcher import normal_forms
from understudy.store.model.fast_init import quick
from understudy.store.model.messages import Headers

Names = tuple[str, ...]
Values = tuple[str | None, ...]

OPEN = "\0any"  # no header value holds NUL (RFC 9110, section 5.5)


def header_values(headers: Headers, names: Names) -> Values:
    """The values of these headers without case; several lines of one name are one list (RFC 9110, section 5.3)."""
    if not names:
        return ()
    lines: dict[str, list[str]] = {name: [] for name in names}
    for raw, value in headers.fields:
        name = raw.lower().decode("latin-1")
        if name in lines:
            lines[name].append(value.decode("latin-1").strip())
    return tuple(normal_forms.fold(", ".join(lines[name])) if lines[name] else None for name in names)


def header_key(values: Values, names: Names, any_value: frozenset[str]) -> Values:
    """The values, those of `any_value` left open where there is one: equal headers have equal keys."""
    if not any_value:
        return values
    return tuple(
        OPEN if name in any_value and value is not None else value for name, value in zip(names, values, strict=True)
    )


@quick
@dataclass(frozen=True, slots=True)
class HeaderPattern:
    """The listed headers of an example; those in `any_value` are redacted or a single `{{name}}`."""

    names: Names = ()
    key: Values = ()
    any_value: frozenset[str] = frozenset()

    @classmethod
    def of(cls, headers: Headers, names: Names, redacted: Iterable[str], *, wildcards: bool) -> HeaderPattern:
        """The pattern of an example's headers."""
        if not names:
            return NO_HEADERS
        opened = set(redacted) & set(names)
        if wildcards:
            opened |= {name for name in names if _is_wild(headers.get(name))}
        any_value = frozenset(name for name in opened if name in headers)
        return cls(names, header_key(header_values(headers, names), names, any_value), any_value)

    def differing(self, values: Values) -> list[tuple[str, str | None, str | None]]:
        """Name, own value and the request's of each header that differs."""
        theirs = header_key(values, self.names, self.any_value)
        rows = zip(self.names, self.key, theirs, strict=True)
        return [(name, one, other) for name, one, other in rows if one != other]


NO_HEADERS = HeaderPattern()


def _is_wild(value: str | None) -> bool:
    return value is not None and normal_forms.is_wild_value(value.strip().encode("latin-1"))

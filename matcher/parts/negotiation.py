"""Headers by which a client and an API negotiate an answer (docs/matching.md, "Ties")."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.matcher.settings import OWN_HEADER_PREFIXES
from understudy.store.model.collections import Example
from understudy.store.model.header_fields import read_vary
from understudy.store.model.messages import Headers

HeaderTexts = tuple[str | None, ...]

NEGOTIATING = ("accept", "accept-language")
"""These break ties between all examples of one URL."""
MAX_VARIED = 2  # further headers that break ties: those that a Vary names


def read_exact_values(headers: Headers, names: tuple[str, ...]) -> HeaderTexts:
    """Return the values of these headers as they were sent; None for a missing one, several lines as one list."""
    if not names:
        return ()
    lines: dict[str, list[str]] = {}
    for raw, value in headers.fields:
        name = raw.lower().decode("latin-1")
        if name in names:
            lines.setdefault(name, []).append(value.decode("latin-1").strip())
    return tuple([", ".join(lines[name]) if name in lines else None for name in names])


def list_vary_names(examples: Iterable[Example]) -> tuple[str, ...]:
    """Return the sorted names of the request headers that the responses' Vary fields name and that negotiate.

    Accept and Accept-Language negotiate in any case, so they are left out.
    """
    names = {name for example in examples for name in read_vary(example.response.headers)}
    others = names.difference(NEGOTIATING) if names else ()
    return tuple(sorted(name for name in others if not name.startswith(OWN_HEADER_PREFIXES)))

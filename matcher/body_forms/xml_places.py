"""Places of XML elements as text: `//name` anywhere, `/a/b` from the root. Names are without namespace and prefix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_PLACE = re.compile(r"//?[^/@*\[\]\s]+(?:/[^/@*\[\]\s]+)*")


@dataclass(frozen=True, slots=True)
class XmlPlace:
    """The local names of an element and of those around it, the innermost last; `is_anywhere` at any depth."""

    names: tuple[str, ...]
    is_anywhere: bool

    def fits(self, path: Sequence[str]) -> bool:
        """Return whether the element at this path, the root's name first, is at this place."""
        count = len(self.names)
        return (self.is_anywhere or len(path) == count) and tuple(path[-count:]) == self.names


@lru_cache(maxsize=1024)
def parse_xml_place(text: str) -> XmlPlace:
    """Return the place that a text names; raise ValueError that describes the expected form.

    A prefix (`//wsa:MessageID`) does not count, because every document may choose its own.
    """
    if not _PLACE.fullmatch(text):
        raise ValueError(f"expected XML elements like //MessageID or /Envelope/Header, got {text!r}")
    names = text.lstrip("/").split("/")
    return XmlPlace(tuple(name.rpartition(":")[2] for name in names), text.startswith("//"))

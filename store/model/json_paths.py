"""JSON paths: places in a JSON document as text (`$.user.token`, `$.cards[*].number`, `$['a.b']`) and as steps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

JsonPath = tuple[str | int, ...]
"""The steps from the root of a document: the name of a member, or the index of an element."""

ANY_INDEX = -1
"""The step to every element of an array, written `[*]`."""

# A quote within a quoted name is doubled.
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\['((?:[^']|'')*)'\]")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@lru_cache(maxsize=1024)
def parse_json_path(path: str) -> JsonPath:
    """Return the steps of a JSON path; raise ValueError that describes the expected form.

    `$` alone is the whole document. A name without dots and brackets needs no quotes.
    """
    steps: list[str | int] = []
    offset = 1
    while path.startswith("$") and (match := _STEP.match(path, offset)):
        name, index, quoted = match.groups()
        if index is None:
            steps.append(name or (quoted or "").replace("''", "'"))
        else:
            steps.append(ANY_INDEX if index == "*" else int(index))
        offset = match.end()
    if not path.startswith("$") or offset != len(path):
        raise ValueError(f"expected a JSON path like $.user.token, got {path!r}")
    return tuple(steps)


def format_json_path(place: Iterable[str | int]) -> str:
    """Return the path of a place in its normal form, which `parse_json_path` reads."""
    return "$" + "".join(map(format_step, place))


def format_step(step: str | int) -> str:
    """Return the text of one step of a path."""
    if isinstance(step, int):
        return "[*]" if step == ANY_INDEX else f"[{step}]"
    return f".{step}" if _PLAIN_NAME.fullmatch(step) else "['{}']".format(step.replace("'", "''"))

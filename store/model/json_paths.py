"""JSON paths: places in a JSON document, as text (`$.user.token`, `$.cards[*].number`, `$['a.b']`) and as steps."""

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
    """The steps of a JSON path; raises ValueError that says what was expected.

    `$` alone is the whole document. A name may be written without quotes if it has no dot and no bracket.
    """
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and (found := _STEP.match(path, at)):
        name, index, quoted = found.groups()
        if index is None:
            steps.append(name or (quoted or "").replace("''", "'"))
        else:
            steps.append(ANY_INDEX if index == "*" else int(index))
        at = found.end()
    if not path.startswith("$") or at != len(path):
        raise ValueError(f"expected a JSON path like $.user.token, got {path!r}")
    return tuple(steps)


def format_json_path(place: Iterable[str | int]) -> str:
    """The path of a place, in the one form that `read_json_path` reads as just this place."""
    return "$" + "".join(map(format_step, place))


def format_step(step: str | int) -> str:
    """One step of a path, as it follows the steps before it."""
    if isinstance(step, int):
        return "[*]" if step == ANY_INDEX else f"[{step}]"
    return f".{step}" if _PLAIN_NAME.fullmatch(step) else "['{}']".format(step.replace("'", "''"))

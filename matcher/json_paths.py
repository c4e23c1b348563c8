"""JSON paths: the places in a JSON document, as people write them and as steps; and the wildcards of an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

Place = tuple[str | int, ...]
ANY_INDEX = -1

# Used on settings and on what redaction wrote, never on requests. A quote within a quoted name is doubled.
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\['((?:[^']|'')*)'\]")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WILD_TEXT = re.compile(r"\{\{[^{}]+\}\}")


@lru_cache(maxsize=1024)
def json_place(path: str) -> Place:
    """The steps of a JSON path; raises ValueError that says what was expected."""
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


def wild_texts(value: object, path: str = "$") -> Iterator[str]:
    """The paths of the texts in an example's document that are a single `{{name}}`."""
    if isinstance(value, str):
        if _WILD_TEXT.fullmatch(value):
            yield path
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from wild_texts(member, path + _step(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from wild_texts(item, f"{path}[{index}]")


def differing_paths(one: object, other: object, path: str = "$") -> Iterator[str]:
    """The paths at which two documents differ, as short as they can be: where only one of them has something, or
    something else. A list is compared item by item.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            if name in one and name in other:
                yield from differing_paths(one[name], other[name], path + _step(name))
            else:
                yield path + _step(name)
    elif isinstance(one, list) and isinstance(other, list):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from differing_paths(mine, theirs, f"{path}[{index}]")
        for index in range(*sorted((len(one), len(other)))):
            yield f"{path}[{index}]"
    elif one != other:
        yield path


def _step(name: str) -> str:
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else "['{}']".format(name.replace("'", "''"))

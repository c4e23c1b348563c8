"""Variables of a collection and an environment, substituted in the requests of examples when these are compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping

from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.messages import Headers, Request
from understudy.store.model.values import replace

Variables = Mapping[str, str]
NO_VARIABLES: Variables = {}

_MAX_ROUNDS = 8  # levels of variables in the values of variables: these may name each other in a circle
_MAX_LENGTH = 2**20  # bytes at which substitution stops: every round may double the text
_NAME = re.compile(rb"\{\{([^{}]+)\}\}")


def merge_variables(collection: Variables, environment: Variables = NO_VARIABLES) -> dict[str, str]:
    """Return the effective variables: the environment's override the collection's, unless they are empty.

    Neither contains disabled ones.
    """
    return {**environment, **collection, **{name: value for name, value in environment.items() if value}}


def substitute_in_example(example: Example, variables: Variables) -> Request:
    """Return an example's request with every known `{{name}}` in target, headers and body replaced.

    Parts that are as they were recorded stay. It is the same object if nothing changes. Unknown names, and names whose
    value is empty, stay and become wildcards. A body that lies in the store stays as it is.
    """
    request = example.request
    if not variables or example.literal:
        return request
    target = _substitute_in_target(example, variables)
    fields = tuple(
        (name, value)
        if example.is_literal(EditablePart.HEADER, name.decode("latin-1"))
        else (substitute_in_text(name, variables), substitute_in_text(value, variables))
        for name, value in request.headers.fields
    )
    body = request.body
    if isinstance(body, bytes) and not example.is_literal(EditablePart.BODY):
        body = substitute_in_text(body, variables)
    if (target, fields, body) == (request.target, request.headers.fields, request.body):
        return request
    return replace(request, target=target, headers=Headers(fields), body=body)


def _substitute_in_target(example: Example, variables: Variables) -> bytes:
    path, mark, query = example.request.target.partition(b"?")
    path = path if example.is_literal(EditablePart.PATH) else substitute_in_text(path, variables)
    return path + mark + (query if example.is_literal(EditablePart.QUERY) else substitute_in_text(query, variables))


def substitute_in_text(text: bytes, variables: Variables) -> bytes:
    """Return the text with known variables replaced, also those in the values of variables, eight levels deep.

    Variables with an empty value are ignored: most collections declare names for people to fill in.
    """
    if b"{{" not in text:
        return text

    def get_value(found: re.Match[bytes]) -> bytes:
        name = found[1].decode("utf-8", "surrogateescape").strip()
        value = variables.get(name)
        return value.encode("utf-8", "surrogateescape") if value else found[0]

    for _ in range(_MAX_ROUNDS):
        if b"{{" not in text or len(text) > _MAX_LENGTH:
            break
        text, before = _NAME.sub(get_value, text), text
        if text == before:
            break
    return text

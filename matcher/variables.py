"""Variables of a collection and an environment, put into the requests of examples when they are compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from understudy.store.model.messages import Headers, Request

Variables = Mapping[str, str]
NO_VARIABLES: Variables = {}

_MAX_ROUNDS = 8  # variables that name variables that name variables ...
_MAX_LENGTH = 2**20  # and may double with every round
_NAME = re.compile(rb"\{\{([^{}]+)\}\}")


def merge_variables(collection: Variables, environment: Variables = NO_VARIABLES) -> dict[str, str]:
    """The variables that count: those of the environment beat those of the collection. Disabled ones are in neither."""
    return {**collection, **environment}


def substitute_in_request(request: Request, variables: Variables) -> Request:
    """The request with the value of every known `{{name}}` in target, headers and body; the same if there is none.

    What is not known stays, as a wildcard. A body that lies in the store stays as it is.
    """
    if not variables:
        return request
    target = substitute_in_text(request.target, variables)
    fields = tuple(
        (substitute_in_text(name, variables), substitute_in_text(value, variables))
        for name, value in request.headers.fields
    )
    body = substitute_in_text(request.body, variables) if isinstance(request.body, bytes) else request.body
    if (target, fields, body) == (request.target, request.headers.fields, request.body):
        return request
    return replace(request, target=target, headers=Headers(fields), body=body)


def substitute_in_text(text: bytes, variables: Variables) -> bytes:
    """The text with the values of variables, and of variables in their values."""
    if b"{{" not in text:
        return text

    def value(found: re.Match[bytes]) -> bytes:
        name = found[1].decode("utf-8", "surrogateescape").strip()
        return variables[name].encode("utf-8", "surrogateescape") if name in variables else found[0]

    for _ in range(_MAX_ROUNDS):
        if b"{{" not in text or len(text) > _MAX_LENGTH:
            break
        text, before = _NAME.sub(value, text), text
        if text == before:
            break
    return text

"""Mistakes in requests and bodies that a person types: methods, braces, JSON. Pure."""

from __future__ import annotations

import json
import re

from understudy.store.errors import Hint, UserError
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers
from understudy.store.model.naming import find_nearest

METHODS = frozenset(
    (
        *("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "ACL"),
        *("BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE"),
        *("MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH"),
        *("PROPFIND", "PROPPATCH", "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK"),
        *("UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL", "PURGE", "BAN", "LIST", "NOTIFY", "SUBSCRIBE"),
        *("UNSUBSCRIBE", "M-SEARCH", "SOURCE", "VIEW"),
    )
)
"""The methods that IANA has registered, and some that are in use without that."""

USUAL_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")

OPEN, CLOSE, FORM = "{{", "}}", "a variable is written {{name}}"

# Two braces, and the next two of either kind after them.
_BRACES = re.compile(r"\{\{(?:(?!\{\{|\}\}).)*(\}\}|\{\{|\Z)", re.DOTALL)
_FIELDS = re.compile(r"(?:\{\{(?:(?!\{\{|\}\}).)*\}\})+", re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
# Strings, of which the last may not end, and brackets outside of them.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*("|\Z)|[{}\[\]]', re.DOTALL)


class BrokenJson(UserError):
    """A body that a person typed begins as JSON does, and is not JSON."""


def check_method(method: str) -> None:
    """Raise UserError for a method that is nearly a usual one; others may be those of an API."""
    if method not in METHODS and (near := find_nearest(method, USUAL_METHODS, 1)):
        raise UserError(f"there is no method {method}; did you mean {near[0]}?", what="method", which=method)


def is_known_method(method: str) -> bool:
    """Return whether a method is in use."""
    return method in METHODS


def check_braces(text: str, described: str) -> None:
    """Raise UserError for `{{` without `}}` after it; `described` is what the text is, such as "the path"."""
    for found in _BRACES.finditer(text):
        if found[1] != "}}":
            place = found[0][:20].split("\n")[0]
            message = f"{described} has {OPEN} without {CLOSE} after it, at {place!r}; {FORM}"
            raise UserError(message)


def check_path_braces(path: str) -> None:
    """Raise UserError for `{{` or `}}` without the other in a path."""
    check_braces(path, f"the path {path}")
    if "}}" in _FIELDS.sub("", path):
        raise UserError(f"the path {path} has {CLOSE} without {OPEN} before it; {FORM}")


def check_json(headers: Headers, body: bytes, described: str, *, templates: bool = True) -> None:
    """Raise BrokenJson for a body that its headers call JSON, and that begins as JSON does and is not.

    A plain text is left alone. `described` is what it is the body of. `{{name}}` may stand for a value or a part
    of one; with `templates`, it has to be closed.
    """
    media = parse_media_type(headers.get("content-type")) or ""
    is_called_json = media == "application/json" or media.endswith("+json")
    if not is_called_json or not body.lstrip().startswith((b"{", b"[")):
        return
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BrokenJson(f"the body of {described} is not JSON: it is not UTF-8", hint=Hint("give_file")) from None
    if templates:
        check_braces(text, f"the body of {described}")
    text = _FIELDS.sub("1", text)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"the body of {described} is not JSON: {_explain(text, error)}"
        raise BrokenJson(message, hint=Hint("give_file")) from None
    except RecursionError:
        return


def _explain(text: str, error: json.JSONDecodeError) -> str:
    if missing := _find_missing_end(text):
        return f"{missing} is missing at its end"
    reason = (error.msg[0].lower() + error.msg[1:]).removesuffix(" at")
    return f"{reason} at line {error.lineno}, column {error.colno}"


def _find_missing_end(text: str) -> str:
    """Return the brackets that a text opens and does not close; "" where something else is wrong with it."""
    opened: list[str] = []
    for token in _JSON_TOKEN.finditer(text):
        if token[0] in _CLOSING:
            opened.append(_CLOSING[token[0]])
        elif token[0] in ("}", "]"):
            if not opened or opened.pop() != token[0]:
                return ""
        elif not token[1]:
            return ""
    return "".join(reversed(opened))

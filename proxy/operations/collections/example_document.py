"""An example as a text that can be edited, and back; and changes of single things, for scripts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from understudy.proxy.operations.collections.behaviour_text import (
    NONE,
    bytes_per_second_text,
    delay_text,
    fault_text,
    rate_limit_text,
    read_bytes_per_second,
    read_delay,
    read_fault,
    read_rate_limit,
)
from understudy.proxy.operations.collections.request_lines import METHOD_FORM, read_status, with_type
from understudy.proxy.operations.collections.typing_checks import check_braces, check_method, check_path_braces
from understudy.store.content_codings import remove_codings
from understudy.store.errors import UserError
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.values import replace
from understudy.store.redaction.placeholders import has_placeholder

REQUEST_LINE = "=== request ==="
RESPONSE_LINE = "=== response ==="
TEMPLATES = ("off", "on")
KEPT_BODY = "(binary body, left as it is)"
HINT = (
    "# Edit, save and close; lines up to the first === that begin with # are dropped.\n"
    "# In the request, {{name}} or :name stands for any one path segment or query value.\n"
)

# What an example does on purpose: the name in the document, the field, how it is written and read.
_BEHAVIOURS: tuple[tuple[str, str, Callable[[Any], str], Callable[[str], object]], ...] = (
    ("delay", "delay", delay_text, read_delay),
    ("bytes-per-second", "bytes_per_second", bytes_per_second_text, read_bytes_per_second),
    ("fault", "fault", fault_text, read_fault),
    ("rate-limit", "rate_limit", rate_limit_text, read_rate_limit),
)


def as_document(example: Example, request_body: bytes, response_body: bytes) -> str:
    """Return the example as text: its name, then request and response as HTTP writes them, content codings undone."""
    request, response = example.request, example.response
    return "\n".join(
        [
            f"{HINT}name: {example.name}",
            f"templates: {TEMPLATES[example.templates]}",
            *(f"{name}: {text(getattr(example.behaviour, field))}" for name, field, text, _ in _BEHAVIOURS),
            REQUEST_LINE,
            _request_line(request),
            _message_text(request.headers, request_body),
            RESPONSE_LINE,
            _status_line(response),
            _message_text(response.headers, response_body),
        ]
    )


def from_document(document: str, example: Example, request_body: bytes, response_body: bytes) -> Example:
    """Return the example that an edited text describes; raises UserError that names what cannot be read."""
    text = document.replace("\r\n", "\n")
    head, found, rest = text.partition(f"{REQUEST_LINE}\n")
    request_text, found_too, response_text = rest.partition(f"{RESPONSE_LINE}\n")
    if not found or not found_too:
        raise UserError(f"the edited text must keep the lines {REQUEST_LINE!r} and {RESPONSE_LINE!r}")
    name = _head_line(head, "name")
    if not name:
        raise UserError("the edited text must begin with a line such as name: GET /users/1 - 200")
    templates = _head_line(head, "templates") or TEMPLATES[example.templates]
    if templates not in TEMPLATES:
        raise UserError(f"templates: takes on or off, not {templates!r}")
    request = _read_request(request_text.removesuffix("\n"), example.request, request_body)
    response = _read_response(response_text, example.response, response_body)
    behaviour = _read_behaviour(head, example.behaviour)
    return replace(_edited(example, name, request, response), templates=templates == "on", behaviour=behaviour)


def apply_changes(
    example: Example,
    response_body: bytes,
    *,
    name: str | None = None,
    status: int | None = None,
    body: bytes | None = None,
    headers: Sequence[str] = (),
    removed_headers: Sequence[str] = (),
) -> Example:
    """Return the example with single things changed; a header is `Name: value`. Raises UserError."""
    response = example.response
    if status is not None:
        response = replace(response, status=read_status(str(status)), reason=b"")
    if body is not None and body != response_body:
        response = _with_body(response, body)
    elif "content-encoding" in (name.lower() for name in removed_headers):
        response = _with_body(response, _plain(response.headers, response_body))
    fields = _with_fields(response.headers.drop(removed_headers), [header_field(line) for line in headers])
    return _edited(example, name or example.name, example.request, replace(response, headers=fields))


def change_path(example: Example, path: str) -> Example:
    """Return the example with another path, without its query; `{{name}}` and `:name` in it are wildcards.

    Raises UserError for a path that is none.
    """
    if not path.startswith("/") or not path.isprintable() or any(character in path for character in " ?#"):
        raise UserError(f"takes a path without query, such as /users/{{{{id}}}}, got {path!r}", field="path")
    check_path_braces(path)
    request = example.request
    target = path.encode("utf-8", "surrogateescape") + request.target[len(request.path) :]
    return _edited(example, example.name, replace(request, target=target), example.response)


def change_request(
    example: Example,
    *,
    method: str | None = None,
    query: str | None = None,
    headers: Sequence[str] = (),
    removed_headers: Sequence[str] = (),
    body: bytes | None = None,
) -> Example:
    """Return the example with single things of its request changed; a header is `Name: value`. Raises UserError."""
    request = example.request
    if method is not None:
        request = replace(request, method=_read_method(method))
    if query is not None:
        request = replace(request, target=request.path + _read_query(query))
    if body is not None:
        request = _without_coding(replace(request, body=body))
    fields = _with_fields(request.headers.drop(removed_headers), [header_field(line) for line in headers])
    request = replace(request, headers=with_type(fields, body or b""))
    return example if request == example.request else _edited(example, example.name, request, example.response)


def _read_method(text: str) -> str:
    if not METHOD_FORM.fullmatch(text):
        raise UserError(f"takes a method such as GET, got {text!r}", field="method")
    check_method(text.upper())
    return text.upper()


def _read_query(text: str) -> bytes:
    query = text.removeprefix("?")
    if not query.isprintable() or any(character in query for character in " #"):
        raise UserError(f"takes a query such as page=2&limit={{{{limit}}}}, got {text!r}", field="query")
    check_braces(query, "the query")
    return b"?" + query.encode("utf-8", "surrogateescape") if query else b""


def _with_fields(headers: Headers, wanted: list[tuple[str, str]]) -> Headers:
    # One name given several times is meant to be there several times, as Set-Cookie is.
    seen: set[str] = set()
    for name, value in wanted:
        if name.lower() in seen:
            headers = Headers((*headers.fields, (_bytes(name), _bytes(value))))
        else:
            headers = headers.replace(name, value)
        seen.add(name.lower())
    return headers


def _read_behaviour(head: str, old: Behaviour) -> Behaviour:
    fields: dict[str, Any] = {}
    for name, field, _, read in _BEHAVIOURS:
        text = _head_line(head, name)
        if text:
            fields[field] = None if text == NONE else read(text)
    return replace(old, **fields)


def _head_line(head: str, key: str) -> str:
    start = f"{key}:"
    return next((line.removeprefix(start).strip() for line in head.splitlines() if line.startswith(start)), "")


def _edited(example: Example, name: str, request: Request, response: Response) -> Example:
    before = example.request
    asks_else = request != before
    unedited = _list_parts(before) if example.literal else example.unedited
    return replace(
        example,
        name=name,
        request=request,
        response=response,
        edited=True,
        literal=example.literal and not asks_else,
        unedited=unedited - _list_changed_parts(request, before) if asks_else else example.unedited,
        redacted=_still_redacted(example.redacted, request, before) if asks_else else example.redacted,
    )


def _list_parts(request: Request) -> frozenset[str]:
    names = {EditablePart.HEADER.name_part(name) for name, _ in request.headers}
    return frozenset({part.name_part() for part in (EditablePart.PATH, EditablePart.QUERY, EditablePart.BODY)} | names)


def _list_changed_parts(request: Request, before: Request) -> frozenset[str]:
    changed = {
        EditablePart.PATH: request.path != before.path,
        EditablePart.QUERY: request.query != before.query,
        EditablePart.BODY: request.body != before.body,
    }
    names = {name for headers in (request.headers, before.headers) for name, _ in headers}
    fields = (name for name in names if request.headers.get_all(name) != before.headers.get_all(name))
    return frozenset(
        [part.name_part() for part, holds in changed.items() if holds]
        + [EditablePart.HEADER.name_part(name) for name in fields]
    )


def _still_redacted(places: frozenset[RedactedPlace], request: Request, before: Request) -> frozenset[RedactedPlace]:
    # A value in the place of the placeholder is meant to be compared.
    body = request.body == before.body or not isinstance(request.body, bytes) or has_placeholder(request.body)
    holds = {
        Part.HEADER: any(has_placeholder(value) for _, value in request.headers.fields),
        Part.QUERY: request.query == before.query or has_placeholder(request.query),
        Part.PATH: request.path == before.path or has_placeholder(request.path),
        Part.FORM: body,
        Part.JSON: body,
        Part.TEXT: body,
    }
    return frozenset(place for place in places if holds[place.part])


def _request_line(request: Request) -> str:
    try:
        return f"{request.method} {request.target.decode()}"
    except UnicodeDecodeError:
        return f"{request.method} {request.target.decode('latin-1')}"


def _status_line(response: Response) -> str:
    return f"{response.status} {response.reason.decode('latin-1')}".rstrip()


def _message_text(headers: Headers, body: bytes) -> str:
    return f"{_fields_text(headers)}\n{_body_text(headers, body)}"


def _fields_text(headers: Headers) -> str:
    return "".join(f"{name}: {value}\n" for name, value in headers)


def _body_text(headers: Headers, body: bytes) -> str:
    plain = remove_codings(headers.get("content-encoding") or "", body)
    try:
        text = None if plain is None else plain.decode()
    except UnicodeDecodeError:
        text = None
    # A lone carriage return would not survive an editor, and our own line would be read as where the response begins.
    return KEPT_BODY if text is None or "\r" in text or text.endswith("\n\n") or RESPONSE_LINE in text else text


def _read_request(text: str, old: Request, old_body: bytes) -> Request:
    line, _, rest = text.partition("\n")
    headers, body = _read_message(rest, old.headers, old_body)
    request = replace(old, headers=headers)
    if line.strip() != _request_line(old).strip():
        method, _, target = line.strip().partition(" ")
        if not method.isascii() or not method.isalpha() or not target.startswith(("/", "*")) or " " in target:
            raise UserError(f"the request begins with a line such as GET /users/1, not {line!r}")
        request = replace(request, method=method, target=target.encode())
    return request if body is None else _without_coding(replace(request, body=body))


def _read_response(text: str, old: Response, old_body: bytes) -> Response:
    line, _, rest = text.partition("\n")
    headers, body = _read_message(rest, old.headers, old_body)
    response = replace(old, headers=headers)
    if line.strip() != _status_line(old).strip():
        status, _, reason = line.strip().partition(" ")
        response = replace(response, status=read_status(status), reason=_bytes(reason))
    return response if body is None else _with_body(response, body)


def _read_message(text: str, old_headers: Headers, old_body: bytes) -> tuple[Headers, bytes | None]:
    """Return headers and body of an edited message; None for a body that was left as it is."""
    lines = text.split("\n")
    end = lines.index("") if "" in lines else len(lines)
    headers = old_headers
    # Lines that were not edited stay as they came, even if they could not be typed in.
    if lines[:end] != _fields_text(old_headers).replace("\r\n", "\n").split("\n")[:-1]:
        headers = Headers(tuple((_bytes(k), _bytes(v)) for k, v in map(header_field, lines[:end])))
    body, shown = "\n".join(lines[end + 1 :]), _body_text(old_headers, old_body)
    if not shown.endswith("\n"):
        body = body.removesuffix("\n")  # editors end every text with a line end
    same_coding = headers.get("content-encoding") == old_headers.get("content-encoding")
    untouched = same_coding and body.rstrip("\n") == shown.rstrip("\n")
    return headers, None if untouched or body.strip() == KEPT_BODY else body.encode()


def _plain(headers: Headers, body: bytes) -> bytes:
    plain = remove_codings(headers.get("content-encoding") or "", body)
    return body if plain is None else plain


def _with_body(response: Response, body: bytes) -> Response:
    return replace(response, body=body, headers=response.headers.drop(["content-encoding"]), chunks=())


def _without_coding(request: Request) -> Request:
    return replace(request, headers=request.headers.drop(["content-encoding"]))


def header_field(line: str) -> tuple[str, str]:
    """Return name and value of a header line `Name: value`; raises UserError."""
    name, separator, value = line.partition(":")
    if not separator or not name.strip() or any(character.isspace() for character in name):
        raise UserError(f"a header is written Name: value, not {_beginning(line)!r}")
    value = value.strip()
    if any(character in value for character in "\r\n\0"):
        raise UserError(f"the value of a header is one line, and that of {name} is not")
    _bytes(line, f"that of {name}")
    return name, value


def _beginning(line: str) -> str:
    # What comes after a word may be the secret that its colon was forgotten before.
    word, space, _ = line.lstrip().partition(" ")
    return f"{word} ..." if space else word


def _bytes(text: str, described: str = "") -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise UserError(f"headers and reasons hold Latin-1 characters only, not {described or repr(text)}") from None

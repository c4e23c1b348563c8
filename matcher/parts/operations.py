"""The operation that a request names, for APIs with one URL and many operations.

It is named by a GraphQL query and its operation name, the `method` of JSON-RPC, SOAPAction and the first element of a
SOAP body, `X-Amz-Target`, or the form field `Action` of AWS (docs/matching.md, "Operations").
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from xml.parsers import expat

import msgspec

from understudy.matcher.body_forms import graphql_forms, multipart_forms
from understudy.matcher.normal_forms import parse_query_pairs
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Headers
from understudy.store.model.values import replace
from understudy.store.redaction.placeholders import PATTERN

OPERATION_HEADERS = ("x-amz-target",)
"""Headers that name an operation by themselves."""
MAX_SIZE = 1024 * 1024
"""Bytes of a body up to which an operation is looked for."""

# A body without any of these names no operation, and is not parsed.
_JSON_MARKS = (b'"query"', b'"jsonrpc"', b'"documentId"', b'"sha256Hash"', b'"operationName"', b'"variables"')
_QUERY_MARKS = (b"query=", b"extensions=", b"documentId=", b"operationName=", b"variables=", b"Action=")
_PLACEHOLDER = re.compile(PATTERN)
_PERSISTED = ("documentId", "id", "doc_id")
_MAPS = ("variables", "extensions")
_TEXTS_IN_QUERY = ("query", "operationName", *_PERSISTED)


class Operation(msgspec.Struct, frozen=True):
    """A named operation: `key` is equal for equal ones; `name` is for people.

    `loose_key` does not count the texts that a GraphQL query spells out, for a recorded query with a redacted one.
    """

    key: str
    name: str
    loose_key: str = ""
    is_redacted: bool = False
    is_in_body: bool = True


def find_operation(query: bytes, headers: Headers, body: bytes) -> Operation | None:
    """Return the operation that a request names, or None. `body` is without its content codings."""
    target = headers.get("x-amz-target")
    if target:
        return Operation(f"aws {target.strip()}", target.strip(), is_in_body=False)
    if len(body) > MAX_SIZE:
        return None
    if not body:
        found = _find_in_query(query)
        return found and replace(found, is_in_body=False)
    media = parse_media_type(headers.get("content-type")) or ""
    if media == "application/x-www-form-urlencoded":
        return _find_in_form(body)
    if media == "multipart/form-data":
        return _find_in_multipart(headers, body)
    if media == "application/graphql":
        return _name_graphql({"query": body.decode("utf-8", "replace")})
    if body.lstrip()[:1] in (b"{", b"["):
        return _find_in_json(body)
    return _find_in_xml(headers, body) if body.lstrip()[:1] == b"<" else None


def is_json_rpc(value: object) -> bool:
    """Return whether a JSON value is a JSON-RPC request (jsonrpc.org/specification, section 4), or a batch of them."""
    messages = value if isinstance(value, list) else [value]
    return bool(messages) and all(_get_rpc_method(message) is not None for message in messages)


def list_rpc_ids(body: bytes) -> tuple[bytes, ...]:
    """Return the ids of a JSON-RPC request or batch as JSON; b"" for a notification, which has none.

    `body` is without its content codings. Nothing is returned for what is not JSON-RPC.
    """
    value = parse_json(body) if b'"jsonrpc"' in body else None
    if not is_json_rpc(value):
        return ()
    messages = value if isinstance(value, list) else [value]
    return tuple(_encode_id(each) for each in messages if isinstance(each, dict))


def _encode_id(message: dict[str, object]) -> bytes:
    return msgspec.json.encode(message["id"]) if "id" in message else b""


def _get_rpc_method(message: object) -> str | None:
    if not isinstance(message, dict) or "jsonrpc" not in message:
        return None
    method = message.get("method")
    return method if isinstance(method, str) else None


def may_name_operation(query: bytes, headers: Headers) -> bool:
    """Return whether a request without a body may name an operation: quick, and rarely wrong."""
    # A GET of GraphQL carries the members of its request in the query (graphql.github.io/graphql-over-http).
    return _has_query_mark(query) or "x-amz-target" in headers


def _has_query_mark(query: bytes) -> bool:
    return any(mark in query for mark in _QUERY_MARKS)


def _find_in_query(query: bytes) -> Operation | None:
    if b"Action=" in query and b"Version=" in query:
        return _find_in_form(query)  # AWS takes its form in the query too
    if not _has_query_mark(query):
        return None
    pairs = dict(parse_query_pairs(query))
    members: dict[str, object] = {name: pairs[name] for name in _TEXTS_IN_QUERY if name in pairs}
    maps = {name: parse_json(pairs.get(name, "").encode("utf-8", "replace")) for name in _MAPS}
    return _name_graphql(members | {name: value for name, value in maps.items() if value is not None})


def _find_in_multipart(headers: Headers, body: bytes) -> Operation | None:
    """Return the operation of an upload (github.com/jaydenseric/graphql-multipart-request-spec)."""
    if b"operations" not in body:
        return None
    try:
        parts = multipart_forms.split_parts(body, headers.get("content-type") or "")
    except ValueError:
        return None
    return next((_find_in_json(part.content) for part in parts if part.name == "operations"), None)


def _find_in_form(body: bytes) -> Operation | None:
    if b"Action=" not in body:
        return None
    actions = [value for name, value in parse_query_pairs(body) if name == "Action"]
    return Operation(f"action {actions[0]}", actions[0]) if len(actions) == 1 and actions[0] else None


def _find_in_json(body: bytes) -> Operation | None:
    if not any(mark in body for mark in _JSON_MARKS):
        return None
    value = parse_json(body)
    if is_json_rpc(value):
        return _name_rpc(value)
    if not isinstance(value, list):
        return _name_graphql(value) if isinstance(value, dict) else None
    named = [_name_graphql(each) if isinstance(each, dict) else None for each in value]
    found = [each for each in named if each is not None]
    return _join(found) if found and len(found) == len(named) else None


def _name_rpc(value: object) -> Operation:
    messages = value if isinstance(value, list) else [value]
    methods = [_get_rpc_method(each) or "" for each in messages]
    # A notification, which has no id, gets no answer; a batch is answered by a list, a batch of one too
    # (jsonrpc.org/specification, sections 4.1 and 6).
    calls = [isinstance(each, dict) and "id" in each for each in messages]
    kind = "batch" if isinstance(value, list) else "rpc"
    names = [method if is_call else f"{method} (notification)" for method, is_call in zip(methods, calls, strict=True)]
    return Operation(f"{kind} {methods} {calls}", ", ".join(names))


def _join(operations: list[Operation]) -> Operation:
    """Return the operation of a batch; a batch of one is answered by a list too, so it is another operation."""
    return Operation(
        "\0".join(["batch", *(each.key for each in operations)]),
        ", ".join(each.name for each in operations),
        "\0".join(["batch", *(each.loose_key or each.key for each in operations)]),
        any(each.is_redacted for each in operations),
    )


def _name_graphql(members: dict[str, object]) -> Operation | None:
    text, name = members.get("query"), members.get("operationName")
    name = name if isinstance(name, str) else ""
    if isinstance(text, str):
        query = graphql_forms.normalize_query(text)
        if query is None:
            return None
        loose = graphql_forms.blank_texts(query)
        label = name or graphql_forms.name_operation(query)
        return Operation(
            f"graphql {name}\0{_digest(query)}",
            label,
            f"graphql {name}\0{_digest(loose)}",
            _PLACEHOLDER.search(text) is not None,
        )
    persisted = _find_persisted(members)
    return Operation(f"persisted {name}\0{persisted}", name or persisted) if persisted else None


def _find_persisted(members: dict[str, object]) -> str:
    """Return the id of a query that the server knows; "" without one."""
    extensions = members.get("extensions")
    query = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    digest = query.get("sha256Hash") if isinstance(query, dict) else None
    if isinstance(digest, str):
        return digest
    # An `id` alone is a member of any JSON; with another member of a GraphQL request it is one of GraphQL.
    is_alone = "documentId" in members and members.keys() <= {*_TEXTS_IN_QUERY, *_MAPS}
    if not is_alone and "operationName" not in members and not _has_map(members):
        return ""
    return next((known for each in _PERSISTED if isinstance(known := members.get(each), str)), "")


def _has_map(members: dict[str, object]) -> bool:
    """Return whether variables or extensions are those of GraphQL: an object, or null for none in a body."""
    return any(isinstance(members.get(name), dict) for name in _MAPS) or members.get("variables", 0) is None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def parse_json(text: bytes) -> object:
    """Return a JSON value; None for what is not JSON."""
    try:
        value: object = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None
    return value


_SOAP_ACTION = re.compile(r";\s*action\s*=\s*\"?([^\";]+)", re.IGNORECASE)


def _find_in_xml(headers: Headers, body: bytes) -> Operation | None:
    """Return the operation of SOAP 1.1 (SOAPAction) and 1.2 (the parameter `action` of the media type)."""
    action = find_soap_action(headers)
    if not action and b"Envelope" not in body:
        return None
    element = next(_find_first_of_body(body), "")
    if not action and not element:
        return None
    return Operation(f"soap {action}\0{element}", element.rpartition(" ")[2] or action, is_in_body=not action)


def find_soap_action(headers: Headers) -> str:
    """Return the action that SOAPAction names, or the media type of SOAP 1.2; "" without one."""
    in_type = _SOAP_ACTION.search(headers.get("content-type") or "")
    return (headers.get("soapaction") or (in_type[1] if in_type else "")).strip().strip('"')


def _find_first_of_body(body: bytes) -> Iterator[str]:
    """Yield namespace and name of the first element in the Body of a SOAP envelope."""
    path: list[str] = []
    found: list[str] = []

    def start(name: str, _: object) -> None:
        is_in_body = len(path) == 2 and [each.rpartition(" ")[2] for each in path] == ["Envelope", "Body"]
        if is_in_body and not found:
            found.append(name)
        path.append(name)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError):
        return
    yield from found


def _refuse(*_: object) -> None:
    raise ValueError("a document type declaration is not read")

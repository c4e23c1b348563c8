"""The body of an example, compiled when it is first compared: most examples win by path and query alone."""

from __future__ import annotations

from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.open_places import NOWHERE, Mark, Opening, Places
from understudy.matcher.parts.bodies import NO_BODY, BodyPattern
from understudy.matcher.parts.operations import (
    Operation,
    find_operation,
    is_json_rpc,
    list_rpc_ids,
    may_name_operation,
    parse_json,
)
from understudy.matcher.settings import MatchSettings
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.exchanges import Part
from understudy.store.model.messages import Request
from understudy.store.model.values import replace

UNREAD = "its body was not read when the index was compiled"
_ID: Places = frozenset({Opening(Part.JSON, "$.id", Mark.IGNORED)})
_IDS_OF_BATCH: Places = frozenset({Opening(Part.JSON, "$[*].id", Mark.IGNORED)})


class ComparedBody:
    """The bytes of a body with what its comparison depends on; immutable, but for what it has compiled.

    `body` is None if it could not be read.
    """

    __slots__ = (
        "_body",
        "_example",
        "_has_operation",
        "_is_compiled",
        "_operation",
        "_pattern",
        "_request",
        "_rpc_ids",
        "_settings",
        "_twin",
    )

    def __init__(self, body: bytes | None, request: Request, example: Example, settings: MatchSettings) -> None:
        self._body = body
        self._request = request
        self._example = example
        self._settings = settings
        self._is_compiled = self._has_operation = False
        self._pattern: BodyPattern | None = None
        self._operation: Operation | None = None
        self._rpc_ids: tuple[bytes, ...] | None = None
        self._twin: ComparedBody | None = None

    @property
    def pattern(self) -> BodyPattern | None:
        """The compiled body; None if it cannot be compiled."""
        if not self._is_compiled:
            try:
                self._compile()
            except (ValueError, RecursionError):
                self._is_compiled = True
        return self._pattern

    @property
    def operation(self) -> Operation | None:
        """The operation that the request names, or None."""
        if not self._has_operation:
            body = b"" if self._body is None else undo_codings(self._body, self._request.headers)
            self._operation = find_operation(self._request.query, self._request.headers, body)
            self._has_operation = True
        return self._operation

    def list_rpc_ids(self, example: Example) -> tuple[bytes, ...] | None:
        """Return the ids of the JSON-RPC request of an example, as `list_rpc_ids` does.

        None if its body was not read, or is that of another example of the sequence.
        """
        if example.request is not self._example.request:
            body = example.request.body
            return list_rpc_ids(undo_codings(body, example.request.headers)) if isinstance(body, bytes) else None
        if self._rpc_ids is None and self._body is not None:
            self._rpc_ids = list_rpc_ids(undo_codings(self._body, self._request.headers))
        return self._rpc_ids

    def require_pattern(self) -> BodyPattern:
        """Return the compiled body; raises ValueError if it cannot be compiled."""
        if self._pattern is None:
            self._compile()
        if self._pattern is None:
            raise ValueError(UNREAD)
        return self._pattern

    def apply_settings(self, settings: MatchSettings) -> ComparedBody:
        """Return the same body, compared under other settings; what is compiled is kept where it is the same."""
        if self._body is None and self._twin is None:
            return self
        if settings is self._settings or ignores_rpc_id(settings) == ignores_rpc_id(self._settings):
            return self
        if self._body is None:
            return self._twin or self
        return ComparedBody(self._body, self._request, self._example, settings)

    def compile_now(self) -> ComparedBody:
        """Compile all, and return this without the bytes.

        A body of JSON-RPC is compiled both with and without its ids, since a request may ask to compare it.
        """
        self.pattern  # noqa: B018 - it is kept
        self.operation  # noqa: B018
        self.list_rpc_ids(self._example)
        if self._body is not None and find_rpc_ids(self._body, self._request):
            self._twin = self._compile_twin()
        self._body = None
        return self

    def _compile_twin(self) -> ComparedBody:
        settings = replace(self._settings, spy=False, body=ignores_rpc_id(self._settings))
        twin = ComparedBody(self._body, self._request, self._example, settings)
        twin.pattern  # noqa: B018 - it is kept
        twin._body, twin._operation, twin._has_operation, twin._twin = None, self._operation, True, self
        return twin

    def _compile(self) -> None:
        if self._body is None or self._is_compiled:
            return
        settings, example = self._settings, self._example
        extra = find_rpc_ids(self._body, self._request) if ignores_rpc_id(settings) else NOWHERE
        wildcards = settings.wildcards and not example.is_literal(EditablePart.BODY)
        self._pattern = BodyPattern.of(
            self._body, self._request.headers, example.redacted, settings, wildcards=wildcards, extra=extra
        )
        self._is_compiled = True


class _EmptyBody(ComparedBody):
    """No body at all: one object for all candidates."""

    __slots__ = ()

    def __init__(self) -> None:
        self._pattern, self._operation = NO_BODY, None
        self._is_compiled = self._has_operation = True
        self._body = self._twin = None

    def list_rpc_ids(self, example: Example) -> tuple[bytes, ...]:  # noqa: ARG002 - whatever the example
        return ()


EMPTY_BODY = _EmptyBody()


def compile_body(body: bytes | None, request: Request, example: Example, settings: MatchSettings) -> ComparedBody:
    """Return the body of an example to be compared; `body` is None if it could not be read.

    Raises ValueError if the settings compare bodies, and this one cannot be compiled.
    """
    if body == b"" and not example.redacted and not may_name_operation(request.query, request.headers):
        return EMPTY_BODY
    compared = ComparedBody(body, request, example, settings)
    if settings.body:
        compared.require_pattern()
    # The bytes of a body from the store are not kept.
    return compared if body is request.body else compared.compile_now()


def ignores_rpc_id(settings: MatchSettings) -> bool:
    """Return whether the `id` of a JSON-RPC message does not count: every client numbers its own messages."""
    return settings.spy or not settings.body


def find_rpc_ids(body: bytes, request: Request) -> Places:
    """Return the places of the ids of a JSON-RPC request, or of a batch."""
    if b'"jsonrpc"' not in body:
        return NOWHERE
    value = parse_json(undo_codings(body, request.headers))
    if not is_json_rpc(value):
        return NOWHERE
    return _IDS_OF_BATCH if isinstance(value, list) else _ID

"""The response for a request and its example; misses and errors as JSON."""

from __future__ import annotations

import json
from typing import Any, cast

from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import describe_miss
from understudy.matcher.explanation.suggestions import suggest_ids
from understudy.matcher.mock_headers import SelectorProblem
from understudy.serving.answers.streams import is_unsized, replace_body
from understudy.serving.fields.integrity import drop_false_claims, drop_false_digests, has_uncertain_claims
from understudy.serving.http1.rules import MalformedRequest
from understudy.store.content_codings import remove_codings
from understudy.store.errors import Hint
from understudy.store.model.collections import Example
from understudy.store.model.header_fields import drop_hop_by_hop
from understudy.store.model.messages import Body, BodyRef, Headers, Request, Response, measure_body
from understudy.store.model.values import replace

# The texts of Postman.
NO_MATCH = "No matching requests", "Double check your method and the request path and try again."
NO_EXAMPLE = "You need an example", "To mock this request add an example response for the mock server to return."

BODILESS = (204, 304)  # RFC 9112, section 6.3
REFUSAL_NAMES = {408: "requestTimeoutError", **dict.fromkeys((413, 414, 431), "requestTooLargeError")}


def adapt_response(request: Request, example: Example, body: Body) -> Response:
    """Return the example's response, framed for this client; `body` is the example's body.

    A client with the recorded Accept-Encoding gets the recorded bytes, another one a coding that it accepts. If no
    coding has to be removed, a large body may stay in the store.
    """
    headers = drop_hop_by_hop(example.response.headers)
    if isinstance(body, bytes) and has_uncertain_claims(example):
        headers = drop_false_claims(headers, body)
    coding = headers.get("content-encoding")
    if coding and body and isinstance(body, bytes) and not _can_accept_coding(request, example.request, coding):
        headers, body = _decode(headers, body, coding)
    response = replace_body(example.response, headers, body)
    bodiless = request.method == "HEAD" or response.status in BODILESS
    if bodiless:
        response = replace(response, chunks=(), trailers=Headers())
    if bodiless or not (is_unsized(response) or _is_http_2(request, response)):
        headers, body = _frame(request.method, example.request.method, response.status, headers, body)
    return replace(response, headers=headers, body=body, http_version="HTTP/1.1")


def needs_whole_body(request: Request, example: Example, *, is_edited: bool = False) -> bool:
    """Return whether the body of an example is in the store, and the response depends on all of its bytes.

    `is_edited`: the body is changed for this request.
    """
    is_stored = isinstance(example.response.body, BodyRef)
    return is_stored and (is_edited or _is_recoded(request, example) or has_uncertain_claims(example))


def _is_recoded(request: Request, example: Example) -> bool:
    coding = example.response.headers.get("content-encoding")
    return bool(coding) and not _can_accept_coding(request, example.request, coding or "")


def render_miss(decision: Decision) -> Response:
    """Render a miss: 404 with Postman's error and the explanation (spec/matching.md, "Misses")."""
    texts = describe_miss(decision)
    header, message = NO_EXAMPLE if decision.bare_item is not None else NO_MATCH
    if decision.bare_item is None and texts.difference is not None:
        message = texts.difference
    return render_explained_miss(header, message, texts.explanation, hint=suggest_ids(decision))


def render_explained_miss(
    header: str, message: str, explanation: dict[str, object], note: str = "", hint: Hint | None = None
) -> Response:
    """Render a 404 of the same form, with a note on the cause if the explanation does not have it."""
    error = {"name": "mockRequestNotFoundError", "message": message, **_hint_member(hint), "header": header}
    note_member = {"note": note} if note else {}
    return json_response(404, {"error": {**error, **note_member, "explanation": explanation}})


def render_malformed_header(problem: SelectorProblem) -> Response:
    """Render a 400 for an invalid `x-mock-*` header, with its name and the values it takes."""
    error = {"name": "malformedHeaderError", "message": problem.message, "header": problem.header}
    return json_response(400, {"error": {**error, "value": problem.value, "takes": problem.expected}})


def frame_response(response: Response, body: bytes) -> Response:
    """Return a saved response framed for any client; `body` is its bytes."""
    headers, content = _frame("GET", "GET", response.status, drop_hop_by_hop(response.headers), body)
    return replace(response, headers=headers, body=content, http_version="HTTP/1.1", chunks=(), trailers=Headers())


def render_error(status: int, name: str, message: str, hint: Hint | None = None) -> Response:
    """Render an error of Understudy as JSON: `{"error": {"name", "message"}}`.

    A hint is a third member: `{"action": ..., NAME: VALUE, ...}`, with the actions of `proxy/cli/hints.py`.
    """
    return json_response(status, {"error": {"name": name, "message": message, **_hint_member(hint)}})


def read_error_message(response: Response) -> str:
    """Return the message of an error that `render_error` made."""
    return str(json.loads(cast("bytes", response.body))["error"]["message"])


def _hint_member(hint: Hint | None) -> dict[str, object]:
    return {} if hint is None else {"hint": {"action": hint.action, **hint.values}}


def render_refusal(problem: MalformedRequest) -> Response:
    """Render the answer to a malformed request, or to one that is too large."""
    name = REFUSAL_NAMES.get(problem.status, "malformedRequestError")
    return render_error(problem.status, name, problem.message)


def render_simulated_error() -> Response:
    """Render the answer of a call that a simulated fault lets fail."""
    return render_error(503, "simulatedError", "This failure is simulated.")


def json_response(status: int, value: dict[str, Any]) -> Response:
    """Return a response with a JSON body."""
    body = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    headers = Headers.of([("Content-Type", "application/json; charset=utf-8"), ("Content-Length", str(len(body)))])
    return Response(status, headers, body)


def _is_http_2(request: Request, response: Response) -> bool:
    # HTTP/2 frames end a body without a length, and gRPC never sends one.
    is_http_2 = request.http_version.startswith("HTTP/2") and response.http_version.startswith("HTTP/2")
    return is_http_2 and "content-length" not in response.headers


def _can_accept_coding(request: Request, recorded: Request, coding: str) -> bool:
    accepted = request.headers.get_all("accept-encoding")
    return accepted == recorded.headers.get_all("accept-encoding") or can_accept(
        ", ".join(accepted) if accepted else None, coding
    )


def _decode(headers: Headers, body: bytes, coding: str) -> tuple[Headers, bytes]:
    plain = remove_codings(coding, body)
    # Without a result, the API itself sent bytes that are not in the coding of its header: they are kept.
    return (headers, body) if plain is None else (drop_false_digests(headers.drop(("content-encoding",)), plain), plain)


def _frame(method: str, recorded_method: str, status: int, headers: Headers, body: Body) -> tuple[Headers, Body]:
    if status == 204:
        return headers.drop(("content-length",)), b""  # RFC 9110, section 8.6
    if status == 304 or (method == "HEAD" and recorded_method == "HEAD"):
        return headers, b""  # a recorded Content-Length is the size of the body that is not sent
    headers = headers.replace("Content-Length", str(measure_body(body)))
    return headers, b"" if method == "HEAD" else body


def can_accept(accept_encoding: str | None, content_encoding: str | None) -> bool:
    """Return whether a client accepts these codings; without the header it accepts all (RFC 9110, section 12.5.3)."""
    if accept_encoding is None:
        return True
    weights = dict(_parse_weight(item) for item in accept_encoding.lower().split(",") if item.strip())
    default = weights.get("*")
    weights.setdefault("identity", 1.0 if default is None else default)
    return all(weights.get(coding, default or 0.0) > 0 for coding in _split_codings(content_encoding))


def _split_codings(content_encoding: str | None) -> list[str]:
    return [name.strip().lower() for name in (content_encoding or "").split(",") if name.strip()]


def _parse_weight(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0

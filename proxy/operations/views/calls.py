"""Calls to mock servers as JSON."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.views.messages import iso_time, request_json, require_bytes, response_json
from understudy.serving.seen_calls import SeenCall
from understudy.store.model.calls import Call


def call_json(call: Call) -> dict[str, Any]:
    """Return a call without its messages; `example` is null where no example answered."""
    return {
        "id": call.id,
        "at": iso_time(call.at),
        "method": call.request.method,
        "url": call.request.url,
        "status": None if call.response is None else call.response.status,
        "example_id": call.example_id,
        "example": call.example_name if call.example_id is not None else None,
        "decision": call.decision,
        "milliseconds": round(call.duration * 1000, 2),
        "request_size": call.request_size,
        "response_size": call.response_size,
    }


def call_contents_json(call: Call) -> dict[str, Any]:
    """Return a call with its request and its response; that is null where no whole answer was sent."""
    response = call.response
    return {
        **call_json(call),
        "request": request_json(call.request, require_bytes(call.request.body)),
        "response": response and response_json(response, require_bytes(response.body)),
    }


def seen_call_json(call: SeenCall) -> dict[str, Any]:
    """Return a call as `--json-log` writes it: always these members, null where one does not apply."""
    return {
        "at": iso_time(call.at),
        "milliseconds": round(call.duration * 1000, 3),
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "result": str(call.result),
        "mock": call.mock or None,
        "example": call.example if call.example_id is not None else None,
        "example_id": call.example_id,
        "entry": call.entry,
        "note": call.note or None,
        "decision": call.decision or None,
    }


def dropped_json(number: int) -> dict[str, Any]:
    """Return the line of `--json-log` for calls that its reader was too slow for."""
    return {"dropped": number}

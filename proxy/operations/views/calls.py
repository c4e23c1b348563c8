"""Calls to mock servers as JSON."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.views.messages import iso_time, request_json, require_bytes, response_json
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

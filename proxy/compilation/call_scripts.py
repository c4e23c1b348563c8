"""Read the recorded gRPC calls that a replay repeats."""

from __future__ import annotations

from understudy.serving.grpc.script import CallScript, build_script
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


def read_call_script(store: Store, exchange_id: int) -> CallScript:
    """Return the script of a recorded call, with its bodies in memory; raises NotFound or StoreError."""
    exchange = store.history.get(exchange_id)
    response = exchange.response and replace(exchange.response, body=store.bodies.read(exchange.response.body))
    request = replace(exchange.request, body=store.bodies.read(exchange.request.body))
    return build_script(replace(exchange, request=request, response=response), store.history.list_messages(exchange_id))

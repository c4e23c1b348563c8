"""Tests of the compiled bodies of examples."""

from __future__ import annotations

import json

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.index import compile_index
from understudy.matcher.parts.candidate import MAX_KEPT_BODY
from understudy.matcher.settings import POSTMAN, MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.messages import BodyRef, Request
from understudy.store.model.values import replace

REQUIRED = replace(POSTMAN, body=True)
COMPARE, LEAVE_OUT = ("x-mock-match-request-body", "true"), ("x-mock-match-request-body", "false")


def make_body(id: int, size: int, *, batch: bool = False) -> bytes:
    """Return a message of JSON-RPC of about this size."""
    message = {"jsonrpc": "2.0", "id": id, "method": "add", "params": ["x" * size]}
    return json.dumps([message] if batch else message).encode()


def make_post(body: bytes, *fields: tuple[str, str]) -> Request:
    """Return a request with this body."""
    return make_request("POST", "/rpc", headers=fields, body=body, content_type="application/json")


def make_stored_example(body: bytes) -> Example:
    """Return an example whose body lies in the store."""
    reference = BodyRef("ab", len(body))
    return make_example(make_request("POST", "/rpc", body=reference, content_type="application/json"))


@pytest.mark.parametrize("size", [1, MAX_KEPT_BODY])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("settings", "field", "id", "answered"),
    [
        (POSTMAN, COMPARE, 1, True),
        (POSTMAN, COMPARE, 2, False),
        (REQUIRED, COMPARE, 2, False),
        (REQUIRED, LEAVE_OUT, 2, True),
        (replace(REQUIRED, spy=True), COMPARE, 2, True),
    ],
)
def test_id_of_a_stored_body_counts_where_bodies_are_required(
    size: int, batch: bool, settings: MatchSettings, field: tuple[str, str], id: int, answered: bool
) -> None:
    """A body in the store is compared like one that is kept in memory, its JSON-RPC id too."""
    stored = make_body(1, size, batch=batch)
    index = compile_index([make_stored_example(stored)], settings, load_body=lambda _: stored)
    decision = index.decide(make_post(make_body(id, size, batch=batch), field))
    assert (decision.candidate is not None) is answered


def test_settings_lead_to_the_same_two_bodies() -> None:
    """Each change of the settings finds the body that was compiled for them."""
    stored = make_body(1, MAX_KEPT_BODY)
    (own,) = compile_index([make_stored_example(stored)], POSTMAN, load_body=lambda _: stored).candidates
    required = own.apply_settings(REQUIRED)
    assert required.compared_body is not own.compared_body
    assert required.apply_settings(POSTMAN).compared_body is own.compared_body

"""Explaining which example answers a request."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from tests.factories.stored import collect, serve
from understudy.proxy.operations.mock_servers.explain_match import explain_match
from understudy.store.errors import NotFound, UserError
from understudy.store.model.mock_servers import Matching
from understudy.store.repositories.store import Store

GET_A = make_request(target="/a?b=c", origin=None)


def test_a_collection_decides_by_itself(store: Store) -> None:
    collect(store, make_example("/a"))
    decision = explain_match(store, "shop", GET_A, {})
    assert decision.candidate


def test_a_mock_server_decides_by_its_settings(store: Store) -> None:
    serve(store, collect(store, make_example("/a")), "strict", matching=Matching(query="require"))
    assert explain_match(store, "strict", GET_A, {}).candidate is None


def test_settings_change_for_one_request(store: Store) -> None:
    serve(store, collect(store, make_example("/a")), "strict", matching=Matching(query="require"))
    assert explain_match(store, "strict", GET_A, {"query": "off"}).candidate


def test_an_unknown_name_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no mock server or collection 'shop'"):
        explain_match(store, "shop", GET_A, {})


def test_a_request_that_cannot_be_decided_on_is_refused(store: Store) -> None:
    collect(store, make_example("/a"))
    request = make_request(target="/a", headers={"x-mock-response-code": "many"}, origin=None)
    with pytest.raises(UserError):
        explain_match(store, "shop", request, {})

"""Which example of a mock server or collection answers a request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.matcher.decision import Decision
from understudy.matcher.settings import settings_from_matching
from understudy.proxy.compilation.mock_setup import read_mock_setup
from understudy.proxy.operations.mock_servers.mock_servers import find_mock
from understudy.store.errors import UserError
from understudy.store.model.messages import Request
from understudy.store.model.mock_servers import Matching
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


def explain_match(store: Store, mock: str, request: Request, matching: Mapping[str, Any]) -> Decision:
    """Return the decision on a request, as a mock server or a collection by itself takes it.

    `matching` are fields of `Matching` that differ from its settings. The host is compared where the request has an
    origin. Raises NotFound for the mock server, UserError for a request that cannot be decided on.
    """
    setup = read_mock_setup(store, find_mock(store, mock))
    before = setup.mock.matching if setup.mock else Matching()
    private = setup.mock is not None and setup.mock.private
    settings = settings_from_matching(replace(before, **matching), private=private)
    settings = replace(settings, host=request.origin is not None)
    decision = setup.build_index(store.bodies.read, settings).decide(request)
    if decision.problem is not None:
        raise UserError(decision.problem.message)
    return decision

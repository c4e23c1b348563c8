"""Which changes in the store wake a gateway."""

from __future__ import annotations

import pytest

from proxy.edited import concerns
from store.entities import Change, GatewayState, Mode, Subject

COLLECTION = GatewayState(Mode.MOCK, "c")
MOCK = GatewayState(Mode.MOCK, "c", None, "m")


@pytest.mark.parametrize(
    ("change", "to_collection", "to_mock_server"),
    [
        (Change(1, Subject.COLLECTION, "c", "c"), True, True),
        (Change(1, Subject.EXAMPLE, "x", "c"), True, True),
        (Change(1, Subject.EXAMPLE, "x", "other"), False, False),
        (Change(1, Subject.MOCK_SERVER, "m"), False, True),
        (Change(1, Subject.MOCK_SERVER, "other"), False, False),
        (Change(1, Subject.ENVIRONMENT, "e"), False, True),
        (Change(1, Subject.KEY, "k"), False, False),
        (Change(1, Subject.SETTING, "s"), False, False),
    ],
)
def test_what_a_gateway_answers_from(change: Change, to_collection: bool, to_mock_server: bool) -> None:
    assert (concerns(change, COLLECTION), concerns(change, MOCK)) == (to_collection, to_mock_server)


def test_a_gateway_that_answers_nothing_sleeps_on() -> None:
    assert not concerns(Change(1, Subject.COLLECTION, "c", "c"), GatewayState(Mode.PASS))

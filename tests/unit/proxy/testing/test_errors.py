"""Errors as a test sees them."""

from __future__ import annotations

import pytest

from understudy.proxy.testing.errors import name_settings
from understudy.store.errors import Hint, UserError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("there is no session"), "there is no session"),
        (UserError("takes a list", field="ignore_query"), "ignore_query takes a list"),
        (UserError("not a path", field="ignore_body"), "ignore_body: not a path"),
        (UserError("not all", hint=Hint("compare_all_headers")), 'not all; match_header=["*"] compares all'),
        (UserError("no gateway", hint=Hint("start_gateway")), "no gateway"),
    ],
)
def test_an_error_names_the_setting(error: UserError, message: str) -> None:
    with pytest.raises(UserError) as raised, name_settings():
        raise error
    assert str(raised.value) == message

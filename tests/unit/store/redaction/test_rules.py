"""Redaction rules: their forms, and their arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.store.errors import UserError
from understudy.store.model.messages import Response
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import NO_RULES, Rules

RULES = Rules.of(["X-Session"], ["sid"], ["$.user.ssn", "$..pin", "$.a[*].b", "$['a.b']"], ["tok_[a-z]+"])


def test_rules_are_stored_as_json() -> None:
    assert Rules.from_json(RULES.as_json()) == RULES
    assert Rules.from_json({}) == NO_RULES


def test_names_of_headers_ignore_case_and_equal_rules_count_once() -> None:
    assert Rules.of(["X-A", "x-a "], patterns=["a", "a"]) == Rules(frozenset({"x-a"}), patterns=("a",))


def test_a_path_in_another_form_finds_its_place() -> None:
    rules = Rules.of(json=["$['b']"])
    redacted, _ = Redactor(rules).redact_response(Response(200), b'{"b": "x"}')
    assert redacted.body == b'{"b": "REDACTED"}'


def test_adding_and_subtracting() -> None:
    more = Rules.of(["X-More"], patterns=["more"])
    assert (RULES | more | more) - more == RULES
    assert not RULES - RULES
    assert RULES


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"headers": ["two words"]}, "name of a header field"),
        ({"headers": [""]}, "name of a header field"),
        ({"query": [""]}, "name of a parameter"),
        ({"json": ["user.ssn"]}, "path such as"),
        ({"json": ["$"]}, "path such as"),
        ({"json": ["$.a[0]"]}, "path such as"),
        ({"json": ["$.*"]}, "path such as"),
        ({"json": ["$..*"]}, "path such as"),
        ({"json": ["$.a..b"]}, "path such as"),
        ({"patterns": ["("]}, "regular expression"),
        ({"patterns": [""]}, "must not match the empty text"),
        ({"patterns": ["a*"]}, "must not match the empty text"),
    ],
)
def test_a_wrong_rule_is_refused_in_one_line(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        Rules.of(**rules)
    assert "\n" not in str(caught.value)

"""What was found once is found again where no name tells of it."""

from __future__ import annotations

import pytest

from understudy.store.redaction import secret_finder
from understudy.store.redaction.placeholders import Placeholders, mask_secret, replace_by_constant
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder

TOKEN = "a1B2c3D4e5F6"


def finder(rules: Rules = NO_RULES) -> SecretFinder:
    return SecretFinder(rules, Placeholders(b"k"), remembers=True)


def test_a_secret_that_comes_back_has_the_placeholder_that_it_had() -> None:
    one = finder()
    assert one.redact_value(TOKEN, secret=False) is None
    first = one.redact_value(TOKEN, secret=True)
    assert first == one.redact_value(TOKEN, secret=False) == Placeholders(b"k")(TOKEN)
    assert one.find_spans(f"see /a/{TOKEN}/b.") == [(7, 19, "")]
    assert one.find_spans(f'"{TOKEN}"') == [(1, 13, "")]
    assert one.find_spans(f"{TOKEN}x") == []


@pytest.mark.parametrize("value", ["dark", "english-united-states", "123456789012", "short1", "two words and 1 digit"])
def test_what_could_mean_anything_is_not_remembered(value: str) -> None:
    one = finder()
    one.redact_value(value, secret=True)
    assert one.redact_value(value, secret=False) is None


def test_nothing_is_remembered_where_that_is_not_asked_for() -> None:
    one = SecretFinder(NO_RULES, mask_secret)
    one.redact_value(TOKEN, secret=True)
    assert one.redact_value(TOKEN, secret=False) is None


def test_the_oldest_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_finder, "REMEMBERED", 2)
    one = finder()
    for number in range(3):
        one.redact_value(f"{TOKEN}{number}", secret=True)
    assert [one.redact_value(f"{TOKEN}{number}", secret=False) is None for number in range(3)] == [True, False, False]


def test_for_comparing_placeholders_and_what_was_found_are_one() -> None:
    one = finder()
    placeholder = one.redact_value(TOKEN, secret=True)
    assert placeholder
    comparing = one.copy_for_comparing(Rules(query=frozenset({"q"})), replace_by_constant)
    assert comparing.is_secret_field("q")
    assert {comparing.redact_value(value, secret=False) for value in (placeholder, TOKEN)} == {"REDACTED"}


@pytest.mark.parametrize("token", [TOKEN, "a1+/=:.~$!%()*[]{}|^`@#?-_", "A1" * 2048])
@pytest.mark.parametrize("document", ['{"a": "%s"}', '["%s"]', '{"é": "\\n", "%s": 1}', '{"a":"x","b":"%s","c":"y"}'])
def test_a_quick_look_at_a_document_misses_nothing(token: str, document: str) -> None:
    one = finder()
    one.redact_value(token, secret=True)
    assert one.redact_value(token, secret=False) is not None
    assert one.may_find_in_values(document % token)
    assert not one.may_find_in_values('{"a": "something else", "b": [1]}')

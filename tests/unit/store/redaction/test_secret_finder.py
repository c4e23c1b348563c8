"""A secret that was found once is recognised under any name."""

from __future__ import annotations

import pytest

from understudy.store.redaction import secret_finder
from understudy.store.redaction.placeholders import Placeholders, mask_secret, replace_by_constant
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder

TOKEN = "a1B2c3D4e5F6"


def make_finder(rules: Rules = NO_RULES) -> SecretFinder:
    return SecretFinder(rules, Placeholders(b"k"), remembers=True)


def test_a_secret_that_comes_back_has_the_same_placeholder() -> None:
    finder = make_finder()
    assert finder.redact_value(TOKEN, secret=False) is None
    first = finder.redact_value(TOKEN, secret=True)
    assert first == finder.redact_value(TOKEN, secret=False) == Placeholders(b"k")(TOKEN)
    assert finder.find_spans(f"see /a/{TOKEN}/b.") == [(7, 19, "")]
    assert finder.find_spans(f'"{TOKEN}"') == [(1, 13, "")]
    assert finder.find_spans(f"{TOKEN}x") == []


@pytest.mark.parametrize("value", ["dark", "english-united-states", "123456789012", "short1", "two words and 1 digit"])
def test_values_that_can_have_another_meaning_are_not_remembered(value: str) -> None:
    finder = make_finder()
    finder.redact_value(value, secret=True)
    assert finder.redact_value(value, secret=False) is None


def test_by_default_nothing_is_remembered() -> None:
    finder = SecretFinder(NO_RULES, mask_secret)
    finder.redact_value(TOKEN, secret=True)
    assert finder.redact_value(TOKEN, secret=False) is None


def test_the_oldest_secret_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_finder, "REMEMBERED", 2)
    finder = make_finder()
    for number in range(3):
        finder.redact_value(f"{TOKEN}{number}", secret=True)
    assert [finder.redact_value(f"{TOKEN}{number}", secret=False) is None for number in range(3)] == [
        True,
        False,
        False,
    ]


def test_for_comparing_placeholders_and_earlier_secrets_are_equal() -> None:
    finder = make_finder()
    placeholder = finder.redact_value(TOKEN, secret=True)
    assert placeholder
    comparing = finder.copy_for_comparing(Rules(query=frozenset({"q"})), replace_by_constant)
    assert comparing.is_secret_field("q")
    assert {comparing.redact_value(value, secret=False) for value in (placeholder, TOKEN)} == {"REDACTED"}


@pytest.mark.parametrize("token", [TOKEN, "a1+/=:.~$!%()*[]{}|^`@#?-_", "A1" * 2048])
@pytest.mark.parametrize("document", ['{"a": "%s"}', '["%s"]', '{"é": "\\n", "%s": 1}', '{"a":"x","b":"%s","c":"y"}'])
def test_the_fast_check_of_a_document_misses_nothing(token: str, document: str) -> None:
    finder = make_finder()
    finder.redact_value(token, secret=True)
    assert finder.redact_value(token, secret=False) is not None
    assert finder.may_find_in_values(document % token)
    assert not finder.may_find_in_values('{"a": "something else", "b": [1]}')

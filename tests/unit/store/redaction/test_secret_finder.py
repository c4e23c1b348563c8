"""A secret that was found once is recognised under any name."""

from __future__ import annotations

import random
from string import ascii_letters, digits

import pytest

from understudy.store.redaction.placeholders import Placeholders, mask_secret, replace_by_constant
from understudy.store.redaction.recognition import seen_secrets
from understudy.store.redaction.recognition.secret_values import looks_like_secret
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.secret_names import Secrecy

TOKEN = "a1B2c3D4e5F6"


def make_finder(rules: Rules = NO_RULES) -> SecretFinder:
    return SecretFinder(rules, Placeholders(b"k"), remembers=True)


def test_a_secret_that_comes_back_has_the_same_placeholder() -> None:
    finder = make_finder()
    assert finder.redact_value(TOKEN, Secrecy.NONE) is None
    first = finder.redact_value(TOKEN, Secrecy.ALWAYS)
    assert first == finder.redact_value(TOKEN, Secrecy.NONE) == Placeholders(b"k")(TOKEN)
    assert find(finder, f"see /a/{TOKEN}/b.") == [(7, 19)]
    assert find(finder, f'"{TOKEN}"') == [(1, 13)]
    assert find(finder, f"{TOKEN}x, é{TOKEN}") == []


def find(finder: SecretFinder, text: str) -> list[tuple[int, int]]:
    return [edit[:2] for edit in finder.find_edits(text)]


@pytest.mark.parametrize(
    "value",
    [
        *("dark", "english-united-states", "123456789012", "short1", "two words and 1 digit", "january2026"),
        *("2026-01-31T00:00:00Z", "1.25", "https://api.test/oauth/token", "ann@shop.test", "4.19.2-beta.1"),
    ],
)
def test_values_that_can_have_another_meaning_are_not_remembered(value: str) -> None:
    finder = make_finder()
    finder.redact_value(value, Secrecy.ALWAYS)
    assert finder.redact_value(value, Secrecy.NONE) is None


@pytest.mark.parametrize(
    ("characters", "most_missed"),
    [(ascii_letters + digits, 5), (f"{ascii_letters}{digits}-_", 5), ("0123456789abcdef", 5), (ascii_letters, 30)],
)
def test_nearly_all_random_tokens_look_like_secrets(characters: str, most_missed: int) -> None:
    """A few of a thousand are words by chance."""
    chance = random.Random(1)
    tokens = ["".join(chance.choices(characters, k=20)) for _ in range(1_000)]
    assert len([token for token in tokens if not looks_like_secret(token)]) <= most_missed


def test_by_default_nothing_is_remembered() -> None:
    finder = SecretFinder(NO_RULES, mask_secret)
    finder.redact_value(TOKEN, Secrecy.ALWAYS)
    assert finder.redact_value(TOKEN, Secrecy.NONE) is None


def test_the_oldest_secret_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_secrets, "REMEMBERED", 2)
    finder = make_finder()
    for number in range(3):
        finder.redact_value(f"{TOKEN}{number}", Secrecy.ALWAYS)
    assert [finder.redact_value(f"{TOKEN}{number}", Secrecy.NONE) is None for number in range(3)] == [
        True,
        False,
        False,
    ]


def test_for_comparing_placeholders_and_earlier_secrets_are_equal() -> None:
    finder = make_finder()
    placeholder = finder.redact_value(TOKEN, Secrecy.ALWAYS)
    assert placeholder
    comparing = finder.copy_for_comparing(Rules(query=frozenset({"q"})), replace_by_constant)
    assert comparing.classify_field("q") is Secrecy.ALWAYS
    assert {comparing.redact_value(value, Secrecy.NONE) for value in (placeholder, TOKEN)} == {"REDACTED"}


@pytest.mark.parametrize("token", [TOKEN, "a1b+/=:.~$!%()*[]{}|^`@#?-_x9Y", "A1" * 2048])
@pytest.mark.parametrize("document", ['{"a": "%s"}', '["%s"]', '{"é": "\\n", "%s": 1}', '{"a":"x","b":"%s","c":"y"}'])
def test_the_fast_check_of_a_document_misses_nothing(token: str, document: str) -> None:
    finder = make_finder()
    finder.redact_value(token, Secrecy.ALWAYS)
    assert finder.redact_value(token, Secrecy.NONE) is not None
    assert finder.may_find_in_values(document % token)
    assert not finder.may_find_in_values('{"a": "something else", "b": [1]}')


def test_a_password_is_found_between_other_characters() -> None:
    finder = make_finder()
    placeholder = finder.redact_value("Tr0ub4dor&3", Secrecy.ALWAYS)
    assert finder.redact_value("bad login 'ann:Tr0ub4dor&3'.", Secrecy.NONE) == f"bad login 'ann:{placeholder}'."
    assert finder.redact_value("Tr0ub4dor&33", Secrecy.NONE) is None

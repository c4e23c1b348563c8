"""Placeholders have the kind of their secret, are stable, and are recognised."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode

import pytest

from understudy.store.redaction.placeholders import (
    PATTERN,
    Placeholders,
    has_placeholder,
    is_equal_except_secrets,
    is_placeholder,
    mask_secret,
    replace_by_constant,
)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLWJ5dGVz"
TIMED_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE5MDAwMDAwMDAuNSwiaWF0IjoxODAwMDAwMDAwLCJhZG1pbiI6dHJ1ZX0.c2lnbmF0dXJl"
UUID = "3b241101-e2bb-4255-8caf-4136c566a962"
KINDS = [
    ("123456", r"REDACTED-[0-9a-f]{12}"),
    ("0042", r"REDACTED-[0-9a-f]{12}"),
    ("-12.50e-3", r"REDACTED-[0-9a-f]{12}"),
    ("0.25", r"REDACTED-[0-9a-f]{12}"),
    ("7", r"REDACTED-[0-9a-f]{12}"),
    (UUID, r"de1e7ed0-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"),
    (UUID.upper(), r"DE1E7ED0-[0-9A-F]{4}-4[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}"),
    ("9f" * 20, r"de1e7ed[0-9a-f]{33}"),
    ("9F" * 20, r"DE1E7ED[0-9A-F]{33}"),
    (JWT, r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
    (TIMED_JWT, r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
    ("ann.lee@shop.example", r"redacted-[0-9a-f]{12}@example\.com"),
    ("hunter2", r"REDACTED-[0-9a-f]{12}"),
    ("9fAb9fAb9fAb9fAb", r"REDACTED-[0-9a-f]{12}"),
    ("geheim\udcff", r"REDACTED-[0-9a-f]{12}"),
]
SECRETS = [secret for secret, _ in KINDS]
PLACEHOLDERS = Placeholders(b"key of a store")


@pytest.mark.parametrize(("secret", "form"), KINDS)
def test_a_placeholder_has_the_kind_of_its_secret(secret: str, form: str) -> None:
    placeholder = PLACEHOLDERS(secret)
    assert re.fullmatch(form, placeholder)
    assert placeholder != secret


@pytest.mark.parametrize("secret", SECRETS)
def test_equal_secrets_of_a_store_have_equal_placeholders(secret: str) -> None:
    assert Placeholders(b"key of a store")(secret) == PLACEHOLDERS(secret)


@pytest.mark.parametrize("secret", SECRETS)
def test_another_store_has_other_placeholders(secret: str) -> None:
    """So secrets cannot be guessed from placeholders."""
    assert Placeholders(b"another key")(secret) != PLACEHOLDERS(secret)


def test_different_secrets_have_different_placeholders() -> None:
    assert len({PLACEHOLDERS(f"secret {number}") for number in range(10_000)}) == 10_000


def test_the_length_of_the_key_counts() -> None:
    assert Placeholders(b"a")("bsecret") != Placeholders(b"ab")("secret")


@pytest.mark.parametrize("secret", SECRETS)
def test_a_placeholder_is_recognised_and_stays(secret: str) -> None:
    placeholder = PLACEHOLDERS(secret)
    assert is_placeholder(placeholder)
    assert PLACEHOLDERS(placeholder) == placeholder
    assert mask_secret(placeholder) == placeholder
    assert re.sub(PATTERN, "X", f"a {placeholder}, b") == "a X, b"
    assert has_placeholder(f"/bot{placeholder}/x".encode())


@pytest.mark.parametrize("text", ["", "REDACTE", "REDACTEDX", "redacted", "de1e7ed", "deleted", JWT, UUID])
def test_other_texts_are_no_placeholders(text: str) -> None:
    assert not is_placeholder(text)


def test_logs_and_comparisons_have_one_word_for_all_secrets() -> None:
    assert (mask_secret("hunter2"), replace_by_constant("hunter2"), replace_by_constant(PLACEHOLDERS("hunter2"))) == (
        "REDACTED",
    ) * 3


P, Q = PLACEHOLDERS("hunter2"), PLACEHOLDERS(UUID)


@pytest.mark.parametrize(
    ("expected", "text", "fits"),
    [
        ("a b", "a b", True),
        ("a b", "a c", False),
        (P, "anything", True),
        (P, P, True),
        (P, "", False),
        (f"key {P}.", "key x.", True),
        (f"key {P}.", "key .", False),
        (f"key {P}.", "key x", False),
        (f"{P}-{Q}", "a-b", True),
        (f"{P}-{Q}", "a-b-c", True),
        (f"{P}-{Q}", "ab", False),
        (f"{P}ab{Q}", "xabab", True),
        (f"{P}ab{Q}", "ab", False),
        (f"ab{P}ba", "aba", False),
    ],
)
def test_a_placeholder_equals_any_value(expected: str, text: str, fits: bool) -> None:
    assert is_equal_except_secrets(expected, text) is fits


def test_the_placeholder_of_a_jwt_keeps_its_times_and_no_other_claim() -> None:
    claims = json.loads(urlsafe_b64decode(PLACEHOLDERS(TIMED_JWT).split(".")[1] + "=="))
    assert re.fullmatch("[0-9a-f]{12}", claims.pop("redacted"))
    assert claims == {"exp": 1_900_000_000, "iat": 1_800_000_000}


@pytest.mark.parametrize("claims", ["eyJ", "e30", "W10", "bm9uZQ", "_____w", "W1tb" * 10_000, "W1tb" * 20_000])
def test_a_jwt_whose_claims_cannot_be_read_has_a_placeholder_without_times(claims: str) -> None:
    assert is_placeholder(PLACEHOLDERS(f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"))


def test_a_placeholder_of_an_earlier_version_is_recognised() -> None:
    assert is_placeholder("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyZWRhY3RlZCI6IjAxMjM0NTY3ODlhYiIgfQ.UkVEQUNURUQ")

"""Names of secrets."""

from __future__ import annotations

import pytest

from understudy.store.redaction.secret_names import (
    SECRET_ENDINGS,
    SECRET_WORDS,
    has_secret_texts,
    is_secret_name,
    may_have_secret_names,
)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "Api-Key",
        "apikey",
        "apiKey",
        "x-rapidapi-key",
        "X-RapidAPI-Key",
        "X-Auth-Token",
        "PRIVATE-TOKEN",
        "X-XSRF-TOKEN",
        "X-Hub-Signature-256",
        "Ocp-Apim-Subscription-Key",
        "X-Amz-Security-Token",
        "token",
        "access_token",
        "accessToken",
        "accesstoken",
        "refresh_token",
        "id_token",
        "developer-token",
        "client_secret",
        "password",
        "Password1",
        "new_password",
        "user[password]",
        "password_confirmation",
        "passwd",
        "pwd",
        "sig",
        "userSig",
        "signature",
        "jwt",
        "secretAccessKey",
    ],
)
def test_a_secret_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "7",
        "ключ",
        "Host",
        "key",
        "public_key",
        "Idempotency-Key",
        "Sec-WebSocket-Key",
        "tokens",
        "max_tokens",
        "total_tokens",
        "prompt_tokens",
        "x-ratelimit-remaining-tokens",
        "prompt_tokens_details",
        "max_token",
        "cost_per_token",
        "next_page_token",
        "nextPageToken",
        "nextpagetoken",
        "page_token",
        "paginationToken",
        "NextToken",
        "continuation-token",
        "syncToken",
        "$skiptoken",
        "token_type",
        "token_expires_in",
        "secret_name",
        "password_reset_url",
        "Signature-Input",
        "config",
        "design",
    ],
)
def test_a_name_that_is_not_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_texts_under_a_plural_are_secrets() -> None:
    assert has_secret_texts("tokens")
    assert not has_secret_texts("items")


@pytest.mark.parametrize("name", [*SECRET_ENDINGS, *sorted(SECRET_WORDS)])
def test_the_fast_check_recognises_all_secret_names(name: str) -> None:
    assert may_have_secret_names(f'{{"{name.upper()}": 1}}'.encode("utf-16"))


def test_the_fast_check_ignores_separators_and_escapes() -> None:
    assert may_have_secret_names(b"to_ke-n")
    assert may_have_secret_names(rb"\u0074oken")
    assert not may_have_secret_names(b'{"name": "Ann"}')

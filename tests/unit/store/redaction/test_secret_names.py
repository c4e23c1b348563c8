"""Names of secrets."""

from __future__ import annotations

import pytest

from understudy.store.redaction.secret_names import (
    ALWAYS_ENDINGS,
    ALWAYS_WORDS,
    LOOKS_ENDINGS,
    LOOKS_WORDS,
    SECRET_ENDINGS,
    SECRET_WORDS,
    Secrecy,
    classify_container,
    classify_name,
    json_may_have_secret_names,
    may_have_secret_names,
)


@pytest.mark.parametrize(
    "name",
    [
        "X-Api-Key",
        "Api-Key",
        "apikey",
        "apiKey",
        "x-rapidapi-key",
        "X-RapidAPI-Key",
        "client_secret",
        "password",
        "Password1",
        "new_password",
        "user[password]",
        "password_confirmation",
        "passwd",
        "pwd",
        "pin",
        "otp",
        "DB_PASS",
        "code_verifier",
        "device_code",
        "verification_code",
        "rsa_private_key",
        "passwordRepeat",
        "totp_code",
        "2fa_code",
        "password_value",
        "private_key_pem",
        "NEW_PASS",
    ],
)
def test_a_name_whose_value_is_always_secret(name: str) -> None:
    assert classify_name(name) is Secrecy.ALWAYS


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "Set-Cookie",
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
        "next_auth_token",
        "sig",
        "userSig",
        "signature",
        "jwt",
        "secretAccessKey",
        "key",
        "code",
        "secret_id",
        "_csrf",
        "SAMLResponse",
        "client_assertion",
        "auth",
        "client-key-data",
        "secret_key_base",
        "keys_base64",
        "SecretString",
        "SECRET_HASH",
        "forgotPassword",
    ],
)
def test_a_name_whose_value_is_secret_if_it_looks_like_one(name: str) -> None:
    assert classify_name(name) is Secrecy.BY_LOOKS


@pytest.mark.parametrize(
    "name",
    [
        "",
        "7",
        "ключ",
        "Host",
        "public_key",
        "Idempotency-Key",
        "Sec-WebSocket-Key",
        "sec-websocket-key",
        "sort_key",
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
        "nextForwardToken",
        "continuation-token",
        "syncToken",
        "$skiptoken",
        "token_type",
        "token_expires_in",
        "secret_name",
        "password_reset_url",
        "Signature-Input",
        "country_code",
        "pinned",
        "shipping",
        "config",
        "design",
        "boarding_pass",
        "proxy_pass",
        "token_string",
        "tokenValue",
        "pin_value",
        "public_key_data",
        "data",
        "base64",
        "always-auth",
        "ClientRequestToken",
        "ChangeToken",
        "DkimTokens",
        "S3Key",
    ],
)
def test_a_name_that_is_not_secret(name: str) -> None:
    assert classify_name(name) is Secrecy.NONE


def test_texts_directly_below_a_plural_have_the_secrecy_of_the_singular() -> None:
    assert classify_container("tokens") is Secrecy.BY_LOOKS
    assert classify_container("passwords") is Secrecy.ALWAYS
    assert classify_container("items") is Secrecy.NONE


@pytest.mark.parametrize("name", ["auth", "code", "node_modules/cookie", "https://api.test/token"])
def test_a_container_of_this_name_holds_no_secrets_by_it(name: str) -> None:
    assert classify_container(name) is Secrecy.NONE


def test_the_tables_do_not_overlap() -> None:
    assert not set(ALWAYS_ENDINGS) & set(LOOKS_ENDINGS)
    assert not ALWAYS_WORDS & LOOKS_WORDS


@pytest.mark.parametrize("name", [*SECRET_ENDINGS, *sorted(SECRET_WORDS)])
def test_the_fast_checks_recognise_all_secret_names(name: str) -> None:
    assert json_may_have_secret_names(f'{{"{name.upper()}": 1}}'.encode("utf-16"))
    assert json_may_have_secret_names(f'{{"{name.upper()}": 1}}'.encode())
    assert may_have_secret_names(f"x-{name}=1".encode())


@pytest.mark.parametrize(
    "document",
    [
        rb'{"\u0074oken": 1}',
        rb'{"body": "{\"password\": \"x\"}"}',
        b'{"next": "/a?token=b"}',
        rb'{"query": "{ login(password: \"x\") }"}',
        b'{"name": "password", "value": "x"}',
        b'{"kind": "Secret"}',
        b'{"tokens": ["x"]}',
    ],
)
def test_the_fast_check_of_json_recognises_names_in_texts(document: bytes) -> None:
    assert json_may_have_secret_names(document)


def test_the_fast_check_of_json_knows_names_from_words() -> None:
    assert not json_may_have_secret_names(
        b'{"name": "Ann", "note": "the secret key", "page_token": "x", "shipping": 1}'
    )

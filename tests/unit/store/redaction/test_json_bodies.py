"""The redaction of JSON text changes only its secrets."""

from __future__ import annotations

import json

import pytest

from understudy.store.redaction.json_bodies import find_json_edits
from understudy.store.redaction.placeholders import mask_secret, replace_by_constant
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import apply_edits


def redact_json(body: bytes, rules: Rules = NO_RULES) -> tuple[bytes, frozenset[str]]:
    edits, paths = find_json_edits(body, SecretFinder(rules, mask_secret)) or ([], frozenset[str]())
    return apply_edits(body, edits) if edits else body, paths


@pytest.mark.parametrize(
    ("text", "redacted", "paths"),
    [
        ('{"password": "t"}', '{"password": "REDACTED"}', {"$.password"}),
        ('{"password": 1.50}', '{"password": "REDACTED"}', {"$.password"}),
        ('{"password":"a","password":"b"}', '{"password":"REDACTED","password":"REDACTED"}', {"$.password"}),
        (' {"a" :\n[ {"pwd"\t: "x" } ], "n":1.0e0}', ' {"a" :\n[ {"pwd"\t: "REDACTED" } ], "n":1.0e0}', {"$.a[*].pwd"}),
        ('[{"otp":"1"},{"otp":"2"}]', '[{"otp":"REDACTED"},{"otp":"REDACTED"}]', {"$[*].otp"}),
        (r'{"password":"\"}","b":"\\"}', r'{"password":"REDACTED","b":"\\"}', {"$.password"}),
        (r'{"\u0070assword":"t"}', r'{"\u0070assword":"REDACTED"}', {"$.password"}),
        ('{"a.b":{"password":"t"}}', '{"a.b":{"password":"REDACTED"}}', {"$['a.b'].password"}),
        ('{"a":{"b\'":{"password":"t"}}}', '{"a":{"b\'":{"password":"REDACTED"}}}', {"$.a['b'''].password"}),
        ('{"é":{"password":"ü"},"ö":1}', '{"é":{"password":"REDACTED"},"ö":1}', {"$['é'].password"}),
        (
            '{"tokens":{"access":"Kq3xV8mZ2rTw6LbN","ttl":9,"tokenUrl":"https://a.test/oauth/token"}}',
            '{"tokens":{"access":"REDACTED","ttl":9,"tokenUrl":"https://a.test/oauth/token"}}',
            {"$.tokens.access"},
        ),
        (
            '{"passwords":["a",["b"],{"c":"d"}]}',
            '{"passwords":["REDACTED",["REDACTED"],{"c":"d"}]}',
            {"$.passwords[*]", "$.passwords[*][*]"},
        ),
        (
            '{"token":"short","key":1,"tokens":[1,"x"],"secret":"Kq3xV8mZ2rTw6LbN"}',
            '{"token":"short","key":1,"tokens":[1,"x"],"secret":"REDACTED"}',
            {"$.secret"},
        ),
        ('{"token":"Kq3xV8mZ2rTw6LbN","has_more":true}', '{"token":"Kq3xV8mZ2rTw6LbN","has_more":true}', set()),
        (r'{"a":"{\"pin\":\"1\"}"}', r'{"a":"{\"pin\":\"REDACTED\"}"}', {"$.a"}),
        ('{"password":"a","max_tokens":5}', '{"password":"REDACTED","max_tokens":5}', {"$.password"}),
    ],
)
def test_only_secret_values_change(text: str, redacted: str, paths: set[str]) -> None:
    assert redact_json(text.encode()) == (redacted.encode(), frozenset(paths))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        '"token"',
        '{"token": null, "has_password": true, "secret": ""}',
        '{"max_tokens": 5, "usage": {"total_tokens": 7}, "next_page_token": "abc"}',
        '{"token": "cut o',
        '{"token": "t",}',
        "{'token': 't'}",
        '{"token": "t"} trailing',
        '{"note": "the \\"token\\": is text"}',
    ],
)
def test_a_body_without_secrets_or_without_json_stays_the_same_object(text: str) -> None:
    body = text.encode()
    assert redact_json(body)[0] is body


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16", "utf-32-be"])
def test_the_encoding_of_the_text_stays(encoding: str) -> None:
    body, _ = redact_json('{"password": "t", "ü": 1}'.encode(encoding))
    assert body == '{"password": "REDACTED", "ü": 1}'.encode(encoding)


def test_bytes_that_are_not_utf8_stay() -> None:
    assert redact_json(b'{"password": "t", "n": "\xff"}')[0] == b'{"password": "REDACTED", "n": "\xff"}'


def test_numbers_longer_than_python_reads_do_not_hide_a_secret() -> None:
    body, paths = redact_json(b'{"password": "t", "n": ' + b"9" * 5000 + b"}")
    assert json.loads(body, parse_int=str)["password"] == "REDACTED"
    assert paths == {"$.password"}


@pytest.mark.parametrize("opening", ["[", '{"password":'])
def test_100000_levels_stay_as_they_are(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    body = (opening * 100_000 + '{"password":"t"}' + closing * 100_000).encode()
    assert redact_json(body)[0] is body


def test_a_text_of_5_million_characters_is_redacted() -> None:
    body = json.dumps({"password": '\\"' * 1_000_000, "rows": [{"id": n} for n in range(100_000)]}).encode()
    redacted, _ = redact_json(body)
    assert json.loads(redacted)["password"] == "REDACTED"


@pytest.mark.parametrize(
    "body",
    ['{"echo": "a1B2c3D4e5F6", "password": "a1B2c3D4e5F6"}', '{"password": "a1B2c3D4e5F6", "a": ["a1B2c3D4e5F6"]}'],
)
def test_a_secret_is_found_under_other_names_of_its_document(body: str) -> None:
    finder = SecretFinder(NO_RULES, replace_by_constant, remembers=True)
    found = find_json_edits(body.encode(), finder)
    assert found is not None
    assert len(found[0]) == 2

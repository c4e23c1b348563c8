"""The redaction of JSON text changes only its secrets."""

from __future__ import annotations

import json

import pytest

from understudy.store.redaction.json_bodies import find_json_edits
from understudy.store.redaction.placeholders import mask_secret
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.redaction.secret_finder import SecretFinder
from understudy.store.redaction.text_edits import apply_edits


def redact_json(body: bytes, rules: Rules = NO_RULES) -> tuple[bytes, frozenset[str]]:
    edits, paths = find_json_edits(body, SecretFinder(rules, mask_secret)) or ([], frozenset[str]())
    return apply_edits(body, edits) if edits else body, paths


@pytest.mark.parametrize(
    ("text", "redacted", "paths"),
    [
        ('{"token": "t"}', '{"token": "REDACTED"}', {"$.token"}),
        ('{"token": 1.50}', '{"token": "REDACTED"}', {"$.token"}),
        ('{"token":"a","token":"b"}', '{"token":"REDACTED","token":"REDACTED"}', {"$.token"}),
        (' {"a" :\n[ {"pwd"\t: "x" } ], "n":1.0e0}', ' {"a" :\n[ {"pwd"\t: "REDACTED" } ], "n":1.0e0}', {"$.a[*].pwd"}),
        ('[{"otp":"1"},{"otp":"2"}]', '[{"otp":"REDACTED"},{"otp":"REDACTED"}]', {"$[*].otp"}),
        (r'{"token":"\"}","b":"\\"}', r'{"token":"REDACTED","b":"\\"}', {"$.token"}),
        (r'{"\u0074oken":"t"}', r'{"\u0074oken":"REDACTED"}', {"$.token"}),
        ('{"a.b":{"token":"t"}}', '{"a.b":{"token":"REDACTED"}}', {"$['a.b'].token"}),
        ('{"a":{"b\'":{"token":"t"}}}', '{"a":{"b\'":{"token":"REDACTED"}}}', {"$.a['b'''].token"}),
        ('{"é":{"token":"ü"},"ö":1}', '{"é":{"token":"REDACTED"},"ö":1}', {"$['é'].token"}),
        ('{"tokens":{"access":"a","ttl":9}}', '{"tokens":{"access":"REDACTED","ttl":9}}', {"$.tokens.access"}),
        ('{"secrets":["a",["b"]]}', '{"secrets":["REDACTED",["REDACTED"]]}', {"$.secrets[*]", "$.secrets[*][*]"}),
        ('{"token":"a","max_tokens":5}', '{"token":"REDACTED","max_tokens":5}', {"$.token"}),
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
    body, _ = redact_json('{"token": "t", "ü": 1}'.encode(encoding))
    assert body == '{"token": "REDACTED", "ü": 1}'.encode(encoding)


def test_bytes_that_are_not_utf8_stay() -> None:
    assert redact_json(b'{"token": "t", "n": "\xff"}')[0] == b'{"token": "REDACTED", "n": "\xff"}'


def test_numbers_longer_than_python_reads_do_not_hide_a_secret() -> None:
    body, paths = redact_json(b'{"token": "t", "n": ' + b"9" * 5000 + b"}")
    assert json.loads(body, parse_int=str)["token"] == "REDACTED"
    assert paths == {"$.token"}


@pytest.mark.parametrize("opening", ["[", '{"token":'])
def test_100000_levels_stay_as_they_are(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    body = (opening * 100_000 + '{"token":"t"}' + closing * 100_000).encode()
    assert redact_json(body)[0] is body


def test_a_text_of_5_million_characters_is_redacted() -> None:
    body = json.dumps({"token": '\\"' * 1_000_000, "rows": [{"id": n} for n in range(100_000)]}).encode()
    redacted, _ = redact_json(body)
    assert json.loads(redacted)["token"] == "REDACTED"

"""Secrets that are recognised by their form. No real secret is among these samples."""

from __future__ import annotations

import logging

import pytest

from understudy.store.redaction.secret_patterns import BUILT_IN_PATTERNS, SecretPatterns

DIGITS = "a1B2c3D4e5" * 6
SAMPLES = {
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "AWS access key id": "AKIA" + "ABCDEFGH234567XY",
    "OpenAI or Anthropic key": "sk-proj-" + DIGITS[:24],
    "Stripe key": "sk_" + "live_" + DIGITS[:24],
    "GitHub token": "ghp_" + DIGITS[:36],
    "GitLab token": "glpat-" + DIGITS[:20],
    "Slack token": "xoxb-" + "1234567890-" + DIGITS[:24],
    "Slack webhook": DIGITS[:24],
    "Google API key": "AIza" + DIGITS[:35],
    "Google OAuth token": "ya29." + DIGITS[:40],
    "SendGrid key": "SG." + DIGITS[:22] + "." + DIGITS[:43],
    "Telegram bot token": "123456789:AA" + DIGITS[:33],
    "Understudy key": "usk_" + DIGITS[:43],
    "npm token": "npm_" + DIGITS[:36],
    "PyPI token": "pypi-" + DIGITS[:50],
    "Hugging Face token": "hf_" + DIGITS[:34],
    "Vault token": "hvs." + DIGITS[:24],
    "Docker token": "dckr_pat_" + DIGITS[:27],
    "Google client secret": "GOCSPX-" + DIGITS[:28],
    "Shopify token": "shpat_" + "0a" * 16,
    "DigitalOcean token": "dop_v1_" + "0a" * 32,
    "Databricks token": "dapi" + "0a" * 16,
    "Grafana token": "glsa_" + DIGITS[:32] + "_" + "0a" * 4,
    "xAI or Groq key": "gsk_" + DIGITS[:52],
    "Linear or Notion key": "lin_api_" + DIGITS[:40],
    "Atlassian token": "ATATT3" + DIGITS[:60],
    "Authorization in a text": DIGITS[:20],
    "signature in a URL": "0a" * 32,
    "private key": "\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4\n",
    "password in a URL": "hunter2",
}
AROUND = {
    "Slack webhook": ("https://hooks.slack.com/services/T0ABCDEF1/B0ABCDEF1/", ""),
    "Authorization in a text": ("curl -H 'authorization: Bearer ", "' https://api.example"),
    "signature in a URL": ("https://b.example/k?X-Amz-Signature=", "&a=b"),
    "private key": ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"),
    "password in a URL": ("postgres://ann:", "@db.example:5432/shop"),
}
PATTERNS = SecretPatterns()


def test_each_built_in_pattern_has_a_sample() -> None:
    assert [name for name, *_ in BUILT_IN_PATTERNS] == list(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(("before", "after"), [("", ""), ('{"text": "', '"}'), ("key ", ", and more"), ("k=", "&b=2")])
def test_the_secret_alone_is_found(name: str, before: str, after: str) -> None:
    start, end = AROUND.get(name, ("", ""))
    text = f"{before}{start}{SAMPLES[name]}{end}{after}"
    [(span_start, span_end, _)] = PATTERNS.find_spans(text)
    assert text[span_start:span_end] == SAMPLES[name]


@pytest.mark.parametrize(
    "text",
    [
        "task-force-of-twenty-or-more-people",
        "https://sk-learn.example/a-page-about-something",
        "desk-aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "eyJhbGciOiJIUzI1NiJ9",
        "AKIA is how they begin",
        "MAKIAABCDEFGH234567XY",
        "ghp_short",
        "12:30:AA",
        "http://127.0.0.1:8080/users/a@b",
        "mailto:ann@shop.example",
        "-----BEGIN PUBLIC KEY-----\nMIIBOgIBAAJBAKj34GkxFhD9\n-----END PUBLIC KEY-----",
        "it says ://:@ and nothing",
        "Authorization: Bearer YOUR_ACCESS_TOKEN",
        "Authorization: Bearer short1",
    ],
)
def test_texts_similar_to_secrets_stay(text: str) -> None:
    assert PATTERNS.find_spans(text) == []


def test_patterns_of_users_match_as_a_whole_or_by_their_group_named_secret() -> None:
    patterns = SecretPatterns([r"tok_[a-z]{4}", r"pin=(?P<secret>\d+)"], built_in=False)
    assert [(start, end) for start, end, _ in patterns.find_spans("tok_abcd pin=123 sk-" + DIGITS)] == [
        (0, 8),
        (13, 16),
    ]


def test_of_overlapping_matches_the_first_and_longest_counts() -> None:
    assert [(start, end) for start, end, _ in SecretPatterns(["abc", "abcde", "cdef"]).find_spans("abcdef")] == [(0, 5)]


@pytest.mark.parametrize(
    "text", ["://" + ":" * 50_000, "-----BEGIN PRIVATE KEY-----" * 2_000, "eyJ" * 30_000, "sk-" * 30_000]
)
def test_no_text_makes_the_built_in_patterns_slow(text: str) -> None:
    """The search ends before the time limit of the test."""
    PATTERNS.find_spans(text)


def test_a_pattern_that_takes_too_long_finds_the_whole_text(caplog: pytest.LogCaptureFixture) -> None:
    """A warning is logged once, and other patterns still work."""
    slow, text = "(?P<secret>(b|b)+)$", "b" * 60 + "c"
    patterns = SecretPatterns([slow, "c"])
    with caplog.at_level(logging.WARNING):
        assert [patterns.find_spans(text) for _ in range(2)] == [[(0, 61, slow)]] * 2
    assert caplog.text.count("takes too long") == 1
    assert [span[:2] for span in patterns.find_spans("abc")] == [(2, 3)]

"""Patterns of secrets: keys and tokens with a form of their own, which are recognised under any name."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from understudy.store.redaction.placeholders import PATTERN

if TYPE_CHECKING:
    import regex

logger = logging.getLogger(__name__)

SECRET_GROUP = "secret"
"""The name of the group that holds the secret; a pattern without it finds all it matches."""

# Name, stems and pattern. Each secret of the form contains one of the stems, which are fast to look for.
BUILT_IN_PATTERNS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # RFC 7519: header and claims both begin with {" in base 64.
    ("JSON Web Token", ("eyJ",), r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    ("AWS access key id", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("OpenAI or Anthropic key", ("sk-",), r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}"),
    (
        "Stripe key",
        ("k_live_", "k_test_", "whsec_"),
        r"(?<![A-Za-z0-9])(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9+/=]{10,}",
    ),
    (
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?<![A-Za-z0-9])(?:gh[opusr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    ("GitLab token", ("glpat-",), r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20,}"),
    ("Slack token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    (
        "Slack webhook",
        ("/services/T",),
        r"/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/(?P<secret>[A-Za-z0-9]{16,})",
    ),
    ("Google API key", ("AIza",), r"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    ("Google OAuth token", ("ya29.",), r"(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,}"),
    (
        "SendGrid key",
        ("SG.",),
        r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}(?![A-Za-z0-9_-])",
    ),
    ("Telegram bot token", (":AA",), r"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    ("Understudy key", ("usk_",), r"(?<![A-Za-z0-9])usk_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    ("npm token", ("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    ("PyPI token", ("pypi-",), r"(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{50,}"),
    ("Hugging Face token", ("hf_",), r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
    ("Vault token", ("hvs.", "hvb.", "hvr."), r"(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{24,}"),
    ("Docker token", ("dckr_pat_",), r"(?<![A-Za-z0-9])dckr_pat_[A-Za-z0-9_-]{20,}"),
    ("Google client secret", ("GOCSPX-",), r"(?<![A-Za-z0-9])GOCSPX-[A-Za-z0-9_-]{20,}"),
    (
        "Shopify token",
        ("shpat_", "shpca_", "shppa_", "shpss_"),
        r"(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    ),
    ("DigitalOcean token", ("_v1_",), r"(?<![A-Za-z0-9])do[opr]_v1_[0-9a-f]{64}"),
    ("Databricks token", ("dapi",), r"(?<![A-Za-z0-9])dapi[0-9a-f]{32}(?![A-Za-z0-9])"),
    ("Grafana token", ("glsa_",), r"(?<![A-Za-z0-9])glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("xAI or Groq key", ("xai-", "gsk_"), r"(?<![A-Za-z0-9])(?:xai-|gsk_)[A-Za-z0-9]{40,}"),
    ("Linear or Notion key", ("lin_api_", "ntn_"), r"(?<![A-Za-z0-9])(?:lin_api|ntn)_[A-Za-z0-9]{32,}"),
    ("Atlassian token", ("ATATT3",), r"(?<![A-Za-z0-9])ATATT3[A-Za-z0-9_=-]{50,}"),
    # A field of a request in a text, such as a command line (RFC 9110, section 11.6.2). Words alone stand for a value.
    (
        "Authorization in a text",
        ("uthorization: ",),
        r"(?i:authorization): +(?i:bearer|basic|token) +(?P<secret>(?=[A-Za-z+/=._~-]*[0-9])[A-Za-z0-9+/=._~-]{16,})",
    ),
    # Signed URLs in texts; in a query, names such as X-Amz-Signature are secret.
    (
        "signature in a URL",
        ("-Signature=",),
        r"(?<=-Signature=)[0-9a-fA-F]{64,}",
    ),
    # RFC 7468, and PGP (RFC 4880, section 6.2); in JSON its line ends are written \n. Its content ends at two dashes,
    # so that no text is read twice.
    (
        "private key",
        ("PRIVATE KEY",),
        r"-----BEGIN (?:[A-Z]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
        r"(?P<secret>(?:[A-Za-z0-9+/=\s\\:,.]|-(?!-)){16,16384})-----END ",
    ),
    # user:password@ before a host (RFC 3986, section 3.2.1).
    ("password in a URL", ("@",), r"://[^\s/?#@:\"'<>]{0,256}:(?P<secret>[^\s/?#@\"'<>]{1,256})@(?=[^\s/])"),
)


_STEMS = tuple(stem for _, stems, _ in BUILT_IN_PATTERNS for stem in stems)


# The processor time that a user's pattern may take for a text: some take exponential time, such as "(a|a)+$".
TIMEOUT_SECONDS = 0.2
TIMEOUT_SECONDS_PER_CHARACTER = 2e-6


class SecretPatterns:
    """The built-in patterns, with `built_in`, and the regular expressions of a user.

    Raises ValueError for a text that is not a regular expression. If a user's pattern takes too long for a text, the
    whole text counts as a secret.
    """

    def __init__(self, others: Iterable[str] = (), *, built_in: bool = True) -> None:
        self._built_in = built_in
        self._others = [re.compile(other) if other == PATTERN else _compile_interruptible(other) for other in others]

    def may_match(self, text: str) -> bool:
        """Whether a pattern may match in a text: a fast check without false negatives."""
        if self._others:
            return True
        if self._built_in:
            for stem in _STEMS:
                if stem in text:
                    return True
        return False

    @property
    def may_need_ends(self) -> bool:
        """Whether a pattern may need the ends of a value: those of a user. No built-in pattern does."""
        return bool(self._others)

    def find_spans(self, text: str) -> list[tuple[int, int, str]]:
        """Return start and end of each secret, in order and without overlap, with the pattern that found it."""
        compiled = _compile_built_in() if self._built_in else ()
        built_in = dict.fromkeys([pattern for stem, pattern in compiled if stem in text])
        if not built_in and not self._others:
            return []
        spans = [span for pattern in built_in for span in _find_spans(pattern, pattern.finditer(text))]
        return drop_overlaps(
            [*spans, *(span for pattern in self._others for span in _find_with_timeout(pattern, text))]
        )


@cache
def _compile_built_in() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each stem with the pattern whose secrets contain it."""
    return tuple((stem, re.compile(pattern)) for _, stems, pattern in BUILT_IN_PATTERNS for stem in stems)


def drop_overlaps(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the spans in order: of two that overlap the first, of two with the same start the longer."""
    kept: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


@cache
def _compile_interruptible(pattern: str) -> regex.Pattern[str]:
    import regex  # slow to import, and most stores have no patterns

    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(str(error)) from error


def _find_with_timeout(pattern: re.Pattern[str] | regex.Pattern[str], text: str) -> list[tuple[int, int, str]]:
    if isinstance(pattern, re.Pattern):
        return list(_find_spans(pattern, pattern.finditer(text)))
    patience = TIMEOUT_SECONDS + TIMEOUT_SECONDS_PER_CHARACTER * len(text)
    try:
        return list(_find_spans(pattern, pattern.finditer(text, timeout=patience)))
    except TimeoutError:
        _warn_slow(pattern.pattern)
        return [(0, len(text), pattern.pattern)]


@cache  # logged once, because log lines are redacted by the same patterns
def _warn_slow(pattern: str) -> None:
    logger.warning("the redaction pattern %s takes too long for some texts; these are redacted as a whole", pattern)


def _find_spans(
    pattern: re.Pattern[str] | regex.Pattern[str], matches: Iterable[re.Match[str] | regex.Match[str]]
) -> Iterator[tuple[int, int, str]]:
    group: str | int = SECRET_GROUP if SECRET_GROUP in pattern.groupindex else 0
    for match in matches:
        start, end = match.span(group)
        if start < end:  # an empty match is no secret
            yield start, end, pattern.pattern

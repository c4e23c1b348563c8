"""Names of secrets: one rule for header fields, query parameters, form fields and JSON members, with its tables.

A name is split into words at all characters other than letters and digits, and at each change to upper case; numbers at
its end do not count. It is secret if its joined words end in one of `SECRET_ENDINGS`, or its last word is in
`SECRET_WORDS`.
"""

from __future__ import annotations

import re
from functools import lru_cache

SECRET_ENDINGS = (
    "token",  # bearer credentials of every make: access_token (RFC 6749), X-Auth-Token, csrfToken, Private-Token
    "secret",  # client_secret (RFC 6749, section 2.3.1)
    "password",  # RFC 6749, section 4.3.2, and every login form
    "passwd",
    "passphrase",
    "passcode",
    "passwordconfirmation",  # sign-up forms send a password twice; Rails
    "passwordconfirm",
    "passwordhash",  # can be attacked off-line
    "apikey",  # X-Api-Key, api_key, x-rapidapi-key
    "accesskey",  # AWS secret_access_key
    "accountkey",  # Azure storage
    "applicationkey",  # Datadog
    "authkey",  # Cloudflare X-Auth-Key
    "functionskey",  # Azure functions
    "masterkey",
    "privatekey",
    "secretkey",
    "signingkey",
    "understudykey",  # X-Understudy-Key
    "subscriptionkey",  # Azure Ocp-Apim-Subscription-Key
    "signature",  # a signed URL is a key to what it names: X-Amz-Signature, X-Goog-Signature
    "credential",
    "authorization",  # RFC 9110, section 11.6.2, and services that echo headers in JSON
    "cookie",
)

SECRET_WORDS = frozenset(
    {
        "sig",  # Azure shared access signatures
        "pwd",  # WordPress and many login forms
        "jwt",  # RFC 7519
        "otp",  # one-time passwords
        "totp",
    }
)

# A `token` after one of these is a position in a list: without it, all pages of a list would be the same request.
PAGING_WORDS = (
    "page",
    "paging",
    "pagination",
    "next",
    "previous",
    "continuation",
    "continue",
    "cursor",
    "sync",
    "skip",
    "delta",
    "resume",
    "scroll",
)

# A `token` after one of these is a count or a price of the tokens of a language model.
COUNTING_WORDS = frozenset({"max", "min", "num", "per", "total", "count"})

# Each secret name contains one of these, so a text without them contains no secret name.
_STEMS = tuple(stem.encode() for stem in (*SECRET_ENDINGS, *sorted(SECRET_WORDS)))
_NO_LETTERS_OR_DIGITS = bytes(c for c in range(256) if not chr(c).isalnum() or c > 127)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether the value under this name of a header field, parameter, form field or JSON member is secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words or _is_paging_or_count(words):
        return False
    return words[-1] in SECRET_WORDS or "".join(words).endswith(SECRET_ENDINGS)


@lru_cache(maxsize=4096)
def has_secret_texts(name: str) -> bool:
    """Whether texts under this JSON name are secret: also under `tokens`, whose numbers are counts."""
    return is_secret_name(name) or (name.endswith(("s", "S")) and is_secret_name(name[:-1]))


def may_have_secret_names(text: bytes) -> bool:
    """Whether a text may contain a secret name: a fast check without false negatives, for encodings that contain ASCII.

    Escapes can spell a name in other characters, so the result is True for a text with a backslash.
    """
    letters = text.lower().translate(None, _NO_LETTERS_OR_DIGITS)
    return b"\\" in text or any(stem in letters for stem in _STEMS)


def _is_paging_or_count(words: list[str]) -> bool:
    if not words[-1].endswith("token"):
        return False
    before = words[-1].removesuffix("token") or (words[-2] if len(words) > 1 else "")
    return before in COUNTING_WORDS or before.endswith(PAGING_WORDS)

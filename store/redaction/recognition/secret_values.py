"""Values that look like secrets, and values that mean something else: words, numbers, dates, versions, addresses."""

from __future__ import annotations

import re
from base64 import b64decode
from functools import lru_cache

SHORTEST_SECRET = 16
"""Characters of a value that looks like a secret, if no known form tells."""

SHORTEST_REMEMBERED = 8
"""Characters of a secret that is recognised under other names."""

_LONGEST = 16_384
_CHARACTERS = re.compile(r"[!#-&*-;=?-Z^-z|~]*")  # no quotes, brackets and white space

# Words that separators join, with a few digits: `invalid_grant`, `us-east-1`, `photos/2024/summer.jpg`, `HTTP2Error`,
# `kMaxLength`.
# Longer numbers among them are dates, or seconds or milliseconds since the epoch.
_NUMBER = r"(?:[0-9]{1,6}|(?:19|20)[0-9]{6}|20[0-9]{12}|1[0-9]{9}|1[0-9]{12})(?![0-9])"
_PIECE = (
    r"(?:(?:[a-z](?=[A-Z][a-z]{2}))?(?:[A-Z]?[a-z]{2,}+|[A-Z]{2,}(?![a-z])|[A-Z](?=[A-Z][a-z])|[A-Z][a-z](?=[A-Z][a-z]{2})|[A-Za-z](?![A-Za-z]))++[0-9]{0,4}+(?![0-9])"
    rf"|{_NUMBER})"
)
_JOINT = r"[-_./:,@~^+*=%#&?!|;$]"
_WORDS = re.compile(rf"{_JOINT}*+{_PIECE}(?:{_JOINT}++{_PIECE})*+{_JOINT}*+")
_LETTERS = re.compile(r"[A-Za-z]+")
_CAPITALIZED = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WITHOUT_VOWEL = re.compile(r"(?:(?<![A-Za-z])|[A-Z])[b-df-hj-np-tv-xz]{3,}(?![a-z])")
_SHORTEST_AVERAGE = 3.5
_TIME = r"[T ][0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = re.compile(rf"[0-9]{{4}}-?[0-9]{{2}}-?[0-9]{{2}}(?:{_TIME})?")
_DIGITS = re.compile(r"[-+0-9., ]+(?:[eE][-+]?[0-9]+)?")
_VERSION = re.compile(r"[~^<>=v ]*[0-9]+(?:\.[0-9x*]+)+(?:[-+][0-9A-Za-z.+-]+)?")
# Absolute paths begin with a word, as a base 64 text may begin with a slash.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|urn:|arn:|#/|(?:\.\.?)?/[a-z][a-z0-9_.-]*(?:/|\Z)")
_FILE = re.compile(
    r"[^?=&\s]+\.(?:apk|avif|bin|bmp|bz2|crt|css|csv|dat|deb|docx?|exe|gif|gz|html?|ico|iso|jar|jpe?g|js|json|log|md|mov"
    r"|mp[34]|parquet|pdf|png|pptx?|py|rpm|sh|sql|svg|tar|tgz|tiff?|ts|txt|war|wav|webm|webp|whl|woff2?|xlsx?|xml|ya?ml"
    r"|zip)"
)
_BLOCKCHAIN_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_CREDENTIALS = re.compile(r"(?:Bearer|Basic|Digest|Token|bearer|token|DPoP) [A-Za-z0-9+/=_.~-]{8,}")
_COOKIES = re.compile(r"[A-Za-z0-9_.-]+=[^;\s=<>]{8,}(?:;.*)?")
_PLACEHOLDER_WORDS = re.compile(
    r"[<{\[*$%].*|x+|\.+|(?:string|text|true|false|null|none|undefined|required|optional|hidden|password|[*•]+)",
    re.IGNORECASE,
)


_OTHER_MEANINGS = (_EMAIL, _DIGITS, _VERSION, _DATE, _FILE, _BLOCKCHAIN_ADDRESS)
_BASE_64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_USER_AND_PASSWORD = re.compile(rb"[ -9;-~]+:[ -~]+")


@lru_cache(maxsize=4096)
def looks_like_secret(value: str) -> bool:
    """Whether a value under a name such as `token` is a secret: 16 or more characters that mean nothing else."""
    if len(value) < SHORTEST_SECRET:
        return _are_basic_credentials(value)
    if " " in value or ";" in value:
        return (_CREDENTIALS.fullmatch(value) or _COOKIES.fullmatch(value)) is not None
    return len(value) <= _LONGEST and _CHARACTERS.fullmatch(value) is not None and not has_other_meaning(value)


def has_other_meaning(value: str) -> bool:
    """Whether a value is a word or some, a number, a date, a version, a URL, the name of a file, or an address."""
    if any(form.fullmatch(value) for form in _OTHER_MEANINGS) or _are_words(value):
        return True
    return _URL.match(value) is not None and "=" not in value


def _are_words(value: str) -> bool:
    """Whether a value is made of words.

    In random letters of both cases the pieces between capitals are shorter, and more of them have no vowel.
    """
    if not _WORDS.fullmatch(value):
        return False
    runs = [run for run in _LETTERS.findall(value) if not (run.islower() or run.isupper())]
    return all(
        len(run) >= _SHORTEST_AVERAGE * len(_CAPITALIZED.findall(run)) and not _WITHOUT_VOWEL.search(run)
        for run in runs
    )


def _are_basic_credentials(value: str) -> bool:
    """Whether a value is the base 64 of a user, a colon and a password, as in `Basic` (RFC 7617)."""
    if not _BASE_64.fullmatch(value):
        return False
    try:
        return _USER_AND_PASSWORD.fullmatch(b64decode(value)) is not None
    except ValueError:
        return False


def is_reference(value: str) -> bool:
    """Whether a value is a URL without parameters, an ARN, or an absolute path made of words, as of a file of a key."""
    if value.startswith("/"):
        return value.count("/") > 1 and _are_words(value)
    return value.startswith(("https://", "http://", "arn:")) and "=" not in value and " " not in value


def is_filler(value: str) -> bool:
    """Whether a value stands where a secret would be: `<password>`, `{{token}}`, `string`, `***`."""
    return _PLACEHOLDER_WORDS.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def is_certainly_secret(value: str) -> bool:
    """Whether a secret can be recognised by its value alone, as it means nothing else."""
    if not SHORTEST_REMEMBERED <= len(value) <= _LONGEST or any(c.isspace() for c in value):
        return False
    return any(c.isalpha() for c in value) and not has_other_meaning(value)

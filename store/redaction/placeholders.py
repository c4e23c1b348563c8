"""Placeholders for secrets: values of the same kind, equal for equal secrets, that reveal nothing about the secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from understudy.store.redaction.jwt_placeholders import JWT_PATTERN, make_jwt

PlaceholderFactory = Callable[[str], str]
"""Returns the placeholder of a secret."""

CONSTANT = "REDACTED"
DIGEST_DIGITS = 12
"""Hexadecimal digits that distinguish placeholders: a million secrets have a collision once in 500 stores."""

# Begins hexadecimal placeholders, so that readers recognise them: "deleted", in letters that are digits too.
_HEX_MARK = "de1e7ed"
_SHORTEST_HEX = 16

PATTERN = (
    rf"(?i:{_HEX_MARK})(?:0-[0-9a-fA-F]{{4}}-4[0-9a-fA-F]{{3}}-8[0-9a-fA-F]{{3}}-[0-9a-fA-F]{{12}}|[0-9a-fA-F]{{9,}})"
    rf"|{JWT_PATTERN}"
    rf"|{CONSTANT.lower()}-[0-9a-f]{{{DIGEST_DIGITS}}}@example\.com"
    rf"|{CONSTANT}(?:-[0-9a-f]{{{DIGEST_DIGITS}}})?"
)
"""A regular expression that finds all placeholders in a text."""

_PLACEHOLDER = re.compile(PATTERN)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(rf"(?=[0-9]*[A-Fa-f])(?:[0-9a-f]{{{_SHORTEST_HEX},}}|[0-9A-F]{{{_SHORTEST_HEX},}})")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")


def is_placeholder(value: str) -> bool:
    """Whether a value is a placeholder."""
    return _PLACEHOLDER.fullmatch(value) is not None


def has_placeholder(text: bytes) -> bool:
    """Whether a text contains a placeholder."""
    return _PLACEHOLDER.search(text.decode("latin-1")) is not None


def is_equal_except_secrets(expected: str, text: str) -> bool:
    """Whether a text equals the expected one, with any text of one character or more for each placeholder."""
    first, *others = _PLACEHOLDER.split(expected)
    if not others or not text.startswith(first) or not text.endswith(others[-1]):
        return expected == text
    offset, end = len(first), len(text) - len(others[-1])
    for literal in others[:-1]:
        # The first match leaves the most text for the literals that follow.
        start = text.find(literal, offset + 1, end)
        if start < 0:
            return False
        offset = start + len(literal)
    return offset < end


def replace_by_constant(_secret: str) -> str:
    """Return one word for all secrets, for comparing texts that differ only in secrets."""
    return CONSTANT


def mask_secret(secret: str) -> str:
    """Return one word for all secrets, and a placeholder unchanged, for logs and terminals."""
    return secret if is_placeholder(secret) else CONSTANT


class Placeholders:
    """The placeholders of one store.

    They depend on the key of the store, so that a secret always has the same placeholder, and secrets cannot be guessed
    from placeholders without the key.

    A UUID becomes a UUID, 16 or more hexadecimal digits as many other ones, a JWT an unsigned JWT that keeps the times
    of the original, an e-mail address an address at example.com (RFC 2606). Other secrets, numbers too, become
    `REDACTED-` and 12 hexadecimal digits, as other digits could not be recognised. A placeholder stays as it is.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, secret: str) -> str:
        """Return the placeholder of a secret."""
        if is_placeholder(secret):
            return secret
        for form, make in _KINDS:
            if form.fullmatch(secret):
                return make(secret, self._derive_digits(secret, len(secret) + 32))
        return f"{CONSTANT}-{self._derive_digits(secret, DIGEST_DIGITS)}"

    def _derive_digits(self, secret: str, number: int) -> str:
        """Return `number` hexadecimal digits derived from the key and the secret.

        SHAKE is not open to length extension, so that a key before the message needs no HMAC.
        """
        message = len(self._key).to_bytes(2) + self._key + secret.encode("utf-8", "surrogatepass")
        return hashlib.shake_256(message).hexdigest((number + 1) // 2)[:number]


def _make_uuid(secret: str, digits: str) -> str:
    uuid = f"{_HEX_MARK}0-{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"
    return uuid.upper() if secret.isupper() else uuid


def _make_hex(secret: str, digits: str) -> str:
    hex_digits = (_HEX_MARK + digits)[: len(secret)]
    return hex_digits.upper() if secret.isupper() else hex_digits


def _make_email(_secret: str, digits: str) -> str:
    return f"{CONSTANT.lower()}-{digits[:DIGEST_DIGITS]}@example.com"


_KINDS: tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...] = (
    (_UUID, _make_uuid),
    (_HEX, _make_hex),
    (_JWT, lambda secret, digits: make_jwt(secret, digits[:DIGEST_DIGITS])),
    (_EMAIL, _make_email),
)

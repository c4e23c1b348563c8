"""What stands in the place of a secret: a value of its kind, the same for the same secret, that tells nothing of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

PlaceholderFactory = Callable[[str], str]

CONSTANT = "REDACTED"
DIGEST_DIGITS = 12
"""Hexadecimal digits by which two secrets are told apart: two of a million share them once in 500 times."""

# What is random in kind, so that people and programs see what it is: "deleted", in letters that are digits too.
_HEX_MARK = "de1e7ed"
_SHORTEST_HEX = 16
_JWT_HEAD = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
_JWT_CLAIM = base64.urlsafe_b64encode(b'{"redacted":').decode()  # twelve bytes, so no other can begin so
_JWT_END = base64.urlsafe_b64encode(CONSTANT.encode()).rstrip(b"=").decode()

PATTERN = (
    rf"(?i:{_HEX_MARK})(?:0-[0-9a-fA-F]{{4}}-4[0-9a-fA-F]{{3}}-8[0-9a-fA-F]{{3}}-[0-9a-fA-F]{{12}}|[0-9a-fA-F]{{9,}})"
    rf"|{_JWT_HEAD}\.{_JWT_CLAIM}[A-Za-z0-9_-]{{22}}\.{_JWT_END}"
    rf"|{CONSTANT.lower()}-[0-9a-f]{{{DIGEST_DIGITS}}}@example\.com"
    rf"|{CONSTANT}(?:-[0-9a-f]{{{DIGEST_DIGITS}}})?"
)
"""Finds every placeholder in a text, but those of numbers."""

_PLACEHOLDER = re.compile(PATTERN)
_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = re.compile(rf"(?:[0-9a-f]{{{_SHORTEST_HEX},}}|[0-9A-F]{{{_SHORTEST_HEX},}})")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")


def is_placeholder(value: str) -> bool:
    """Whether a value is a placeholder already; a number never looks like one."""
    return _PLACEHOLDER.fullmatch(value) is not None


def has_placeholder(text: bytes) -> bool:
    """Whether there is a placeholder somewhere in a text."""
    return _PLACEHOLDER.search(text.decode("latin-1")) is not None


def is_equal_except_secrets(expected: str, text: str) -> bool:
    """Whether a text is the expected one, with something in the place of each of its placeholders."""
    first, *others = _PLACEHOLDER.split(expected)
    if not others or not text.startswith(first) or not text.endswith(others[-1]):
        return expected == text
    place, end = len(first), len(text) - len(others[-1])
    for literal in others[:-1]:
        # The first place that fits leaves the most for those that follow.
        found = text.find(literal, place + 1, end)
        if found < 0:
            return False
        place = found + len(literal)
    return place < end


def replace_by_constant(_secret: str) -> str:
    """One word for every secret: for comparing what is the same but for its secrets."""
    return CONSTANT


def mask_secret(secret: str) -> str:
    """One word for every secret that is not a placeholder: for logs and terminals."""
    return secret if is_placeholder(secret) else CONSTANT


class Placeholders:
    """Placeholders of one store: by its key the same secret gives the same one, and nobody else can try secrets out.

    A number stays a number of as many digits, a UUID a UUID, hexadecimal digits as many of them, a JWT a JWT without
    signature, an e-mail address one at example.com (RFC 2606); all else becomes `REDACTED-` and 12 hexadecimal digits.
    A placeholder stays as it is.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, secret: str) -> str:
        """The placeholder of a secret."""
        if is_placeholder(secret):
            return secret
        for kind, made in _KINDS:
            if kind.fullmatch(secret):
                return made(secret, self._derive_digits(secret, len(secret) + 32))
        return f"{CONSTANT}-{self._derive_digits(secret, DIGEST_DIGITS)}"

    def _derive_digits(self, secret: str, number: int) -> str:
        """As many hexadecimal digits that only the key and the secret give; SHAKE takes a key by its beginning."""
        told = len(self._key).to_bytes(2) + self._key + secret.encode("utf-8", "surrogatepass")
        return hashlib.shake_256(told).hexdigest((number + 1) // 2)[:number]


def _make_number(secret: str, digits: str) -> str:
    whole = re.split("[eE]", secret)[0]
    made = [str(int(one, 16) % 10) if old.isdigit() else old for old, one in zip(whole, digits, strict=False)]
    first = 1 if whole.startswith("-") else 0
    # A leading zero is part of the form (a code, a fraction), and no number that had none may get one.
    made[first] = "0" if whole[first] == "0" and len(whole) > first + 1 else str(int(digits[-1], 16) % 9 + 1)
    return "".join(made) + secret[len(whole) :]


def _make_uuid(secret: str, digits: str) -> str:
    made = f"{_HEX_MARK}0-{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"
    return made.upper() if secret.isupper() else made


def _make_hex(secret: str, digits: str) -> str:
    made = (_HEX_MARK + digits)[: len(secret)]
    return made.upper() if secret.isupper() else made


def _make_jwt(_secret: str, digits: str) -> str:
    claim = base64.urlsafe_b64encode(f'"{digits[:DIGEST_DIGITS]}" }}'.encode()).rstrip(b"=").decode()
    return f"{_JWT_HEAD}.{_JWT_CLAIM}{claim}.{_JWT_END}"


def _make_email(_secret: str, digits: str) -> str:
    return f"{CONSTANT.lower()}-{digits[:DIGEST_DIGITS]}@example.com"


_KINDS: tuple[tuple[re.Pattern[str], Callable[[str, str], str]], ...] = (
    (_DIGITS, _make_number),
    (_UUID, _make_uuid),
    (_HEX, _make_hex),
    (_JWT, _make_jwt),
    (_EMAIL, _make_email),
)

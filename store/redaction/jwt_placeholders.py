"""Placeholders of JSON Web Tokens: unsigned JWTs with a mark and with the times of the original.

The claims are `{"redacted":"3f9a1c22b0d4" ,"exp":1900000000}`. The 12 bytes of `{"redacted":` are a multiple of three:
their base 64 is always the same.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

TIME_CLAIMS = ("exp", "nbf", "iat")
"""The claims that stay: seconds since the epoch (RFC 7519, sections 4.1.4 to 4.1.6). They are no secrets."""

# An earlier time is a constant that means "expired", or no time; a later one than the year 5138 means "never".
_FIRST, _LAST = 31_536_000, 10**11
_LONGEST_CLAIMS = 64 * 1024


def _encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


_HEAD = _encode('{"alg":"none","typ":"JWT"}')
_MARK = _encode('{"redacted":')
_END = _encode("REDACTED")

JWT_PATTERN = rf"{_HEAD}\.{_MARK}[A-Za-z0-9_-]{{22,128}}\.{_END}"
"""A regular expression that finds placeholders of JWTs, also those without times."""

_HEAD_BYTES = _HEAD.encode()
_PLACEHOLDER = re.compile(rf"(?<={_HEAD}\.)({_MARK}[A-Za-z0-9_-]{{22,128}})(?=\.{_END})".encode())
_TIME = re.compile(r'(?<=[a-z]":) *[0-9]{1,12}')


def make_jwt(secret: str, digits: str) -> str:
    """Return the placeholder of a JWT: `digits` are 12 hexadecimal digits that distinguish it."""
    times = "".join(f',"{name}":{at}' for name, at in _read_times(secret).items())
    claims = _encode(f'"{digits}" {times}}}')
    return f"{_HEAD}.{_MARK}{claims}.{_END}"


def has_jwt_placeholder(text: bytes) -> bool:
    """Whether a text may contain the placeholder of a JWT: a fast check without false negatives."""
    return _HEAD_BYTES in text


def move_jwt_times(text: bytes, shift: int) -> bytes:
    """Return a text with the times in its placeholders of JWTs moved by `shift` seconds; its length stays."""
    return _PLACEHOLDER.sub(lambda claims: _move(claims[1], shift), text) if has_jwt_placeholder(text) else text


def _read_times(secret: str) -> dict[str, int]:
    encoded = secret.split(".")[1]
    if len(encoded) > _LONGEST_CLAIMS:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return {}
    values = {name: claims.get(name) for name in TIME_CLAIMS} if isinstance(claims, dict) else {}
    return {
        name: int(at)
        for name, at in values.items()
        if isinstance(at, int | float) and not isinstance(at, bool) and _FIRST <= at < _LAST
    }


def _move(encoded: bytes, shift: int) -> bytes:
    try:
        claims = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)).decode("ascii")
    except ValueError:
        return encoded
    return _encode(_TIME.sub(lambda time: _move_time(time[0], shift), claims)).encode()


def _move_time(written: str, shift: int) -> str:
    moved = f"{int(written) + shift:>{len(written)}}"
    return moved if int(moved) >= _FIRST and len(moved) == len(written) else written

"""Names of secrets: one rule for header fields, query parameters, form fields and JSON members, with its tables.

A name is split into words at all characters other than letters and digits, and at each change to upper case; numbers at
its end do not count. The joined words, or the last word, decide how secret the value is.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Secrecy(IntEnum):
    """What a name reveals about its value: nothing, that it is a secret if it looks like one, that it is a secret."""

    NONE = 0
    BY_LOOKS = 1
    ALWAYS = 2


# Whatever the value: people choose short and weak ones.
ALWAYS_ENDINGS = (
    "password",  # RFC 6749, section 4.3.2, and every login form
    "passwd",
    "passphrase",
    "passcode",
    "passwordconfirmation",  # sign-up forms send a password twice; Rails
    "passwordconfirm",
    "passwordrepeat",
    "passwordagain",
    "passwordretype",
    "passwordnew",
    "passwordold",
    "passwordcurrent",
    "passwordhash",  # can be attacked off-line
    "clientsecret",  # RFC 6749, section 2.3.1
    "apikey",  # X-Api-Key, api_key, x-rapidapi-key
    "privatekey",
    "understudykey",  # X-Understudy-Key
    "codeverifier",  # RFC 7636, section 4.1
    "devicecode",  # RFC 8628, section 3.2
    "recoverycode",
    "backupcode",
    "verificationcode",
    "otpcode",
    "mfacode",
    "2facode",
    "twofactorcode",
    "onetimecode",
    "securitycode",  # of cards
)

ALWAYS_WORDS = frozenset(
    {
        "pwd",  # WordPress and many login forms
        "pin",
        "otp",  # one-time passwords
        "totp",
        "cvv",  # PCI DSS: never to be stored
        "cvc",
    }
)

# With a value that looks like a secret.
LOOKS_ENDINGS = (
    "token",  # bearer credentials of every make: access_token (RFC 6749), X-Auth-Token, csrfToken, Private-Token
    "secret",
    "signature",  # a signed URL is a key to what it names: X-Amz-Signature, X-Goog-Signature
    "key",  # AWS secret_access_key, Azure account keys
    "credential",
    "authorization",  # services that echo header fields in JSON
    "cookie",
    "secretid",  # Vault AppRole
    "secrethash",  # Cognito
    "tokenhash",
    "authcode",
    "authorizationcode",
    "assertion",  # RFC 7521
    "samlresponse",
    "csrf",
    "xsrf",
)

LOOKS_WORDS = frozenset(
    {
        "sig",  # Azure shared access signatures
        "jwt",  # RFC 7519
        "hmac",
        "jsessionid",
        "phpsessid",
    }
)

# Names of which no longer one is meant: `code` (RFC 6749, section 4.1.2), but not `country_code`; `auth` (Docker, npm).
# As names of containers they mean something else.
LOOKS_NAMES = frozenset({"code", "auth"})

# A `token` in these names a request, a change or a DNS record.
_NAMING_TOKENS = ("clientrequesttoken", "idempotencytoken", "changetoken", "dkimtoken")

# Words after a secret that say how it is written: `client-key-data`, `keys_base64`, `SecretString`, `secret_key_base`.
# The digits of `base64` do not count.
_WRITTEN_AS = frozenset({"base", "b", "hex", "pem", "encoded", "plain", "plaintext", "raw", "data", "string", "value"})

# Verbs before a password in names of links, labels and switches: `forgotPassword`, `show_password`.
_LABEL_VERBS = frozenset({"forgot", "forgotten", "lost", "show", "hide", "toggle", "has", "is", "require", "requires"})

SECRET_ENDINGS = (*ALWAYS_ENDINGS, *LOOKS_ENDINGS)
SECRET_WORDS = ALWAYS_WORDS | LOOKS_WORDS | LOOKS_NAMES

# A `token` after one of these is a position in a list: without it, all pages of a list would be the same request.
PAGING_WORDS = (
    "page",
    "paging",
    "pagination",
    "next",
    "previous",
    "prev",
    "continuation",
    "continue",
    "cursor",
    "sync",
    "skip",
    "delta",
    "resume",
    "scroll",
    "marker",
    "starting",
    "forward",  # CloudWatch Logs: nextForwardToken
    "backward",
)

# A `token` with one of these is a credential, whatever else its name contains: next_auth_token.
_CREDENTIAL_WORDS = frozenset({"access", "auth", "refresh", "session", "csrf", "xsrf", "bearer", "api", "id"})

# A `token` after one of these is a count or a price of the tokens of a language model.
COUNTING_WORDS = frozenset({"max", "min", "num", "per", "total", "count"})

# A `key` after one of these names a thing, or is public.
_NAMING_WORDS = frozenset(
    {
        *("public", "publishable", "idempotency", "deduplication", "primary", "foreign", "sort", "partition"),
        *("cache", "object", "row", "surrogate", "host", "translation", "message", "i18n", "group", "project", "issue"),
        *(
            "socket",
            "websocket",
            "routing",
            "map",
            "registry",
            "lookup",
            "search",
            "index",
            "unique",
            "composite",
            "query",
            "react",
        ),
    }
)

# A `pass` after one of these is no password.
_NO_PASSWORDS = frozenset(
    {
        *("boarding", "season", "bus", "ski", "day", "guest", "free", "first", "second", "last", "two", "multi"),
        *("did", "can", "must", "will", "by", "low", "high", "band", "proxy", "fastcgi", "render", "test", "tests"),
    }
)

# Each secret name contains one of these, so a text without them contains no secret name.
_STEMS = (
    *(
        b"pass",
        b"auth",
        b"pwd",
        b"pin",
        b"otp",
        b"cvv",
        b"cvc",
        b"code",
        b"token",
        b"secret",
        b"sig",
        b"key",
        b"credential",
    ),
    *(b"cookie", b"assertion", b"kty", b"saml", b"csrf", b"xsrf", b"jwt", b"hmac", b"sessid", b"sessionid"),
)
# A name before its value: a JSON name, also inside a JSON text, a parameter of a URL, an argument of GraphQL, a line of
# settings in a text that only begins like JSON. At the start of a run only, so that no run is read twice.
_NAME_IN_JSON = re.compile(
    rb"(?<![A-Za-z0-9_.$%\[\]@-])([A-Za-z0-9_.$%\[\]@-]{2,}+)\\*[\"']?\s*[:=]"
    rb"|\"(?:[Nn]ame|[Kk]ey|kind)\"\s*:\s*\"([^\"\\]{2,64})\""
)

_MANIFEST_KINDS = (b"Secret", b"SecretList")
_KEY_TYPE = "kty"  # of JSON Web Keys, some of whose members are secret

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=8192)
def classify_name(name: str) -> Secrecy:
    """Return how secret the value under this name of a header field, parameter, form field or JSON member is."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    joined = "".join(words)
    if not words or _is_paging_or_count(words) or _names_a_thing(words):
        return Secrecy.NONE
    if len(words) > 1 and (words[0] in _LABEL_VERBS or words[-1] in _WRITTEN_AS):
        return _classify_described(words)
    if words[-1] in ALWAYS_WORDS or joined.endswith(ALWAYS_ENDINGS) or _is_short_password(words):
        return Secrecy.ALWAYS
    if words[-1] in LOOKS_WORDS or joined in LOOKS_NAMES or joined.endswith(LOOKS_ENDINGS):
        return Secrecy.BY_LOOKS
    return Secrecy.NONE


@lru_cache(maxsize=8192)
def classify_container(name: str) -> Secrecy:
    """Return how secret the texts directly in an array or object under this name are: `token`, but also `tokens`."""
    if name.lower() in LOOKS_NAMES or "/" in name:  # a path, or a package
        return Secrecy.NONE
    singular = name[:-1] if name.endswith(("s", "S")) else name
    return max(classify_name(name), classify_name(singular))


def may_have_secret_names(text: bytes) -> bool:
    """Whether a text may contain a secret name: a fast check, for encodings that contain ASCII.

    Names that are interrupted (`pass-wd`) or spelled with escapes of other characters than quotes may be missed.
    """
    lower = (text.replace(b"\0", b"") if b"\0" in text else text).lower()
    return b"\\u00" in lower or any(stem in lower for stem in _STEMS)


def json_may_have_secret_names(body: bytes) -> bool:
    """Whether a JSON document may contain a secret name: as `may_have_secret_names`, but more exact."""
    if not may_have_secret_names(body):
        return False
    if b"\\u00" in body or b"\0" in body:
        return True
    return any(
        second in _MANIFEST_KINDS or _classify_any((first or second).decode("latin-1"))
        for first, second in set(_NAME_IN_JSON.findall(body))
    )


def _classify_any(name: str) -> Secrecy:
    return Secrecy.ALWAYS if name == _KEY_TYPE else classify_name(name) or classify_container(name)


def _classify_described(words: list[str]) -> Secrecy:
    """Return how secret a value is whose name begins with a verb, or ends with a word on how it is written."""
    if words[-1] in _WRITTEN_AS:
        rest = words[:-1]
        # Texts in tokens are words of a language; the value of a pin may be that of an electrical one.
        is_loose = rest[-1] in ALWAYS_WORDS or rest[-1] in ("token", "tokens")
        return (
            Secrecy.NONE if is_loose and words[-1] not in ("base", "b", "hex") else classify_container("_".join(rest))
        )
    return min(classify_name("_".join(words[1:])), Secrecy.BY_LOOKS)


def _is_short_password(words: list[str]) -> bool:
    """Whether the name is like `DB_PASS` or `smtp_pass`, not like `boarding_pass`."""
    return len(words) > 1 and words[-1] == "pass" and words[-2] not in _NO_PASSWORDS


def _is_paging_or_count(words: list[str]) -> bool:
    if not words[-1].endswith("token"):
        return False
    before = [word for word in (*words[:-1], words[-1].removesuffix("token")) if word]
    if not before or before[-1] in COUNTING_WORDS or before[-1].endswith(PAGING_WORDS):
        return bool(before)
    return not _CREDENTIAL_WORDS.intersection(before) and any(word in PAGING_WORDS for word in before)


def _names_a_thing(words: list[str]) -> bool:
    if words[-1] == "key" and len(words) > 1:
        return words[-2] in _NAMING_WORDS or words[-3:-1] == ["s", "3"]
    return words[-1] == "token" and "".join(words).endswith(_NAMING_TOKENS)

"""Tables of other meanings: JSON members beside or above a `token` or `key` which show that it is no secret."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

HARMLESS_CONTAINERS = frozenset(
    {
        # A `token` is a piece of a text.
        *("logprobs", "top_logprobs", "logits", "refusal_logprobs", "prompt_logprobs"),
        # A `token` is a position in a list.
        *("pagination", "paging", "pageInfo", "page_info", "tokenPagination", "cursors"),
    }
)
"""JSON names below which a `token` or `key` is no secret."""

LISTS_OF_NAMES = frozenset(
    {
        *("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"),  # of packages
        "dependentRequired",  # JSON Schema: fields
    }
)
"""JSON names of objects whose members are named like things, and have no secrets as texts or as arrays of texts."""


def is_list_of_names(name: str) -> bool:
    """Whether the members of a JSON object of this name are named like things: packages, or fields (`fieldErrors`)."""
    return name in LISTS_OF_NAMES or name.lower().endswith("errors")


NAMING_ENDINGS = (
    *("id", "name", "type", "url", "uri", "text", "description", "title", "label", "scope", "issuer", "arn"),
    *("version", "date", "_at", "hint", "email", "status", "user", "owner", "expires", "expiration", "path"),
    *("integrity", "digest", "checksum", "fingerprint", "etag", "cursor", "license", "resolved", "pattern", "accessor"),
)
"""Ends of the JSON names in an object under `credentials` or `token` that name things."""

KEY_TYPE = "kty"
PRIVATE_KEY_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
"""Members of a JSON Web Key, an object with a key type, that are secret (RFC 7518, section 6)."""

PAIR_NAMES = frozenset({"name", "key", "Name", "Key", "keyName", "KeyName"})
PAIR_VALUES = frozenset({"value", "Value"})


def _spell(*names: str) -> frozenset[str]:
    """Return the names in the spellings `has_more`, `hasMore` and `HasMore`."""
    spelled: set[str] = set()
    for name in names:
        pascal = "".join(word.capitalize() for word in name.split("_"))
        spelled |= {name, pascal, pascal[0].lower() + pascal[1:]}
    return frozenset(spelled)


# By the last word of the secret name: members of the same object that show another meaning.
_BY_WORD = {
    # Pieces of texts (logprobs, tokenizers, Elasticsearch's _analyze), and positions in lists.
    "token": _spell(
        *("logprob", "logprobs", "top_logprobs", "token_id", "token_ids", "token_str", "special", "offset", "offsets"),
        *("start_offset", "end_offset", "lemma", "pos", "has_more", "is_truncated", "cursor", "next_page", "more"),
    ),
    # Public keys (RFC 7517, npm's signatures), objects of S3, translations.
    "key": _spell(
        *("kty", "keyid", "scheme", "e_tag", "size", "last_modified", "bucket", "upload_id", "translation", "locale"),
        *("doc_count",),
    ),
    "code": _spell("message", "error", "errors", "status", "name", "title", "label", "language", "country", "details"),
    "sig": _spell("keyid"),
    "signature": _spell("keyid", "verified"),
}
SIBLINGS = frozenset().union(*_BY_WORD.values())
"""All members that show another meaning of some name beside them."""

# Words of names that no other member gives another meaning.
_CREDENTIAL = re.compile(
    r"access|auth|bearer|client|csrf|encrypt|private|refresh|secret|session|signing|xsrf", re.IGNORECASE
)
_LAST_WORD = re.compile(r"(token|key|code|sig|signature)s?$", re.IGNORECASE)


def shows_other_meaning(name: str, siblings: AbstractSet[str]) -> bool:
    """Whether these members of an object show that the value under this name beside them is no secret."""
    word = _LAST_WORD.search(name) if siblings else None
    if word is None or _BY_WORD[word[1].lower()].isdisjoint(siblings):
        return False
    return _CREDENTIAL.search(name) is None

"""Keys to private mock servers: made here, shown once, kept as a digest."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import ApiKey, digest_key
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store

START = "usk_"
RANDOM_BYTES = 32
SHOWN_END = 4


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is kept, and its secret text, which cannot be read again."""

    kept: ApiKey
    text: str


def read_key_page(store: Store, request: PageRequest[str]) -> Page[ApiKey, str]:
    """Return a page of the keys that were not revoked, by name."""
    return store.keys.read_page(request)


def create_key(store: Store, name: str, *, actor: str) -> NewKey:
    """Create a key; raises UserError when the name is taken or cannot be a name."""
    kept, text = new_key(name)
    with store.transaction(actor):
        store.keys.add(kept)
    return NewKey(kept, text)


def revoke_key(store: Store, key: str, *, actor: str) -> ApiKey:
    """Revoke the key of this name or id, and return what it was; raises NotFound."""
    with store.transaction(actor):
        return store.keys.revoke(key)


def new_key(name: str) -> tuple[ApiKey, str]:
    """Return a new key of this name as it is kept, and the key itself."""
    key = START + secrets.token_urlsafe(RANDOM_BYTES)
    return ApiKey(new_id(), name, digest_key(key.encode()), key[-SHOWN_END:], time.time()), key

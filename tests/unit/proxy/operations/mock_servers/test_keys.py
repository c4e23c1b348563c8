"""Keys to private mock servers."""

from __future__ import annotations

import hashlib
import re

from understudy.proxy.operations.mock_servers.keys import create_key, new_key, read_key_page, revoke_key
from understudy.store.repositories.paging import WHOLE_LIST
from understudy.store.repositories.store import Store


def test_a_key_is_kept_as_its_digest() -> None:
    """What is kept does not tell the key, but for its last characters."""
    kept, key = new_key("ci")
    assert re.fullmatch("usk_[A-Za-z0-9_-]{43}", key)
    assert (kept.name, kept.digest, kept.ending) == ("ci", hashlib.sha256(key.encode()).hexdigest(), key[-4:])
    assert key not in repr(kept)


def test_keys_differ() -> None:
    assert len({new_key("ci")[1] for _ in range(100)}) == 100


def test_a_created_key_is_kept_without_its_text(store: Store) -> None:
    key = create_key(store, "ci", actor="ada")
    assert list(read_key_page(store, WHOLE_LIST).items) == [key.kept]
    assert key.text not in str(key.kept)


def test_a_revoked_key_is_gone(store: Store) -> None:
    key = create_key(store, "ci", actor="ada")
    assert revoke_key(store, "ci", actor="ada") == key.kept
    assert list(read_key_page(store, WHOLE_LIST).items) == []

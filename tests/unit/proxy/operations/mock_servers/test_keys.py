"""Keys to private mock servers."""

from __future__ import annotations

import hashlib
import re

from understudy.proxy.operations.mock_servers.keys import new_key


def test_a_key_is_kept_as_its_digest() -> None:
    """What is kept does not tell the key, but for its last characters."""
    kept, key = new_key("ci")
    assert re.fullmatch("usk_[A-Za-z0-9_-]{43}", key)
    assert (kept.name, kept.digest, kept.ending) == ("ci", hashlib.sha256(key.encode()).hexdigest(), key[-4:])
    assert key not in repr(kept)


def test_keys_differ() -> None:
    assert len({new_key("ci")[1] for _ in range(100)}) == 100

"""Keys to private mock servers: made here, shown once, kept as a digest."""

from __future__ import annotations

import secrets
import time

from understudy.serving.mock_server.calls import digest_key
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import ApiKey

START = "usk_"
RANDOM_BYTES = 32
SHOWN_END = 4


def new_key(name: str) -> tuple[ApiKey, str]:
    """A new key of this name as it is kept, and the key itself."""
    key = START + secrets.token_urlsafe(RANDOM_BYTES)
    return ApiKey(new_id(), name, digest_key(key.encode()), key[-SHOWN_END:], time.time()), key

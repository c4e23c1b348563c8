"""Where things lie by default, and what the environment says. Read once, at the edge; the core gets values."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.store.errors import StoreError

STORE_VARIABLE = "UNDERSTUDY_STORE"
DEFAULT_LISTEN = "127.0.0.1:8080"
MOCKS_PORT = 4000


def locate_data_folder() -> Path:
    """The per-user folder for data, by the platform's custom."""
    from platformdirs import user_data_path

    return user_data_path("understudy", appauthor=False)


def read_store_setting(option: str | None) -> str | None:
    """The store that somebody named: the one given, else the environment's."""
    return option or os.environ.get(STORE_VARIABLE) or None


def resolve_store_url(option: str | None) -> str:
    """The store to use: the one that is named, else the per-user file, whose folder is made.

    Raises StoreError when it cannot be made.
    """
    named = read_store_setting(option)
    if named is not None:
        return named
    folder = locate_data_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # history holds secrets
    except OSError as error:
        raise StoreError(f"cannot make the folder of the store, {folder}: {error.strerror}") from error
    return str(folder / "understudy.db")


def locate_ca_folder() -> Path:
    """Where the certificate authority for intercepted HTTPS lies."""
    return locate_data_folder() / "ca"


def locate_counts_file(place: str) -> Path:
    """The file in which the mock servers of a store share their counters: beside a store that is a file."""
    import hashlib

    beside = Path(f"{place}-mocks")
    if beside.parent.is_dir() and "://" not in place:
        return beside
    return locate_data_folder() / f"mocks-{hashlib.sha256(place.encode()).hexdigest()[:16]}"

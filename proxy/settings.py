"""Default locations and settings of the environment. The faces read them once; the core gets values."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.proxy.project_file import read_project
from understudy.store.errors import StoreError

STORE_VARIABLE = "UNDERSTUDY_STORE"
DEFAULT_LISTEN = "127.0.0.1:8080"
MOCKS_PORT = 4000
STANDARD_OUTPUT = "-"
"""What names standard output where a file can be named."""


def locate_data_folder() -> Path:
    """Return the user's data folder, as the platform has it."""
    from platformdirs import user_data_path

    return user_data_path("understudy", appauthor=False)


def read_store_setting(option: str | None) -> str | None:
    """Return the store that the option names, else the environment, else the project file; None if none of them does.

    Raises UserError for a project file that cannot be used.
    """
    return option or os.environ.get(STORE_VARIABLE) or read_project().store


def resolve_store_url(option: str | None) -> str:
    """Return the store to use: the one that is named, else the user's file, whose folder is created.

    Raises StoreError if it cannot be created, UserError for a project file that cannot be used.
    """
    named = read_store_setting(option)
    if named is not None:
        return named
    folder = locate_data_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # history holds secrets
    except OSError as error:
        raise StoreError(f"cannot create the folder of the store, {folder}: {error.strerror}") from error
    return str(folder / "understudy.db")


def locate_ca_folder() -> Path:
    """Return the folder of the certificate authority for intercepted HTTPS."""
    return locate_data_folder() / "ca"


def locate_counts_file(location: str) -> Path:
    """Return the file in which the mock servers of a store share their counters: beside a store that is a file."""
    import hashlib

    beside = Path(f"{location}-mocks")
    if beside.parent.is_dir() and "://" not in location:
        return beside
    return locate_data_folder() / f"mocks-{hashlib.sha256(location.encode()).hexdigest()[:16]}"

"""Understudy: a record-and-replay API gateway.

In a checkout the five packages are links to the folders beside this one; a wheel has them here as folders.
"""

from pathlib import Path

_store = Path(__file__).parent / "store"
if not _store.is_dir():
    raise ImportError(
        f"{_store} is not a folder: this copy of Understudy has lost its symbolic links; use a git checkout or a wheel"
    )

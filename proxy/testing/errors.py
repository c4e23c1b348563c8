"""How errors read in a test: with the name of the setting as the test has it, and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from understudy.store.errors import UnderstudyError

HINTS: Mapping[str, str] = {"compare_all_headers": 'match_header=["*"] compares all'}
"""What each action is in a test; hints about other actions, which a test cannot do, are left out."""


@contextmanager
def name_settings() -> Iterator[None]:
    """Put the name of the setting into the message of an error that is raised in the block."""
    try:
        yield
    except UnderstudyError as error:
        error.args = (render_error(error),)
        raise


def render_error(error: UnderstudyError) -> str:
    """Return the message of an error with its setting and its hint."""
    message = str(error)
    if error.field:
        separator = " " if message.startswith("takes ") else ": "
        message = f"{error.field}{separator}{message}"
    hint = HINTS.get(error.hint.action) if error.hint else None
    return f"{message}; {hint}" if hint else message

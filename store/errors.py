"""The errors of Understudy, by what can correct them: another request, or another state of the store.

Each error carries its subject and a hint as data, so that the command line and the API can render it in their own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hint:
    """What the user can do about an error, as data: the name of an action and its values.

    The command line renders it as a command or an option, the API as fields. `proxy/cli/hints.py` lists all actions.
    """

    action: str
    values: Mapping[str, str] = field(default_factory=dict)


class UnderstudyError(Exception):
    """The base of all errors that a user sees as one line; never raised itself.

    The message states what was expected, without names of commands and options. `what` is the kind of thing that the
    error is about, such as "mock server", and `which` its name or id; `field` is the wrong input, such as
    `upstream_ca`. A message that begins with "takes" continues the name of its field. `exit_code` is the exit code of
    the program.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, what: str = "", which: str = "", field: str = "", hint: Hint | None = None
    ) -> None:
        super().__init__(message)
        self.what = what
        self.which = which
        self.field = field
        self.hint = hint


class UserError(UnderstudyError):
    """The request is wrong and has to be changed: exit code 2, or HTTP 400."""


class NotFound(UserError):
    """The thing that the request names does not exist: HTTP 404."""


class Conflict(UserError):
    """The name is taken, or the thing is in use: HTTP 409."""


class StoreError(UnderstudyError):
    """The store cannot do its work: it is read-only, locked or damaged, or its disk is full."""


class ValueRefused(StoreError):
    """The store cannot hold one value; it works for others."""


class SchemaMismatch(StoreError):
    """The store was written by a newer Understudy, or is not an Understudy store."""

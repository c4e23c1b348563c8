"""The errors of Understudy, split by who can mend them. Each carries what a face needs to say it in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hint:
    """What would help, as data: an action of this program and the values it takes.

    The command line renders it as a command or an option, the API as fields. The actions are listed in
    `proxy/cli/hints.py`.
    """

    action: str
    values: Mapping[str, str] = field(default_factory=dict)


class UnderstudyError(Exception):
    """Base of all errors that people see as one line; never raised itself.

    The message says what was expected, without names of commands and options. `what` is the kind of thing that the
    error is about, `which` its name; `field` is the input that was wrong, such as `upstream_ca`. A message that
    begins with "takes" continues the name of its field. `exit_code` is that of the program.
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
    """The request cannot be done as it was made: exit code 2, or HTTP 400."""


class NotFound(UserError):
    """A session, collection, example or history entry that was named does not exist: HTTP 404."""


class Conflict(UserError):
    """A name is taken, or a thing is in use: HTTP 409."""


class StoreError(UnderstudyError):
    """The store could not do its work: disk full, read-only, locked, broken."""


class ValueRefused(StoreError):
    """One value cannot be stored; the store itself is sound."""


class SchemaMismatch(StoreError):
    """The store was written by a newer Understudy, or is not an Understudy store."""

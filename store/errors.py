"""The few errors of Understudy, split by who is at fault; each message is one line that says what was expected."""


class UnderstudyError(Exception):
    """Base of all errors that are shown to people as one line; never raised itself. `exit_code`: the program's."""

    exit_code = 2


class UserError(UnderstudyError):
    """What was asked for cannot be done as asked: exit code 2, or HTTP 400."""


class NotFound(UserError):
    """A session, collection, example or history entry that was named does not exist: HTTP 404."""


class StoreError(UnderstudyError):
    """The store could not do its work: disk full, read-only, locked, broken."""


class ValueRefused(StoreError):
    """One value cannot be kept; the store itself is well."""


class SchemaMismatch(StoreError):
    """The store was written by a newer Understudy, or is not an Understudy store."""

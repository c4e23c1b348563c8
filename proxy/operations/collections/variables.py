"""Variables of collections and environments, changed one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from understudy.store.errors import NotFound, UserError
from understudy.store.model.collections import Collection as CollectionOfRequests
from understudy.store.model.collections import Environment
from understudy.store.model.naming import describe_choices
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import Deletion, DeletionKind


def change_variables(
    variables: Mapping[str, str], new: Mapping[str, str], removed: Collection[str] = ()
) -> dict[str, str]:
    """Return the variables with the new ones set, then those in `removed` taken out.

    Raises UserError for a name that cannot stand in `{{name}}`, NotFound for one to remove that does not exist.
    """
    for name in new:
        if not is_variable_name(name):
            raise UserError(
                f"a variable needs a printable name without braces, not {name!r}", what="variable", which=name
            )
    for name in removed:
        if name not in variables:
            choices = describe_choices(sorted(variables), name)
            raise NotFound(f"there is no variable {name!r}; {choices}", what="variable", which=name)
    return {name: value for name, value in {**variables, **new}.items() if name not in removed}


def note_variables(
    store: Store, what: str, owner: CollectionOfRequests | Environment, removed: Collection[str]
) -> Deletion | None:
    """Note variables that are removed from a collection or an environment, so that this can be undone.

    `owner` is the one before the removal. Returns None for no variables.
    """
    if not removed:
        return None
    name = f"{', '.join(sorted(removed))} of {what} {owner.name}"
    details = {"of": what, "variables": {key: owner.variables[key] for key in removed}}
    return store.trash.note_values(DeletionKind.VARIABLES, name, owner.id, details)


def is_variable_name(name: str) -> bool:
    """Whether a variable of this name can be referred to as `{{name}}`."""
    return bool(name.strip()) and name.isprintable() and not set(name) & set("{}")

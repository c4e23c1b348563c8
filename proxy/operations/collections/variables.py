"""Variables of collections and environments, changed one by one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from understudy.store.errors import NotFound, UserError
from understudy.store.model.naming import describe_choices


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


def is_variable_name(name: str) -> bool:
    """Whether a variable of this name can be referred to as `{{name}}`."""
    return bool(name.strip()) and name.isprintable() and not set(name) & set("{}")

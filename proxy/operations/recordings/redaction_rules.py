"""The redaction rules of a store: list, add and remove them. Gateways and mock servers read them when they start."""

from __future__ import annotations

from understudy.proxy.operations.deleting import Deleted
from understudy.store.errors import Hint, NotFound, UserError
from understudy.store.redaction.rules import Rules
from understudy.store.redaction.settings import read_all_rules, read_rules, set_rules
from understudy.store.repositories.store import Store
from understudy.store.repositories.trash import DeletionKind


def list_rules(store: Store) -> Rules:
    """Return the rules of the store and of the project file, without what is built in."""
    return read_all_rules(store)


def add_rules(store: Store, rules: Rules, *, actor: str) -> Rules:
    """Add rules, and return all rules of the store; raises UserError if `rules` is empty."""
    _check_not_empty(rules)
    with store.transaction(actor):
        updated = read_rules(store) | rules
        set_rules(store, updated)
    return updated


def remove_rules(store: Store, rules: Rules, *, actor: str) -> Deleted[Rules]:
    """Remove rules, and return those that are left.

    Raises UserError if `rules` is empty, NotFound for a rule that the store does not have.
    """
    _check_not_empty(rules)
    with store.transaction(actor):
        known = read_rules(store)
        for missing in (rule for listed in (rules - known).as_json().values() for rule in listed):
            message = f"the store has no rule {missing!r}"
            raise NotFound(message, what="redaction rule", which=missing, hint=Hint("list_redaction_rules"))
        updated = known - rules
        set_rules(store, updated)
        name = ", ".join(rule for listed in rules.as_json().values() for rule in listed)
        details = {"rules": rules.as_json()}
        return Deleted(updated, store.trash.note_values(DeletionKind.REDACTION_RULES, name, None, details))


def _check_not_empty(rules: Rules) -> None:
    if not rules:
        raise UserError("no rule was given", what="redaction rule", hint=Hint("choose_redaction_rules"))

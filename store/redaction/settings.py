"""The redaction of one store, by the rules and the key in its settings."""

from __future__ import annotations

import secrets

from understudy.store.model.values import replace
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redacting_history import RedactingHistory
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules
from understudy.store.repositories.store import Store

RULES = "redaction_rules"
KEY = "redaction_key"
KEY_BYTES = 32


def read_rules(store: Store) -> Rules:
    """Return the redaction rules of the store; raise UserError for a rule that cannot be parsed."""
    return Rules.from_json(store.settings.get(RULES, {}))


def read_all_rules(store: Store) -> Rules:
    """Return the redaction rules in force: those of the store and `further_rules`; raise UserError as `read_rules`."""
    return read_rules(store) | Rules.from_json(store.further_rules)


def set_rules(store: Store, rules: Rules) -> None:
    """Replace the redaction rules of the store; gateways and mock servers read them at their start."""
    store.settings.set(RULES, rules.as_json())


def make_recording_redactor(store: Store) -> Redactor:
    """Return the redactor for data that is stored.

    Equal secrets get the same placeholder, and a secret is recognised by its value when it comes back.
    """
    key = store.settings.set_once(KEY, secrets.token_hex(KEY_BYTES))
    return Redactor(read_all_rules(store), Placeholders(bytes.fromhex(key)), remembers=True)


def make_display_redactor(store: Store) -> Redactor:
    """Return the redactor for display and logs: it replaces secrets by one word, and placeholders stay."""
    return Redactor(read_all_rules(store))


def add_redaction(store: Store, redactor: Redactor | None = None) -> Store:
    """Return the same store with a history that redacts what is recorded.

    `redactor` is by default that of `make_recording_redactor`.
    """
    return replace(store, history=RedactingHistory(store.history, redactor or make_recording_redactor(store)))

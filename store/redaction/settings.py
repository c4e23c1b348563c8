"""The redaction of one store: its rules and its key, which are settings of it."""

from __future__ import annotations

import secrets
from dataclasses import replace

from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redacting_history import RedactingHistory
from understudy.store.redaction.redactor import Redactor
from understudy.store.redaction.rules import Rules
from understudy.store.repositories.store import Store

RULES = "redaction_rules"
KEY = "redaction_key"
KEY_BYTES = 32


def read_rules(store: Store) -> Rules:
    """What the store was told to redact beside what is built in; raises UserError for a rule that cannot be read."""
    return Rules.from_json(store.settings.get(RULES, {}))


def set_rules(store: Store, rules: Rules) -> None:
    """Keep rules in the place of those that were; gateways and mock servers take them when they start."""
    store.settings.set(RULES, rules.as_json())


def make_recording_redactor(store: Store) -> Redactor:
    """One for what is kept: the same secret becomes the same placeholder, and is known again where it comes back."""
    key = store.settings.set_once(KEY, secrets.token_hex(KEY_BYTES))
    return Redactor(read_rules(store), Placeholders(bytes.fromhex(key)), remembers=True)


def make_display_redactor(store: Store) -> Redactor:
    """One for what is shown and logged: one word for every secret, placeholders stay."""
    return Redactor(read_rules(store))


def add_redaction(store: Store, redactor: Redactor | None = None) -> Store:
    """The same store; what is recorded to it loses its secrets before it is kept, by a keeping redactor."""
    return replace(store, history=RedactingHistory(store.history, redactor or make_recording_redactor(store)))

"""Operations on the redaction rules of a store."""

from __future__ import annotations

import pytest

from understudy.proxy.operations.recordings.redaction_rules import add_rules, list_rules, remove_rules
from understudy.store.errors import NotFound, UserError
from understudy.store.redaction.rules import NO_RULES, Rules
from understudy.store.repositories.store import Store

RULES = Rules.of(headers=["X-Session"], query=["sid"], json=["$..ssn"], patterns=["tok_[a-z]+"])


def test_a_store_begins_without_rules(store: Store) -> None:
    assert list_rules(store) == NO_RULES


def test_rules_are_added_to_those_that_the_store_has(store: Store) -> None:
    add_rules(store, RULES, actor="ada")
    more = Rules.of(query=["key"])
    assert add_rules(store, more, actor="ada") == list_rules(store) == RULES | more


def test_rules_are_removed(store: Store) -> None:
    add_rules(store, RULES, actor="ada")
    left = Rules.of(headers=["X-Session"])
    assert remove_rules(store, RULES - left, actor="ada").thing == list_rules(store) == left


def test_a_rule_that_the_store_does_not_have_is_not_found(store: Store) -> None:
    add_rules(store, Rules.of(query=["sid"]), actor="ada")
    with pytest.raises(NotFound, match="the store has no rule 'key'"):
        remove_rules(store, Rules.of(query=["sid", "key"]), actor="ada")
    assert list_rules(store) == Rules.of(query=["sid"])


def test_a_rule_to_add_has_to_be_given(store: Store) -> None:
    with pytest.raises(UserError, match="no rule was given"):
        add_rules(store, NO_RULES, actor="ada")


def test_a_rule_to_remove_has_to_be_given(store: Store) -> None:
    with pytest.raises(UserError, match="no rule was given"):
        remove_rules(store, NO_RULES, actor="ada")


def test_a_change_of_the_rules_keeps_its_actor(store: Store) -> None:
    add_rules(store, RULES, actor="ada")
    assert [change.actor for change in store.changes.list_since(0) or ()] == ["ada"]

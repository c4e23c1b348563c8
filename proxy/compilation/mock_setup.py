"""Read what a mock server, or a collection by itself, answers from, to serve it or to explain its answers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.parts.candidate import BodyLoader
from understudy.matcher.settings import POSTMAN, MatchSettings, settings_from_matching
from understudy.matcher.variables import merge_variables
from understudy.store.model.collections import Collection, Example
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import escape_unprintable
from understudy.store.repositories.store import Store

logger = logging.getLogger(__name__)

MAX_LOGGED = 10  # unusable examples of each collection; the others are only counted


@dataclass(frozen=True, slots=True)
class MockSetup:
    """What is needed to answer for a collection; `mock` is None for a collection by itself.

    `items` are its requests without an example, `item_names` the names of others by id, for explanations, `variables`
    those in force.
    """

    collection: Collection
    mock: MockServer | None
    examples: list[Example]
    items: list[BareItem]
    item_names: dict[str, str]
    settings: MatchSettings
    variables: dict[str, str]

    def build_index(self, load_body: BodyLoader, settings: MatchSettings | None = None) -> Index:
        """Return the index of the examples, under these settings or its own; log the examples that cannot be used."""
        index = compile_index(
            self.examples,
            settings or self.settings,
            load_body=load_body,
            variables=self.variables,
            items=self.items,
            item_names=self.item_names,
        )
        name = escape_unprintable(self.collection.name)
        for each in index.unusable[:MAX_LOGGED]:
            one = f'"{escape_unprintable(each.example.name)}" ({each.example.id})'
            logger.warning("collection %s: example %s cannot be used: %s", name, one, escape_unprintable(each.reason))
        if len(index.unusable) > MAX_LOGGED:
            logger.warning("collection %s: %d more cannot be used", name, len(index.unusable) - MAX_LOGGED)
        return index


def read_mock_setup(store: Store, mock: MockServer | Collection) -> MockSetup:
    """Read what answers for a mock server or a collection; raises NotFound if a part was deleted."""
    server = mock if isinstance(mock, MockServer) else None
    collection = store.collections.find(mock.collection_id) if isinstance(mock, MockServer) else mock
    examples = store.collections.list_examples(collection.id)
    return MockSetup(
        collection=collection,
        mock=server,
        examples=examples,
        items=[BareItem(one.method, one.path, one.name) for one in store.collections.list_bare_items(collection.id)],
        item_names=select_item_names(examples, store.collections.list_item_names(collection.id)),
        settings=choose_settings(server),
        variables=resolve_variables(store, collection, server),
    )


def select_item_names(examples: Iterable[Example], names: Mapping[str, str]) -> dict[str, str]:
    """Return the names of items by id, without those that their example's name begins with, as promoted ones do."""
    return {
        each.item_id: name for each in examples if (name := names.get(each.item_id)) and not each.name.startswith(name)
    }


def choose_settings(mock: MockServer | None) -> MatchSettings:
    """Return how a mock server compares; the default for collections if `mock` is None."""
    return POSTMAN if mock is None else settings_from_matching(mock.matching, private=mock.private)


def resolve_variables(store: Store, collection: Collection, mock: MockServer | None) -> dict[str, str]:
    """Return the variables in force: those of the mock server's environment override the collection's."""
    if mock is None or mock.environment_id is None:
        return merge_variables(collection.variables)
    return merge_variables(collection.variables, store.environments.find(mock.environment_id).variables)

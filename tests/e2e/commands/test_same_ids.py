"""One id in two collections, as a file that is imported twice makes it."""

from __future__ import annotations

import pytest

from tests.e2e.inside import quickly, refused
from tests.factories.stored import make_item
from tests.programs import Understudy
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.sql.open_store import open_store

pytestmark = pytest.mark.once


@pytest.fixture
def shared_id(promoted: Understudy) -> str:
    """The id of an example of the collection "shop" that the collection "bank" has, too."""
    store = open_store(str(promoted.store))
    example = store.collections.list_examples(store.collections.find("shop").id)[0]
    bank = store.collections.create("bank")
    item = make_item(bank.id, "01J8ZZZZZZZZZZZZZZZZZZBANK")
    copy = replace(example, collection_id=bank.id, item_id=item.id, name="of the bank")
    store.collections.update(bank.id, CollectionUpdate([item], [copy]))
    store.close()
    return example.id


@pytest.mark.parametrize("command", ["show", "delete", "edit", "set --name new"])
def test_a_command_lists_the_collections_that_have_an_id(promoted: Understudy, shared_id: str, command: str) -> None:
    verb, *options = command.split(" ", 1)
    line = refused(promoted, " ".join(["examples", verb, shared_id, *options]))
    assert line == f"Error: --collection: 2 collections have an example '{shared_id}'; choose one of bank, shop"


def test_the_collection_chooses(promoted: Understudy, shared_id: str) -> None:
    assert "of the bank" in quickly(promoted, "examples", "show", shared_id, "--collection", "bank")
    quickly(promoted, "examples", "set", shared_id, "--collection", "bank", "--name", "renamed")
    assert "renamed" not in quickly(promoted, "examples", "show", shared_id, "--collection", "shop")
    quickly(promoted, "examples", "delete", shared_id, "--collection", "bank")
    assert shared_id in quickly(promoted, "examples", "show", shared_id, "--json")

"""The commands about keys to private mock servers."""

from __future__ import annotations

from typing import Any

import click

from understudy.proxy.cli.options import json_option, making_store, with_store
from understudy.proxy.cli.output import iso_time, local_time, print_json, print_table
from understudy.store.model.mock_servers import ApiKey
from understudy.store.repositories.store import Store


@click.group()
def keys() -> None:
    """Keys to private mock servers, sent as x-api-key or x-understudy-key. Each opens all of them."""


@keys.command("create")
@click.argument("name")
@json_option
@making_store
def create_key(store: Store, name: str, as_json: bool) -> None:
    """Create the key NAME and print it, this once: only a digest of it is kept."""
    from understudy.proxy.operations.mock_servers.keys import new_key

    kept, key = new_key(name)
    store.keys.add(kept)
    if as_json:
        print_json({**_json(kept), "key": key})
        return
    click.echo(f"Created key {name}. It cannot be shown again:", err=True)
    click.echo(key)


@keys.command("list")
@json_option
@with_store
def list_keys(store: Store, as_json: bool) -> None:
    """List the keys."""
    found = store.keys.list()
    if as_json:
        print_json([_json(key) for key in found])
        return
    rows = [(key.name, f"...{key.ending}", local_time(key.created_at)) for key in found]
    print_table(("KEY", "ENDS IN", "MADE"), rows, "No keys yet. Make one with: understudy keys create NAME")


@keys.command("revoke")
@click.argument("name")
@with_store
def revoke_key(store: Store, name: str) -> None:
    """Revoke the key NAME: it opens nothing any more."""
    click.echo(f"Revoked key {store.keys.revoke(name).name}.")


def _json(key: ApiKey) -> dict[str, Any]:
    return {"id": key.id, "name": key.name, "ending": key.ending, "created_at": iso_time(key.created_at)}

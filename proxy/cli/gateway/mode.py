"""The command `mode`: show the gateways that run, or switch one."""

from __future__ import annotations

import time
from typing import Any

import click

from understudy.proxy.cli.gateway.serve import describe_state
from understudy.proxy.cli.options import json_option, with_store
from understudy.proxy.cli.output import iso_time, print_json, print_table
from understudy.store.errors import UserError
from understudy.store.model.gateways import Gateway
from understudy.store.repositories.store import Store


@click.command()
@click.argument("mode", required=False)
@click.option("--mock", metavar="NAME", help="The mock server or collection that mock and spy answer from.")
@click.option("-s", "--session", metavar="NAME", help="The session to record to, or to replay.")
@click.option("--gateway", "gateway_name", metavar="NAME", help="Which gateway, when several run.")
@json_option
@with_store
def mode(
    store: Store, mode: str | None, mock: str | None, session: str | None, gateway_name: str | None, as_json: bool
) -> None:
    """Show the running gateways, or switch one to MODE: pass, record, mock, spy or replay.

    \b
    understudy mode
    understudy mode mock --mock shop
    """
    from understudy.proxy.operations.gateways.modes import gateway_meant, mode_named, switch, wanted_state

    if mode is None:
        if mock or session:
            raise UserError("say which mode to switch to: understudy mode MODE --mock NAME | --session NAME")
        _show(store, as_json)
        return
    wanted = mode_named(mode)
    gateway = gateway_meant(store, gateway_name)
    state = wanted_state(store, wanted, mock=mock, session=session, upstream=gateway.upstream)
    in_force = switch(store, gateway, state)
    if as_json:
        print_json({"gateway": gateway.name, "mode": state.mode, "in_force": in_force})
    elif in_force:
        click.echo(f"{gateway.name}: {describe_state(store, state)}.")
    if not in_force:
        raise UserError(f"{gateway.name} has not answered yet; it will switch as soon as it does")


def _show(store: Store, as_json: bool) -> None:
    living = store.gateways.list_living(time.time())
    if as_json:
        print_json([_json(store, gateway) for gateway in living])
        return
    rows = [(g.name, g.listen, g.upstream or "-", describe_state(store, g.desired_state), g.lost) for g in living]
    columns = ("GATEWAY", "LISTENS ON", "UPSTREAM", "DOES", "LOST")
    print_table(columns, rows, "No gateway is running on this store. Start one with: understudy gateway")


def _json(store: Store, gateway: Gateway) -> dict[str, Any]:
    state = gateway.desired_state
    return {
        "name": gateway.name,
        "listen": gateway.listen,
        "upstream": str(gateway.upstream) if gateway.upstream else None,
        "mode": state.mode,
        "collection": store.collections.find(state.collection_id).name if state.collection_id else None,
        "mock_server": store.mock_servers.find(state.mock_server_id).name if state.mock_server_id else None,
        "session": store.sessions.find(state.session_id).name if state.session_id else None,
        "pid": gateway.pid,
        "started_at": iso_time(gateway.started_at),
        "lost": gateway.lost,
    }

"""The command `mode`: list the running gateways, or switch one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.gateway.gateway_options import allow_remote_option
from understudy.proxy.cli.gateway.state_text import describe_state
from understudy.proxy.cli.options import choose_name, current_user, json_option, with_store
from understudy.proxy.cli.output import print_json, print_table
from understudy.proxy.cli.tables.table import Column, Cut
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.errors import UserError
from understudy.store.model.gateways import Mode
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.operations.gateways.modes import ModeSwitch

GATEWAY_COLUMNS = (
    Column("GATEWAY"),
    Column("LISTENS ON"),
    Column("UPSTREAM", drop=2),
    Column("LOST", drop=1),
    Column("DOES", Cut.END, least=20, below=True),
)


@click.command(cls=UnderstudyCommand)
@click.argument("mode", required=False)
@click.argument("name", required=False)
@click.option("--mock", metavar="NAME", help="The mock server or collection that mock and spy answer from.")
@click.option("-s", "--session", metavar="NAME", help="The session to record to, or to replay.")
@click.option("--gateway", metavar="NAME", help="The gateway to switch, if several run.")
@allow_remote_option
@json_option
@with_store
def mode(
    store: Store,
    mode: str | None,
    name: str | None,
    mock: str | None,
    session: str | None,
    gateway: str | None,
    allow_remote: bool,
    as_json: bool,
) -> None:
    """Show the running gateways, or switch one to MODE.

    The modes are pass, record, mock, spy and replay. NAME is the mock server or collection for mock and spy, and the
    session for record and replay.

    \b
    understudy mode
    understudy mode mock shop
    understudy mode spy --mock shop --session missing
    """
    from understudy.proxy.operations.gateways.modes import parse_mode, switch_mode

    if mode is None:
        if mock or session:
            raise UserError("--mock and --session go with a MODE: understudy mode MODE --mock NAME | --session NAME")
        _show_gateways(store, as_json)
        return
    wanted = parse_mode(mode)
    if wanted in (Mode.MOCK, Mode.SPY):
        mock = choose_name(name, mock, "--mock")
    elif name is not None:
        session = choose_name(name, session, "--session")
    actor = current_user()
    switch = switch_mode(
        store, wanted, mock=mock, session=session, gateway=gateway, actor=actor, allow_remote=allow_remote
    )
    _print_switch(switch, as_json)


def _show_gateways(store: Store, as_json: bool) -> None:
    from understudy.proxy.operations.gateways.modes import list_gateways
    from understudy.proxy.operations.views.gateways import gateway_json

    running = list_gateways(store)
    if as_json:
        print_json([gateway_json(one) for one in running])
        return
    rows = [
        (
            one.gateway.name,
            one.gateway.listen,
            str(one.gateway.upstream or "-"),
            one.gateway.lost,
            describe_state(one.state),
        )
        for one in running
    ]
    print_table(GATEWAY_COLUMNS, rows, "No gateway is running on this store. Start one: understudy gateway")


def _print_switch(switch: ModeSwitch, as_json: bool) -> None:
    from understudy.proxy.operations.views.gateways import mode_switch_json

    name = switch.gateway.name
    if as_json:
        print_json(mode_switch_json(switch))
    elif switch.is_in_force:
        print_line(f"{name}: {describe_state(switch.state)}.")
    if not switch.is_in_force:
        raise UserError(f"{name} has not confirmed the switch yet; it switches as soon as it reads the store again")

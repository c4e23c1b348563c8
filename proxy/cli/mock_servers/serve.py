"""The command `mocks serve`: serve mock servers until stopped."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.calls.call_line_options import call_line_options
from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.gateway.gateway_options import limit_option
from understudy.proxy.cli.listening import choose_address, port_option
from understudy.proxy.cli.output import counted
from understudy.proxy.cli.starting.ready_options import announce_ready, ready_options
from understudy.proxy.cli.terminal_text import print_line
from understudy.proxy.settings import MOCKS_PORT, STANDARD_OUTPUT
from understudy.store.errors import UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.mock_server.process import ServeSettings

DEFAULT_LISTEN = f"127.0.0.1:{MOCKS_PORT}"


@click.command("serve", cls=UnderstudyCommand)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--mock", "mocks", metavar="NAME", multiple=True, help="The same as NAME; repeatable.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=f"The address to listen on [default: {DEFAULT_LISTEN}]; if it or --port is given, a single NAME answers at /.",
)
@port_option
@click.option("--host", metavar="HOST", help="The host to listen on, without --listen.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on the one port.")
@click.option("--certfile", type=click.Path(path_type=Path), help="Serve HTTPS: PEM file of the certificate.")
@click.option("--keyfile", type=click.Path(path_type=Path), help="PEM file of its key [default: the same file].")
@click.option("--no-shift-dates", is_flag=True, help="Send recorded dates as they are, not moved by the time since.")
@click.option("--seed", type=int, metavar="N", help="Make random values the same in every run.")
@limit_option
@call_line_options
@ready_options
@click.option("--store", "store_given", metavar="URL", help="The store: a file or database URL.")
@click.pass_context
def serve(
    ctx: click.Context, /, names: tuple[str, ...], mocks: tuple[str, ...], store_given: str | None, **options: Any
) -> None:
    """Serve all mock servers, or those of these names, until stopped.

    They answer at http://127.0.0.1:4000/mocks/SLUG/ and http://SLUG.localhost:4000/. With --port or --listen
    and one NAME, that mock server answers at http://127.0.0.1:PORT/.

    \b
    understudy mocks serve
    understudy mocks serve shop --port 4010 --workers 2
    """
    gc.disable()  # until everything is compiled: what is imported and created before that stays
    from understudy.proxy.gateway.logging_setup import configure_logging
    from understudy.proxy.mock_server.workers import serve as serve_mocks

    settings = _read_settings(tuple(dict.fromkeys((*names, *mocks))), **options)
    open_store = _make_opener(store_given or ctx.find_root().obj)
    configure_logging(verbose=False)
    show = partial(print_line, err=options["json_log"] == STANDARD_OUTPUT)
    serve_mocks(open_store, settings, lambda address, mocks: _announce(show, settings, address, mocks))


def _read_settings(
    names: tuple[str, ...],
    *,
    listen: str | None,
    port: int | None,
    host: str | None,
    workers: int,
    certfile: Path | None,
    keyfile: Path | None,
    seed: int | None,
    no_shift_dates: bool,
    limits: tuple[str, ...],
    quiet: bool,
    json_log: str | None,
) -> ServeSettings:
    from understudy.proxy.cli.calls.call_outputs import open_outputs
    from understudy.proxy.client_limits import make_limits
    from understudy.proxy.mock_server.process import ServeSettings
    from understudy.proxy.project_file import read_limits, read_project

    address = _choose_address(listen, port, host)
    at_root = (port is not None or listen is not None) and len(names) == 1
    return ServeSettings(
        host=address[0],
        port=address[1],
        names=names,
        at_root=at_root,
        workers=workers,
        certificate=_read_certificate(certfile, keyfile),
        seed=seed,
        shift_dates=not no_shift_dates,
        outputs=replace(open_outputs(quiet=quiet, json_log=json_log, names_mocks=not at_root), is_shared=workers > 1),
        limits=make_limits(read_limits(limits, read_project())),
    )


def _make_opener(named: str | None) -> Callable[[], Store]:
    """Return the function that opens the store in each process that serves."""
    from understudy.proxy.project_file import add_project_rules, read_project
    from understudy.proxy.settings import resolve_store_url
    from understudy.proxy.store_opening import open_or_upgrade_store

    url, project = resolve_store_url(named), read_project()
    return lambda: add_project_rules(open_or_upgrade_store(url), project)


def _choose_address(listen: str | None, port: int | None, host: str | None) -> tuple[str, int]:
    if host is not None and listen is not None:
        raise UserError("--listen takes host and port: give it or --host")
    if host is not None and not host.strip():
        raise UserError(
            "--host takes an address or a name, such as 127.0.0.1; 0.0.0.0 is every address of this machine"
        )
    default_host, chosen = choose_address(listen, port, DEFAULT_LISTEN)
    return host or default_host, chosen


def _read_certificate(certfile: Path | None, keyfile: Path | None) -> tuple[Path, Path] | None:
    if certfile is None:
        if keyfile is not None:
            raise UserError("--keyfile goes with --certfile")
        return None
    from understudy.proxy.pem_files import check_certificate

    check_certificate(certfile, keyfile, field="certfile")
    return certfile, keyfile or certfile


def _announce(show: Callable[[str], None], settings: ServeSettings, address: str, mocks: list[MockServer]) -> None:
    from understudy.proxy.operations.exposure import is_loopback

    root = f"{settings.scheme}://{address}"
    urls = {mock.name: f"{root}/{'' if settings.at_root else f'mocks/{mock.slug}/'}" for mock in mocks}
    host, _, port = address.rpartition(":")
    announce_ready(root, host.strip("[]"), int(port), mock_servers=urls)
    show(f"Listening on {root}, serving {counted(len(mocks), 'mock server')}. Stop with Ctrl-C.")
    if not is_loopback(address):
        show("Other machines can reach it too; only private mock servers require a key.")
    for name, url in urls.items():
        show(f"  {name}: {url}")
    if not mocks:
        show("There are no mock servers yet; a new one is served at once: understudy mocks create NAME ...")

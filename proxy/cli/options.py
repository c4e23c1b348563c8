"""What commands share: the store they work on, flags, and reading what a person typed."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from store.errors import UserError
from store.messages import Origin
from store.repository import HistoryFilter

FILTERS = ("method", "host", "path", "status")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def with_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the opened store as its first argument, and `--store` as an option of its own."""

    @click.option("--store", "store_given", metavar="URL", help="The store: a file or database URL.")
    @click.pass_context
    @functools.wraps(command)
    def opened(ctx: click.Context, /, *, store_given: str | None, **arguments: Any) -> Any:
        from proxy.settings import store_url
        from store.sql.opening import open_store

        store = open_store(store_url(store_given or ctx.find_root().obj), sync_full=arguments.get("sync") == "full")
        try:
            return command(store, **arguments)
        finally:
            store.close()

    return opened


def listen_address(text: str) -> tuple[str, int]:
    """HOST:PORT, :PORT or PORT; the host is this machine's loopback unless given. Raises UserError."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UserError(f"--listen takes HOST:PORT, such as 127.0.0.1:8080, got {text!r}")
    return host.strip("[]") or "127.0.0.1", int(port)


def check_authority(file: Path) -> None:
    """Raise UserError when the value of --upstream-ca is no file of certificates."""
    import ssl

    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"--upstream-ca takes a PEM file of certificates, and {file} is none: {error.strerror or error}"
        ) from error


def upstream_origin(text: str | None) -> Origin | None:
    """The value of --upstream; raises UserError."""
    if text is None:
        return None
    try:
        origin = Origin.parse(text)
    except ValueError as error:
        raise UserError(f"--upstream: {error}") from error
    if any(character in text.split("://", 1)[1].rstrip("/") for character in "/?#@"):
        raise UserError(f"--upstream takes scheme, host and port only, such as {origin}, got {text!r}")
    return origin


def history_filter(
    conditions: tuple[str, ...],
    *,
    ids: frozenset[int] | None = None,
    session_id: str | None = None,
    since: float | None = None,
    until: float | None = None,
) -> HistoryFilter:
    """A filter, part of it `name=value` conditions; raises UserError for an unknown name or a status that is none."""
    given = dict(_condition(condition) for condition in conditions)
    status = given["status"].lower() if "status" in given else None
    if status and not re.fullmatch("[1-5]([0-9]{2}|xx)", status):
        raise UserError(f"--filter status= takes a status such as 404 or a class such as 5xx, got {status!r}")
    return HistoryFilter(
        ids=ids,
        session_id=session_id,
        since=since,
        until=until,
        method=given.get("method"),
        host=given.get("host"),
        path=given.get("path"),
        status=status,
    )


def _condition(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if name not in FILTERS or not value:
        raise UserError(f"--filter takes NAME=VALUE with one of the names {', '.join(FILTERS)}, got {text!r}")
    return name, value

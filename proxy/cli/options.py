"""What commands share: the store they work on, common options, and reading arguments."""

from __future__ import annotations

import functools
import getpass
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from understudy.proxy.cli.terminal_text import print_line, shows_raw
from understudy.store.errors import UserError
from understudy.store.model.messages import Headers, MessagePart, Origin, Request, strip_url
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.paging import PageRequest
from understudy.store.repositories.store import Store

SECONDS_OF = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
FILTERS = ("method", "host", "path", "status", "type")

Command = Callable[..., Any]
"""A function that a decorator makes a click command of, or gives more options to."""

filter_option = click.option(
    "--filter",
    "filters",
    metavar="NAME=VALUE",
    multiple=True,
    help="Only with this method=, host=, path=, status= or (media) type=; repeatable.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
raw_option = click.option(
    "--raw",
    is_flag=True,
    callback=lambda _ctx, _param, value: shows_raw(raw=value),
    help="On a terminal too, print messages as they are, with their control characters.",
)
tz_option = click.option(
    "--tz", metavar="ZONE", help="The day's time zone, such as Europe/Berlin [default: this machine's]."
)


class Seconds(click.FloatRange):
    """A number of seconds, up to a day, and finite: click accepts "nan" and "inf" as numbers."""

    name = "seconds"

    def __init__(self, least: float) -> None:
        super().__init__(min=least, max=SECONDS_OF["d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fails for text that is not a finite number."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        return seconds


def with_store(command: Command) -> Command:
    """Give a command the opened store as its first argument, and `--store` as an option of its own.

    A store that is named has to exist; the one in the data folder is created at first use.
    """
    return _with_store(command, makes=False)


def making_store(command: Command) -> Command:
    """Do the same for a command that may be the first one of a store: a store that does not exist is created."""
    return _with_store(command, makes=True)


def _with_store(command: Command, *, makes: bool) -> Command:
    @click.option("--store", "store_given", metavar="URL", help="The store: a file or database URL.")
    @click.pass_context
    @functools.wraps(command)
    def opened(ctx: click.Context, /, *, store_given: str | None, **arguments: Any) -> Any:
        from understudy.proxy.cli.output import measured_progress
        from understudy.proxy.project_file import add_project_rules, read_project
        from understudy.proxy.settings import read_store_setting, resolve_store_url
        from understudy.proxy.store_opening import open_or_upgrade_store

        named = read_store_setting(store_given or ctx.find_root().obj)
        full = arguments.get("sync") == "full"
        project = read_project()
        url, make = resolve_store_url(named), makes or named is None
        with measured_progress("upgrading the store") as report:
            store = open_or_upgrade_store(url, sync_full=full, make=make, report_upgrade=report)
        try:
            return command(add_project_rules(store, project), **arguments)
        finally:
            store.close()

    return opened


def page_options(key: str) -> Callable[[Command], Command]:
    """Give a command that lists things `--limit`, `--after` and `--before`, which it gets as its argument `request`.

    `key` is what stands for one of the things in help, which the first column of the list shows.
    """

    def decorate(command: Command) -> Command:
        @click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="List N at most [default: all].")
        @click.option("--after", metavar=key, help=f"List those after this {key}.")
        @click.option("--before", metavar=key, help=f"List the last N before this {key}.")
        @functools.wraps(command)
        def paged(*, limit: int | None, after: str | None, before: str | None, **arguments: Any) -> Any:
            return command(request=PageRequest(limit, after, before), **arguments)

        return paged

    return decorate


def choose_name(argument: str | None, option: str | None, name: str) -> str | None:
    """Return the one name that an argument or an option gives; raises UserError if they give two."""
    if argument is not None and option is not None and argument != option:
        raise UserError(f"{argument!r} and {name} {option!r} are two names for one thing; give one of them")
    return option if argument is None else argument


def warn_of_missing_key(request: PageRequest[str], names: Iterable[str], kind: str) -> None:
    """Print on stderr that a list goes on from a name that does not exist; `names` are those that do."""
    from understudy.proxy.cli.terminal_text import print_line

    key = request.before if request.after is None else request.after
    if key is not None and key not in set(names):
        place = "before" if request.is_backward else "after"
        print_line(f"There is no {kind} {key!r}; the list goes on {place} where it would be.", err=True)


def current_user() -> str:
    """Return the name of the system user, who is the actor of what commands change; "unknown" without one."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # no variable names one, and the password database has no entry
        return "unknown"


def wait_for_gateways(store: Store) -> None:
    """Wait until the running gateways use the last change; print a warning on stderr when one does not in time."""
    from understudy.proxy.operations.gateways.modes import wait_until_seen

    if not wait_until_seen(store, store.changes.get_latest()):
        print_line("A gateway on this store does not use the change yet.", err=True)


def body_argument(text: str, option: str) -> bytes:
    """Return the body of an option: its text, or that of `@FILE`, or of standard input for `@-`; raises UserError."""
    if not text.startswith("@"):
        return os.fsencode(text)
    if text == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise UserError(f"{option}: cannot read {text[1:]}: {error.strerror}") from error


def list_typed_bodies(request: str | None, response: str | None) -> list[MessagePart]:
    """Return the messages whose body is in the text of an option, and not in a file or on standard input."""
    texts: dict[MessagePart, str | None] = {"request": request, "response": response}
    return [part for part, text in texts.items() if text and not text.startswith("@")]


def variable(text: str) -> tuple[str, str]:
    """Return key and value of a variable as people write it, `KEY=VALUE`; raises UserError."""
    from understudy.proxy.operations.collections.variables import is_variable_name

    key, separator, value = text.partition("=")
    if not separator or not is_variable_name(key):
        raise UserError(f"a variable is written KEY=VALUE, not {text!r}")
    return key.strip(), value


def day_bounds(date: str | None, zone: str | None, option: str) -> tuple[float | None, float | None]:
    """Return when a day begins and ends, in seconds since the epoch; raises UserError."""
    if date is None:
        return None, None
    tz = _zone(zone)
    try:
        day = datetime.strptime(date, "%Y-%m-%d")  # noqa: DTZ007 - its zone comes below
        days = day, day + timedelta(days=1)
        # Through the calendar, not by 86,400 seconds: on two days a year there are 23 or 25 hours.
        begins, ends = (one.replace(tzinfo=tz) if tz else one.astimezone() for one in days)
        return begins.timestamp(), ends.timestamp()
    except (ValueError, OverflowError):
        raise UserError(f"{option} takes a day such as 2026-01-31, got {date!r}") from None


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError) as error:
        raise UserError(f"--tz takes a time zone such as Europe/Berlin or UTC, got {name!r}") from error


PATH_OR_URL = "a path such as /users/1, or an http or https URL such as https://api.example.com/users/1"
ABSOLUTE_URL = "an absolute http or https URL such as https://api.example.com/users/1"


def url_request(method: str, url: str, headers: tuple[str, ...], data: str, takes: str = PATH_OR_URL) -> Request:
    """Return the request of METHOD, URL and the options --header and --data; raises UserError.

    `takes` describes the URLs that are allowed, for the error; a path is not one of `ABSOLUTE_URL`.
    """
    from understudy.proxy.operations.collections.example_document import header_field

    fields = Headers.of(header_field(line) for line in headers)
    if url.startswith("/") and takes is PATH_OR_URL:
        return Request(method.upper(), os.fsencode(url), fields, body_argument(data, "--data"))
    try:
        origin = Origin.parse(url)
    except ValueError as error:
        raise UserError(f"URL is {takes}, got {strip_url(url)!r}") from error
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(method.upper(), os.fsencode(target), fields, body_argument(data, "--data"), origin)


def history_filter(
    conditions: tuple[str, ...],
    *,
    ids: frozenset[int] | None = None,
    session_id: str | None = None,
    since: float | None = None,
    until: float | None = None,
) -> HistoryFilter:
    """Return a filter, in part from `name=value` conditions; raises UserError for one that cannot be read."""
    pairs = [_condition(condition) for condition in conditions]
    given = dict(pairs)
    for name in given:
        if sum(other == name for other, _ in pairs) > 1:
            raise UserError(f"--filter {name}= is given twice, and an exchange has one {name}; give it once")
    status = status_condition(given.get("status"), "--filter status=")
    return HistoryFilter(
        ids=ids,
        session_id=session_id,
        since=since,
        until=until,
        method=given.get("method"),
        host=given.get("host"),
        path=given.get("path"),
        status=status,
        media_type=given.get("type"),
    )


def status_condition(text: str | None, option: str) -> str | None:
    """Return the status or class of them that an option gives, in lower case; raises UserError."""
    if text is not None and not re.fullmatch("[1-5]([0-9]{2}|xx)", text.lower()):
        raise UserError(f"{option} takes a status such as 404 or a class such as 5xx, got {text!r}")
    return text and text.lower()


def moment(text: str | None, option: str, now: float) -> float | None:
    """Return the time of an option in seconds since the epoch: ISO 8601, or how long ago. Raises UserError."""
    if text is None:
        return None
    ago = re.fullmatch("([0-9]{1,9})([smhd])", text)
    if ago:
        return now - int(ago[1]) * SECONDS_OF[ago[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UserError(
            f"{option} takes a time such as 2026-01-31T09:30 or 2026-01-31T09:30:00Z,"
            f" or how long ago, such as 90s, 10m, 2h, 1d; got {text!r}"
        ) from None


def duration(text: str | None, option: str) -> float:
    """Return the seconds of an option such as 30d; raises UserError, also for a time."""
    given = re.fullmatch("([0-9]{1,9})([smhd])", text or "")
    if given is None:
        raise UserError(f"{option} takes a number of seconds, minutes, hours or days, such as 30d; got {text!r}")
    return float(int(given[1]) * SECONDS_OF[given[2]])


def _condition(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if name not in FILTERS or not value:
        from understudy.store.model.naming import suggest

        if value and (question := suggest(name, FILTERS)):
            raise UserError(f"--filter has no name {name!r}; {question}")
        raise UserError(f"--filter takes NAME=VALUE with one of the names {', '.join(FILTERS)}, got {text!r}")
    return name, value

"""The options that say how a mock server compares and what it does on purpose, for all commands that take them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from understudy.store.errors import UserError

Command = Callable[..., Any]
Fields = dict[str, Any]

_SWITCHES = ("subset", "wildcards", "ids", "distance")
_LISTS = {
    "match_header": ("headers", "--match-header", "NAME", "Leave out examples whose NAME differs."),
    "ignore_query": ("ignore_query", "--ignore-query", "NAME", "A query parameter that does not count."),
    "ignore_header": ("ignore_headers", "--ignore-header", "NAME", "A header that does not count."),
    "ignore_json": ("ignore_json", "--ignore-json", "PATH", "A place in JSON that does not count: $.at"),
}
_BEHAVIOURS = {
    "delay": ("2G|3G|MS|MS-MS", "Hold answers up: 2G is 300 ms, 3G 100; lognormal:MEDIAN:SIGMA."),
    "bytes_per_second": ("N", "Send bodies this slowly."),
    "fault": ("KIND[:PERCENT]", "Break answers: reset, empty, garbage, cut, error; reset:10 every tenth."),
    "rate_limit": ("CALLS/SECONDS", "Answer more calls than these with 429."),
    "timing": ("recorded|none|2x", "How fast the pieces of streamed answers follow each other."),
}


def matching_options(*, clearing: bool = False) -> Callable[[Command], Command]:
    """Give a command the options for matching, and hand it those that were given as `matching`: fields of `Matching`.

    With `clearing` there is an option to empty each list, too.
    """
    options = [
        click.option("--match-body/--no-match-body", default=None, help="Leave out examples whose body differs."),
        click.option("--subset/--no-subset", default=None, help="Bodies may hold more; with --match-body."),
        click.option("--query", type=click.Choice(["prefer", "require", "off"]), help="How much the query counts."),
        click.option("--wildcards/--no-wildcards", default=None, help="Take {{name}} and :name for any one segment."),
        click.option("--ids/--no-ids", default=None, help="Take a path whose ids alone differ."),
        click.option("--distance/--no-distance", default=None, help="Take a path that is nearly the same."),
    ]
    for _, option, value, told in _LISTS.values():
        options.append(click.option(option, metavar=value, multiple=True, help=told))
        if clearing:
            options.append(click.option(f"--no{option[1:]}", is_flag=True, help=f"No {option} any more."))
    names = ("match_body", "query", *_SWITCHES, *_LISTS, *(f"no_{name}" for name in _LISTS if clearing))
    return _handed_over(options, names, "matching", _matching)


def behaviour_options(*, clearing: bool = False) -> Callable[[Command], Command]:
    """Give a command the options for what is done on purpose, and hand it those given as `behaviour`: its fields.

    With `clearing` there is an option to take each off, too.
    """
    options = []
    for name, (value, told) in _BEHAVIOURS.items():
        option = f"--{name.replace('_', '-')}"
        options.append(click.option(option, metavar=value, help=told))
        if clearing:
            options.append(click.option(f"--no{option[1:]}", is_flag=True, help=f"No {option} any more."))
    names = (*_BEHAVIOURS, *(f"no_{name}" for name in _BEHAVIOURS if clearing))
    return _handed_over(options, names, "behaviour", _behaviour)


def _handed_over(
    options: Sequence[Callable[[Command], Command]],
    names: Sequence[str],
    together: str,
    read: Callable[[Fields], Fields],
) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def called(*arguments: Any, **given: Any) -> Any:
            own = {name: given.pop(name) for name in names}
            return command(*arguments, **{together: read(own)}, **given)

        decorated: Command = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _matching(given: Fields) -> Fields:
    fields = {name: given[name] for name in ("query", *_SWITCHES) if given[name] is not None}
    if given["match_body"] is not None:
        fields["body"] = given["match_body"]
    for name, (field, option, _, _) in _LISTS.items():
        cleared = given.get(f"no_{name}", False)
        check_one(option, bool(given[name]), cleared)
        if given[name] or cleared:
            fields[field] = frozenset(_listed(name, option, given[name]))
    return fields


def _listed(name: str, option: str, values: Sequence[str]) -> list[str]:
    from understudy.store.model.json_paths import parse_json_path

    if name == "ignore_json":
        try:
            for path in values:
                parse_json_path(path)
        except ValueError as error:
            raise UserError(f"{option}: {error}") from error
        return list(values)
    # Postman's box takes them with commas between; a query parameter may have one in its name.
    parts = values if name == "ignore_query" else [part.strip() for value in values for part in value.split(",")]
    if not all(map(str.strip, parts)) or (
        name != "ignore_query" and any(set(part) & set(" :\t\r\n") for part in parts)
    ):
        raise UserError(f"{option} takes names, got {', '.join(map(repr, values))}")
    return list(parts)


def _behaviour(given: Fields) -> Fields:
    from understudy.proxy.operations.collections import behaviour_text

    readers: dict[str, Callable[[str], object]] = {
        "delay": behaviour_text.read_delay,
        "bytes_per_second": behaviour_text.read_bytes_per_second,
        "fault": behaviour_text.read_fault,
        "rate_limit": behaviour_text.read_rate_limit,
        "timing": behaviour_text.read_timing,
    }
    fields: Fields = {}
    for name, read in readers.items():
        cleared = given.get(f"no_{name}", False)
        check_one(f"--{name.replace('_', '-')}", given[name] is not None, cleared)
        if given[name] is not None:
            fields[name] = read(given[name])
        elif cleared:
            fields[name] = None
    return fields


def check_one(option: str, given: bool, cleared: bool) -> None:
    """Raise UserError when an option is given together with the one that takes it off."""
    if given and cleared:
        raise UserError(f"give {option} or --no{option[1:]}, not both")

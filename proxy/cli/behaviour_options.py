"""The options for how a mock server compares and what it does on purpose, for all commands that take them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.options import Command
from understudy.store.errors import UserError

if TYPE_CHECKING:
    from click.decorators import FC

Fields = dict[str, Any]

RULES = click.Choice(["prefer", "require", "off"])
_SWITCHES = ("subset", "wildcards", "ids", "distance")
_LISTS = {
    "match_header": ("headers", "--match-header", "NAME", "Leave out examples whose NAME differs."),
    "ignore_query": ("ignore_query", "--ignore-query", "NAME", "Ignore the query parameter NAME."),
    "ignore_header": ("ignore_headers", "--ignore-header", "NAME", "Ignore the header NAME."),
    "ignore_body": (
        "ignore_body",
        "--ignore-body",
        "PLACE",
        "Ignore this place in bodies: $.at, a form field, //element of XML.",
    ),
}
_OLD_NAMES = {"--ignore-body": "--ignore-json"}
_BEHAVIOURS = {
    "delay": ("2G|3G|MS|MS-MS", "Delay answers: 2G is 300 ms, 3G 100; lognormal:MEDIAN:SIGMA."),
    "bytes_per_second": ("N", "Send bodies at N bytes per second."),
    "fault": ("KIND[:PERCENT]", "Break answers: reset, empty, garbage, cut, error; reset:10 breaks 10%."),
    "rate_limit": ("CALLS/SECONDS", "Answer calls beyond this rate with 429."),
    "timing": ("recorded|none|2x", "The pace of streamed answers."),
}


PATH_LINE_OPTIONS = (
    click.option(
        "--ids/--no-ids",
        default=None,
        help="Accept a path that differs in ids only, or not, for all examples [recorded: no].",
    ),
    click.option(
        "--distance/--no-distance",
        default=None,
        help="Accept a path that is nearly the same, or not, for all examples [recorded: no].",
    ),
)
"""The options that decide for all examples whether ids and distance find them, by fields of `Matching`."""


def path_line_options(command: Command) -> Command:
    """Add `PATH_LINE_OPTIONS`."""
    for option in reversed(PATH_LINE_OPTIONS):
        command = option(command)
    return command


def matching_options(*, clearing: bool = False) -> Callable[[Command], Command]:
    """Give a command the options for matching; it gets those that are given as `matching`: fields of `Matching`.

    With `clearing` there is also an option to empty each list.
    """
    options = [
        click.option("--match-body/--no-match-body", default=None, help="The same as --body require, --body prefer."),
        click.option("--body", "body_rule", type=RULES, help="prefer an equal body, leave out others, or ignore it."),
        click.option("--headers", "header_rule", type=RULES, help="How much negotiating and listed headers count."),
        click.option("--subset/--no-subset", default=None, help="Accept bodies that hold more; with --match-body."),
        click.option("--query", type=RULES, help="How much the query counts."),
        click.option("--wildcards/--no-wildcards", default=None, help="Let {{name}} and :name match any one segment."),
        *PATH_LINE_OPTIONS,
    ]
    for _, option, value, text in _LISTS.values():
        old_names = [_OLD_NAMES[option]] if option in _OLD_NAMES else []
        options.append(click.option(option, *old_names, metavar=value, multiple=True, help=text))
        if clearing:
            options.append(_clearing_option(option))
    names = (
        "match_body",
        "body_rule",
        "header_rule",
        "query",
        *_SWITCHES,
        *_LISTS,
        *(f"no_{name}" for name in _LISTS if clearing),
    )
    return _collect(options, names, "matching", _read_matching)


def behaviour_options(*, clearing: bool = False) -> Callable[[Command], Command]:
    """Give a command the options for what is done on purpose; it gets those that are given as `behaviour`.

    These are fields of `Behaviour`. With `clearing` there is also an option to remove each.
    """
    options = []
    for name, (value, text) in _BEHAVIOURS.items():
        option = f"--{name.replace('_', '-')}"
        options.append(click.option(option, metavar=value, help=text))
        if clearing:
            options.append(_clearing_option(option))
    names = (*_BEHAVIOURS, *(f"no_{name}" for name in _BEHAVIOURS if clearing))
    return _collect(options, names, "behaviour", _read_behaviour)


def _clearing_option(option: str) -> Callable[[FC], FC]:
    names = [f"--no{name[1:]}" for name in (option, _OLD_NAMES.get(option)) if name]
    return click.option(*names, is_flag=True, help=f"Remove {option}.")


def _collect(
    options: Sequence[Callable[[Command], Command]], names: Sequence[str], field: str, read: Callable[[Fields], Fields]
) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(*arguments: Any, **given: Any) -> Any:
            own = {name: given.pop(name) for name in names}
            return command(*arguments, **{field: read(own)}, **given)

        decorated: Command = call
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _read_matching(given: Fields) -> Fields:
    fields = {name: given[name] for name in ("query", "header_rule", *_SWITCHES) if given[name] is not None}
    if given["match_body"] is not None and given["body_rule"] is not None:
        raise UserError("give --body or --match-body, not both")
    if given["match_body"] is not None or given["body_rule"] is not None:
        fields["body"] = given["body_rule"] or ("require" if given["match_body"] else "prefer")
    for name, (field, option, _, _) in _LISTS.items():
        cleared = given.get(f"no_{name}", False)
        check_one(option, bool(given[name]), cleared)
        if given[name] or cleared:
            fields[field] = frozenset(_read_list(name, option, given[name]))
    return fields


def _read_list(name: str, option: str, values: Sequence[str]) -> list[str]:
    from understudy.matcher.body_forms.open_places import parse_ignored_place

    if name == "ignore_body":
        try:
            for place in values:
                parse_ignored_place(place)
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


def _read_behaviour(given: Fields) -> Fields:
    from understudy.proxy.operations.collections.behaviour_text import READERS

    fields: Fields = {}
    for name, read in READERS.items():
        cleared = given.get(f"no_{name}", False)
        check_one(f"--{name.replace('_', '-')}", given[name] is not None, cleared)
        if given[name] is not None:
            fields[name] = read(given[name])
        elif cleared:
            fields[name] = None
    return fields


def check_usual(name: str, matching: Fields) -> None:
    """Raise UserError when one of `PATH_LINE_OPTIONS` is given together with `--usual-...`, which takes it back."""
    if name in matching:
        raise UserError(f"give --{'' if matching[name] else 'no-'}{name} or --usual-{name}, not both")


def check_one(option: str, given: bool, cleared: bool) -> None:
    """Raise UserError when an option is given together with the one that removes it."""
    if given and cleared:
        raise UserError(f"give {option} or --no{option[1:]}, not both")

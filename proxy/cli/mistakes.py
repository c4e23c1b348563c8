"""What is wrong with a command line that click cannot read, in one line: what was expected, and the nearest to that."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from understudy.store.model.naming import escape_unprintable, find_nearest

OTHER_WORDS: Mapping[str, Sequence[str]] = {
    "ls": ("list",),
    "get": ("show",),
    "view": ("show",),
    "new": ("create", "add"),
    "add": ("create", "set"),
    "rm": ("delete", "remove", "revoke"),
    "remove": ("delete", "unset", "revoke"),
    "del": ("delete", "remove"),
    "update": ("set", "edit"),
    "change": ("set", "edit"),
    "mv": ("rename",),
    "cp": ("copy",),
    "start": ("serve",),
    "run": ("serve",),
}
"""Commands by the words that other programs have for them."""


class Mistake(click.ClickException):
    """A command line that cannot be read; the message is one line."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(escape_unprintable(message))  # click prints it if no command was reached


def explain(error: click.UsageError) -> str:
    """Return the one line for an error of click."""
    match error:
        case click.NoSuchOption() if error.ctx:
            return _explain_option(error.ctx, error.option_name)
        case click.MissingParameter() if error.ctx and error.param:
            return _explain_missing(error.ctx, error.param)
        case click.BadOptionUsage() if error.ctx:
            return _explain_option_usage(error.ctx, error.option_name)
        case click.BadParameter() if error.ctx and error.param:
            return _explain_value(error.ctx, error.param, error.message)
        case _:
            return error.format_message()


def explain_unknown_command(ctx: click.Context, group: click.Group, name: str) -> str:
    """Return the one line for a command that a group does not have."""
    names, root = group.list_commands(ctx), ctx.find_root()
    others = [each for each in OTHER_WORDS.get(name, ()) if each in names][:1]
    found = [] if others else list(_find_elsewhere(root, name))
    found = found or [f"{ctx.command_path} {each}" for each in others or find_nearest(name, names)]
    start = f"{ctx.command_path} has no command {name!r}"
    if found:
        return f"{start}; did you mean {' or '.join(map(repr, found[:3]))}?"
    return f"{start}; {ctx.command_path} --help lists the commands"


def explain_extra_arguments(ctx: click.Context, given: Sequence[str], extra: Sequence[str]) -> str:
    """Return the one line for arguments that a command does not take; `given` are all of its arguments."""
    taken = [param for param in ctx.command.params if isinstance(param, click.Argument)]
    names = " ".join(param.make_metavar(ctx) for param in taken)
    got = "got also" if taken else "got"
    start = f"{ctx.command_path} takes {names or 'no arguments'}, {got} {shlex.join(extra)!r}"
    first = given.index(extra[0]) if extra[0] in given else 0
    if taken and taken[-1].nargs == 1 and first and not given[first - 1].startswith("-"):
        return f"{start}; put a text with spaces in quotes: {shlex.quote(' '.join([given[first - 1], *extra]))}"
    if not taken and any("--session" in param.opts for param in ctx.command.params):
        return f"{start}; did you mean '--session {shlex.join(extra)}'?"
    return f"{start}; {ctx.command_path} --help shows what it takes"


def explain_missing_dashes(ctx: click.Context, given: Sequence[str], begin: int) -> str:
    """Return the one line for a COMMAND without `--` before it; it begins at a place of the given arguments."""
    line = [*ctx.command_path.split(), *given[:begin], "--", *given[begin:]]
    return f"-- has to stand before a command to run: {shlex.join(line)}"


def _explain_option(ctx: click.Context, name: str) -> str:
    start = f"{ctx.command_path} has no option {name}"
    is_group, known = isinstance(ctx.command, click.Group), [each[2:] for each in _list_options(ctx)]
    # An option before the command is more often one of the command than one of the group that is mistyped.
    near = find_nearest(name[2:], known, likeness=0.75 if is_group else 0.7) if name.startswith("--") else []
    if near:
        return f"{start}; did you mean {' or '.join(f'--{each}' for each in near)}?"
    if is_group:
        return f"{start}; options of a command go behind its name"
    return f"{start}; {ctx.command_path} --help lists its options"


def _explain_missing(ctx: click.Context, param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        usage = " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
        return f"{param.make_metavar(ctx)} is missing: {usage}"
    return f"{ctx.command_path} needs {_name(ctx, param)} {param.make_metavar(ctx)}"


def _explain_option_usage(ctx: click.Context, name: str) -> str:
    found = (param for param in ctx.command.params if name in (*param.opts, *param.secondary_opts))
    param = next(found, None)
    if param is None or (isinstance(param, click.Option) and param.is_flag):
        return f"{name} takes no value"
    return f"{name} takes {param.make_metavar(ctx)}, and nothing follows it"


def _explain_value(ctx: click.Context, param: click.Parameter, message: str) -> str:
    given, takes = message.partition(" is not ")[0], _describe_type(param.type)
    if takes is None or " is not " not in message:
        return f"{_name(ctx, param)}: {message.rstrip('.')}"
    line = f"{_name(ctx, param)} takes {takes}, not {given}"
    if isinstance(param.type, click.Choice):
        near = find_nearest(given.strip("'"), map(str, param.type.choices), 1)
        return f"{line}; did you mean {near[0]}?" if near else line
    return line


def _describe_type(kind: click.ParamType[Any]) -> str | None:
    match kind:
        case click.Choice():
            *others, last = map(str, kind.choices)
            return f"{', '.join(others)} or {last}" if others else last
        case click.IntRange() | click.FloatRange():
            noun = "a whole number" if isinstance(kind, click.IntRange) else "a number"
            least, most = kind.min, kind.max
            if least is None or most is None:
                return f"{noun} up to {most}" if least is None else f"{noun} from {least} on"
            return f"{noun} from {least} to {most}"
        case _:
            return {"integer": "a whole number", "float": "a number"}.get(kind.name)


def _name(ctx: click.Context, param: click.Parameter) -> str:
    """Return the name of an argument, or the first whole word of an option."""
    if not isinstance(param, click.Option):
        return param.make_metavar(ctx).strip("[]")
    return next((name for name in param.opts if name.startswith("--")), param.opts[0])


def _list_options(ctx: click.Context) -> Iterator[str]:
    for param in ctx.command.get_params(ctx):
        if isinstance(param, click.Option) and not param.hidden:
            yield from (name for name in (*param.opts, *param.secondary_opts) if name.startswith("--"))


def _find_elsewhere(root: click.Context, name: str) -> Iterator[str]:
    """Yield the paths of the commands that have this name, in any group."""
    assert isinstance(root.command, click.Group)
    for outer in root.command.list_commands(root):
        command = root.command.get_command(root, outer)
        if outer == name:
            yield f"{root.command_path} {outer}"
        if isinstance(command, click.Group) and name in command.list_commands(root):
            yield f"{root.command_path} {outer} {name}"

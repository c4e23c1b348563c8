"""The grammar of the command line: one way to name things, JSON for all that writes, one way to listen."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from understudy.proxy.cli import main
from understudy.proxy.cli.option_groups import GROUPS

THINGS = {
    "sessions": "--session",
    "collections": "--collection",
    "mocks": "--mock",
    "environments": "--environment",
    "keys": "--key",
    "replay": "--session",
    "mock": "--mock",
}
"""The option that names what the argument NAME of a command, or of the commands of a group, names."""

ARGUMENTS = {"EXAMPLE": "--example", "EXAMPLE...": "--example", "COLLECTION": "--collection", "ERROR": "--error"}
"""The option for arguments with a name of their own."""

OTHER_NAMES = (
    *("KEY...", "[KEY=VALUE]...", "METHOD", "URL", "'METHOD PATH'", "SHELL"),
    *("ENTRY_ID", "[ENTRY_ID ...]", "[MODE]", "[ID]"),
)
SERVING = ("record", "replay", "mock", "gateway", "mocks serve")
FEW_OPTIONS = 12


def walk(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield the path and the object of each command that is no group."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner
        yield from walk(inner, f"{path} {name}".strip())


COMMANDS = dict(walk(main))


def list_options(command: click.Command) -> set[str]:
    return {name for param in command.params if isinstance(param, click.Option) for name in param.opts}


def find_option(path: str, metavar: str) -> str | None:
    """The option that names the same thing as an argument; None for what has no name."""
    if metavar in OTHER_NAMES:
        return None
    return ARGUMENTS.get(metavar) or THINGS.get(path.split()[0], "nothing")


def test_every_argument_that_names_a_thing_has_an_option_for_it() -> None:
    missing = [
        (path, metavar, option)
        for path, command in COMMANDS.items()
        for param in command.params
        if isinstance(param, click.Argument)
        and (metavar := param.make_metavar(click.Context(command)))
        and (option := find_option(path, metavar))
        and option not in list_options(command)
        and path != "mode"  # its NAME is that of a session or a mock server: --session or --mock
    ]
    assert missing == []


def test_every_command_but_those_that_serve_has_json() -> None:
    """All that list and show have it too."""
    without = [path for path, command in COMMANDS.items() if "--json" not in list_options(command)]
    assert sorted(without) == sorted([*SERVING, "addon-path", "completion"])


def test_every_command_that_serves_takes_an_address_and_a_port() -> None:
    assert [path for path in SERVING if not {"--listen", "--port"} <= list_options(COMMANDS[path])] == []


def test_many_options_are_in_groups() -> None:
    """Help has more than one heading for them."""
    alone = [
        path
        for path, command in COMMANDS.items()
        if len(list_options(command)) > 2 * FEW_OPTIONS
        and sum(line.endswith(":") and not line.startswith(" ") for line in help_of(command).splitlines()) < 2
    ]
    assert alone == []


def help_of(command: click.Command) -> str:
    return command.get_help(click.Context(command, terminal_width=120))


@pytest.mark.parametrize(("columns", "width"), [(80, 80), (110, 110), (200, 120)])
def test_help_is_as_wide_as_the_terminal_up_to_120_columns(
    monkeypatch: pytest.MonkeyPatch, columns: int, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    outer = click.Context(main, **main.context_settings)
    printed = COMMANDS["record"].get_help(click.Context(COMMANDS["record"], parent=outer, info_name="record"))
    assert width - 15 < max(map(len, printed.splitlines())) <= width


def test_each_group_of_options_has_names_of_options() -> None:
    named = [name for names in GROUPS.values() for name in names]
    known = {param.name for command in COMMANDS.values() for param in command.params}
    assert [name for name in named if named.count(name) > 1] == []
    assert [name for name in named if name not in known] == []

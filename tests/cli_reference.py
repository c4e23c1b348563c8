"""docs/cli.md from the commands' own help: python -m tests.cli_reference > docs/cli.md"""

from __future__ import annotations

from collections.abc import Iterator

import click

from understudy.proxy.cli import main

HEAD = """# Every command and option

Generated from `--help`; a test compares the two. For shell completion of commands, options and the names in the
store, put `eval "$(understudy completion bash)"` into `~/.bashrc`, with `zsh` into `~/.zshrc`, or `understudy
completion fish | source` into the configuration of fish. `--store` goes before or after the command;
`UNDERSTUDY_STORE` does the same, and `store` in a [project file](project-file.md). A store that is named has to
exist, except for commands that may create it: `record`, `gateway`, `send`, and those that create, add or set.

`-n N` cuts a list. A line on standard error then names the option that lists what follows: `More: --after shop`. Pages
begin after a name or id, or end before one, so that what is added or deleted meanwhile neither repeats nor hides other
lines. The name or id itself may be gone; only `sessions list`, which is by age, then needs the id.

Recorded messages may hold escape sequences, and characters that hide or reorder others. On a terminal these are shown
percent-encoded (`%1B` for ESC). To a pipe or a file, and with `--raw`, `history show`, `examples show`,
`mocks logs --call` and `send` print messages as they are. Names, errors, lists and log lines are escaped wherever they
go; JSON escapes such characters as JSON does.

What has a name or an id is named by it, or by the end of the id: six characters or more (four of an example), in either
case. A name goes before an end of an id. On a terminal, lists show the shortest end that is enough, in place of the id.
Times are those of this machine's time zone, and short for today (`14:03:22`) and this year (`Nov 29 14:03`). Lists of
history show paths in place of URLs where all requests went to one upstream, and else the hosts in a column. Where there
is no room, texts are cut (`…`) and columns are left out, but nothing that is to be copied is cut: ids, commands, URLs,
and paths of up to 40 characters. To a pipe or a file, nothing is cut or short. `NO_COLOR=1` and `TERM=dumb` switch
colours off, and `COLUMNS` sets the width of a terminal.

An error is one line on standard error. It names what was expected and, for a command, an option or a name that does not
exist, the nearest that does. The exit codes are:

| exit code | meaning |
|---|---|
| 0 | The command did what it was asked to do. |
| 1 | `match` found no example, `mocks verify` other calls, or `store check` a problem; or a recording lost exchanges. |
| 2 | The input or the state of the store does not allow it; nothing was changed. |
| 3 | The COMMAND succeeded, but a request had no answer and `--allow-misses` was not given. |
| 126, 127 | The COMMAND cannot be run, or does not exist. |
| 128 + *n* | Signal *n* ended the COMMAND, or the program itself: 130 is Ctrl-C. |
| other | The exit code of the COMMAND. |
"""


def reference() -> str:
    """The whole page."""
    sections = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(main, "understudy", None)]
    return "\n".join([HEAD, *sections])


def commands() -> Iterator[str]:
    """The names of all commands, groups too."""
    return (name for name, _ in _helps(main, "understudy", None))


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": 100, "max_content_width": 100}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child
            yield from _helps(child, child_name, context)


if __name__ == "__main__":
    click.echo(reference(), nl=False)

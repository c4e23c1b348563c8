"""The command `completion`: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.terminal_text import print_text


@click.command(cls=UnderstudyCommand)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which SHELL (bash, zsh or fish) completes commands, options and the names in the store.

    \b
    eval "$(understudy completion bash)"
    eval "$(understudy completion zsh)"
    understudy completion fish | source
    """
    from understudy.proxy.cli.completion.bash import make_script

    print_text(make_script(shell, ctx.find_root().command))

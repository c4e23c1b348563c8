"""The commands and transcripts of the docs agree with the program."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli_reference import commands, reference
from tests.programs import Understudy, free_port
from tests.transcripts import Shell, steps
from understudy.proxy.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def shown_commands() -> Iterator[tuple[str, str]]:
    """Yield the page and text of each `understudy` line in shell blocks."""
    for page in PAGES:
        for block in SHELL_BLOCK.findall(page.read_text()):
            for line in block.splitlines():
                if line.startswith("understudy "):
                    yield page.name, line


def test_the_page_of_commands_is_generated_from_help() -> None:
    """docs/cli.md equals the output of `python -m tests.cli_reference`."""
    assert (ROOT / "docs/cli.md").read_text() == reference()


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_is_on_the_page(name: str) -> None:
    """docs/cli.md has a heading for each command."""
    assert f"## {name}\n" in (ROOT / "docs/cli.md").read_text()


@pytest.mark.parametrize(("page", "line"), list(shown_commands()))
def test_shown_commands_have_existing_options(page: str, line: str) -> None:
    """Each command line in the docs has an existing command and options."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    context = click.Context(main, info_name="understudy")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found, f"{page}: {line}"
        command = found
    command.make_context(command.name, words)


def test_transcripts_of_the_readme_are_reproduced(tmp_path: Path) -> None:
    """The console blocks of the README and docs/matching.md, run in order in a checkout, print the same output."""
    api, gateway = free_port(), free_port()
    understudy = Understudy(tmp_path)
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    # Programs listen on free ports, because other tests may use the defaults.
    replacements = {
        "python3 -m demo.sample_api": f"{sys.executable} -m demo.sample_api 9000",
        "understudy record": "understudy record --listen :8080",
        "understudy mock shop &": "understudy mock --listen :8080 shop &",
        "9000": str(api),
        "8080": str(gateway),
        "/tmp/understudy.db": str(understudy.store),
    }
    shell = Shell(tmp_path, understudy.environment, replacements)
    try:
        for page in ("README.md", "docs/matching.md"):
            for command, shown in steps((ROOT / page).read_text()):
                shell.run(command, shown)
    finally:
        shell.close()

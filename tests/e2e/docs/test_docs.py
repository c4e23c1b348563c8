"""The docs say what the program does."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli_reference import commands, reference
from tests.programs import Understudy, free_port, probe, wait_for
from tests.transcripts import Shell, steps
from understudy.proxy.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def shown_commands() -> Iterator[tuple[str, str]]:
    """The `understudy` lines in the shell blocks of every page."""
    for page in PAGES:
        for block in SHELL_BLOCK.findall(page.read_text()):
            for line in block.splitlines():
                if line.startswith("understudy "):
                    yield page.name, line


def test_cli_page_is_made_from_help() -> None:
    """docs/cli.md is what `python -m tests.cli_reference` prints."""
    assert (ROOT / "docs/cli.md").read_text() == reference()


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_has_help(name: str) -> None:
    """Every command says what it does."""
    assert f"## {name}\n" in (ROOT / "docs/cli.md").read_text()


@pytest.mark.parametrize(("page", "line"), list(shown_commands()))
def test_shown_commands_are_understood(page: str, line: str) -> None:
    """Every command line shown in the docs has a command and options that exist."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    context = click.Context(main, info_name="understudy")
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found, f"{page}: {line}"
        command = found
    command.make_context(command.name, words)


def test_readme_transcripts_are_what_happens(tmp_path: Path) -> None:
    """The console blocks of the README and of docs/matching.md, run one after the other, print what they show."""
    api, gateway = free_port(), free_port()
    understudy = Understudy(tmp_path)
    replacements = {"9000": str(api), "8080": str(gateway), "/tmp/understudy.db": str(understudy.store)}
    # The gateway listens on another port than its default: the test may not be alone on this machine.
    listening = {
        "understudy record": "understudy record --listen :8080",
        "understudy mock": "understudy mock --listen :8080",
    }
    sample = subprocess.Popen([sys.executable, "-m", "demo.sample_api", str(api)], cwd=ROOT)
    shell = Shell(tmp_path, understudy.environment, listening | replacements)
    try:
        wait_for(lambda: probe(api))
        for page in ("README.md", "docs/matching.md"):
            for command, shown in steps((ROOT / page).read_text()):
                shell.run(command, shown)
    finally:
        shell.close()
        sample.terminate()
        sample.wait()

"""What the program says to people: plain words in help, messages and errors."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator

import click

from tests.structure.messages import user_errors
from tests.structure.source import PRODUCT, ROOT, modules
from understudy.proxy.cli import main
from understudy.proxy.cli.hints import HINTS

GOLDEN = ROOT / "tests" / "golden" / "user_errors.txt"
HINTS_PATH = "proxy/cli/hints.py"
RIDDLES = re.compile(
    r"\b(tell|tells|told|telling|befall\w*|any more|of it|nobody|somebody|anybody|whoever|whom|is none|hear(s|d)?)\b",
    re.IGNORECASE,
)


def helps(command: click.Command, path: str = "understudy") -> Iterator[tuple[str, str]]:
    """The help text of a command and of all commands in it."""
    context = click.Context(command, info_name=path)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from helps(inner, f"{path} {name}")


def test_help_is_in_plain_words() -> None:
    assert [(path, found[0]) for path, text in helps(main) if (found := RIDDLES.search(text))] == []


def test_messages_and_errors_are_in_plain_words() -> None:
    """Every string of more than a word that is not a docstring."""
    found = [
        f"{module.path}:{string.lineno}: {riddle[0]!r} in {string.value!r}"
        for module in modules(*PRODUCT)
        for string in module.strings()
        if " " in str(string.value) and (riddle := RIDDLES.search(str(string.value)))
    ]
    assert found == []


def test_every_error_that_a_user_can_meet_reads_well() -> None:
    """The golden file is there to be read: a change of a message shows in it."""
    text = "\n".join(user_errors()) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text


def test_every_hint_can_be_rendered_and_is_used() -> None:
    texts = {
        str(string.value) for module in modules(*PRODUCT) if module.path != HINTS_PATH for string in module.strings()
    }
    actions = {
        str(call.args[0].value)
        for module in modules(*PRODUCT)
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Hint"
        and isinstance(call.args[0], ast.Constant)
    }
    assert actions <= set(HINTS)
    assert set(HINTS) <= texts

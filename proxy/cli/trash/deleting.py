"""How commands delete: they ask on a terminal, and print how to undo it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from understudy.proxy.cli.options import Command, json_option
from understudy.proxy.cli.output import counted, print_json
from understudy.proxy.cli.questions import can_ask
from understudy.proxy.cli.terminal_text import confirm, escape_line, print_line, print_text
from understudy.store.errors import Hint, UserError

if TYPE_CHECKING:
    from understudy.proxy.operations.deleting import Deleted
    from understudy.proxy.operations.trash.previews import Preview

EXIT_KEPT = 1
NOUNS = {
    "exchanges": "exchange",
    "examples": "example",
    "calls": "call",
    "variables": "variable",
    "server_errors": "server error",
}
"""What is counted, in the singular."""


@dataclass(frozen=True, slots=True)
class Deleting:
    """How a command was asked to delete: without a question, for ever, and with JSON as its output."""

    yes: bool
    forever: bool
    as_json: bool

    def confirm(self, question: Callable[[], Preview], consequence: str = "") -> bool:
        """Return whether to delete for ever, once it may delete at all; else the command ends.

        `question` is asked on a terminal, unless --yes was given; `consequence` is a sentence about what stays. Where
        nobody can be asked, what can be undone is deleted; raises UserError for what cannot.
        """
        if self.yes:
            return self.forever
        preview = question()
        if can_ask():
            return _ask(preview, consequence, forever=self.forever)
        if self.forever or not preview.is_undoable:
            message = f"this deletes {_name_thing(preview)} for ever, and there is no terminal to ask on"
            raise UserError(message, what=preview.what, hint=Hint("confirm_deletion"))
        return False

    def report(self, what: str, name: str, deleted: Deleted[Any], text: str) -> None:
        """Print what was deleted, and how to undo it."""
        if self.as_json:
            from understudy.proxy.operations.views.trash import deleted_json

            print_json(deleted_json(what, name, deleted))
            return
        number = deleted.deletion.number if deleted.deletion else None
        print_line(f"{text}. Undo: understudy undo {number}" if number else f"{text} for ever.")
        if not deleted.is_overwritten:
            warn_of_log()


def deletion_options(command: Command) -> Command:
    """Give a command that deletes --yes, --forever and --json, which it gets as its argument `deleting`."""

    @click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    @click.option("--forever", is_flag=True, help="Delete at once and overwrite; this cannot be undone.")
    @json_option
    @functools.wraps(command)
    def asking(*given: Any, yes: bool, forever: bool, as_json: bool, **arguments: Any) -> Any:
        return command(*given, deleting=Deleting(yes, forever, as_json), **arguments)

    return asking


def ask_yes_no(question: str) -> None:
    """Ask a question on the terminal; end the command unless the answer is yes."""
    if not confirm(question):
        _keep()


def warn_of_log() -> None:
    """Print that copies of what was deleted for ever may be left."""
    print_line(
        "Warning: another program uses the store, so its write-ahead log may have copies of what was deleted until"
        " that program ends.",
        err=True,
    )


def _ask(preview: Preview, consequence: str, *, forever: bool) -> bool:
    lines = [f"Delete {_describe(preview)}?", consequence]
    if preview.secrets:
        lines.append(f"Secrets are in it: {preview.secrets}.")
    if forever or not preview.is_undoable:
        lines.append("This cannot be undone." if forever else "It is over 1 GB, so this cannot be undone.")
    else:
        lines.append("It can be undone for 7 days.")
    text = " ".join(line for line in map(escape_line, lines) if line)
    if not preview.secrets or forever:
        ask_yes_no(text)
        return forever
    answer = _read_answer(f"{text} [y: delete / f: delete for ever and overwrite / N: keep] ")
    if answer not in ("y", "yes", "f", "forever"):
        _keep()
    return answer.startswith("f")


def _describe(preview: Preview) -> str:
    counts, size = preview.amount.counts, preview.amount.size
    parts = [f"{number:,} {_name(noun, number)}" for noun, number in counts.items() if noun in NOUNS and number]
    if size:
        from understudy.proxy.cli.store.store_output import format_size

        parts.append(f"about {format_size(size)}")
    if counts.get("promoted"):
        parts.append(f"{counted(counts['promoted'], 'example')} promoted from it")
    listed = f": {', '.join(parts)}" if parts else ""
    return _name_thing(preview) + listed


def _name_thing(preview: Preview) -> str:
    return f"{preview.what} {preview.name}".strip()


def _name(noun: str, number: int) -> str:
    return NOUNS[noun] if number == 1 else f"{NOUNS[noun]}s"


def _read_answer(text: str) -> str:
    print_text(text, err=True, end="")
    return sys.stdin.readline().strip().lower()


def _keep() -> NoReturn:
    print_line("Nothing was deleted.", err=True)
    click.get_current_context().exit(EXIT_KEPT)

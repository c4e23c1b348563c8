"""What commands print as text: every print goes through here, so that nothing from outside acts on a terminal.

Recorded and typed texts may hold escape sequences, which move the cursor, rewrite the title or the clipboard, and
characters that hide or reorder others. They are printed percent-encoded. Only recorded messages that go to a pipe or a
file, or that are asked for as they are, keep them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

import click

from understudy.store.model.naming import escape_controls, escape_unprintable

STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
"""The styles of terminals that we use, by their codes in SGR sequences (ECMA-48, section 8.3.117)."""
USUAL_WIDTH = 80
"""The cells in a line of a terminal that does not know its size."""


class Styled(NamedTuple):
    """A part of a line that a terminal shows in a style."""

    text: str
    style: str


def print_line(*parts: str | Styled, err: bool = False) -> None:
    """Print parts as one line; line ends in them are escaped, like all that is not printable."""
    click.echo(render_line(*parts, styled=shows_styles(err=err)), err=err, color=True)


def print_lines(lines: Iterable[Sequence[str | Styled]]) -> None:
    """Print each sequence of parts as one line, as `print_line` does."""
    styled = shows_styles()
    click.echo("".join(f"{render_line(*parts, styled=styled)}\n" for parts in lines), nl=False, color=True)


def print_text(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print a text that may have several lines, then `end`; all but its line ends and tabs is escaped.

    What comes from outside and is to stay on its line has to be escaped before (`escape_line`).
    """
    click.echo(escape_controls(text) + end, nl=False, err=err)


def print_prose(text: str) -> None:
    """Print a paragraph, on a terminal broken between its words, so that none is broken by the terminal."""
    import textwrap

    width = find_width()
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) if width else [text]
    print_lines([line] for line in lines)


def print_advice(text: str) -> None:
    """Print a line that ends in a command; the command has a line of its own where a terminal would break it."""
    width, (what, colon, command) = find_width(), text.rpartition(": understudy ")
    if colon and width is not None and len(text) > width:
        print_lines([[f"{what}:"], [f"  understudy {command}"]])
    else:
        print_line(text)


def print_recorded(text: str, *, raw: bool) -> None:
    """Print recorded text with a line end: as `print_text` does, or if `raw` every character as it is.

    In raw text, a surrogate from U+DC80 to U+DCFF stands for a byte that is not UTF-8.
    """
    if raw:
        _write(_encode(text) + b"\n")
    else:
        print_text(text)


def print_bytes(data: bytes, *, raw: bool) -> None:
    """Print recorded bytes: every byte as it is if `raw`, else as text; no line end is added to the former."""
    if raw:
        _write(data)
        return
    try:
        print_text(data.decode())
    except UnicodeDecodeError:
        print_line(f"({len(data)} bytes that are not text; --raw prints them)")


def confirm(question: str, *, default: bool = False) -> bool:
    """Ask a question on stderr that takes yes or no; click.Abort is raised where no answer can be read."""
    return click.confirm(escape_unprintable(question), default=default, err=True)


def render_line(*parts: str | Styled, styled: bool = False) -> str:
    """Return parts as one line without its end, with SGR sequences if `styled`."""
    return "".join(_render(part, styled) for part in parts)


def escape_line(text: str) -> str:
    """Return a text for one line: all that is not printable is percent-encoded, line ends too."""
    return escape_unprintable(text)


def shows_raw(*, raw: bool) -> bool:
    """Whether recorded messages are printed as they are: if that is asked for, or no terminal is there to be misled."""
    return raw or not _is_terminal(sys.stdout)


def shows_styles(*, err: bool = False) -> bool:
    """Whether an output shows styles: a terminal that can, unless the user wants none (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return _is_terminal(sys.stderr if err else sys.stdout)


def choose_status_style(status: int | None) -> str:
    """Return the style in which a status is printed; None stands for a response that never came."""
    if status is None or status >= 500:
        return "red"
    if status >= 400:
        return "yellow"
    return "cyan" if status >= 300 else "green"


def find_width(*, err: bool = False) -> int | None:
    """Return the cells in a line of the terminal that an output is, by COLUMNS or its size; None if it is none."""
    stream = sys.stderr if err else sys.stdout
    if not _is_terminal(stream):
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):  # not a file
        return USUAL_WIDTH


def _render(part: str | Styled, styled: bool) -> str:
    if not isinstance(part, Styled):
        return escape_unprintable(part)
    text = escape_unprintable(part.text)
    return f"\x1b[{STYLES[part.style]}m{text}\x1b[0m" if styled and text else text


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "surrogatepass")


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False

"""What is printed on a terminal, and what goes to a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from understudy.proxy.cli.terminal_text import (
    Styled,
    choose_status_style,
    print_advice,
    print_bytes,
    print_line,
    print_prose,
    print_recorded,
    print_text,
    render_line,
    shows_raw,
    shows_styles,
)

HOSTILE = "a\x1b]52;c;ZXZpbA==\x07\x9b2J\u202e\u200b\ufeff\u2028\x7f\r\udc9b"
HARMLESS = "a%1B]52;c;ZXZpbA==%07%C2%9B2J%E2%80%AE%E2%80%8B%EF%BB%BF%E2%80%A8%7F%0D%9B"


class Output(io.TextIOWrapper):
    """An output whose bytes are kept; it is a terminal or a pipe."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.kept = io.BytesIO()
        self._is_terminal = is_terminal
        super().__init__(self.kept, "utf-8", write_through=True)

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def written(self) -> bytes:
        self.flush()
        return self.kept.getvalue()


Opener = Callable[[], Output]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """A function that makes standard output a terminal; pytest sets its own one between fixtures and test."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda: _replace_output(monkeypatch, is_terminal=True)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """A function that makes standard output a pipe."""
    return lambda: _replace_output(monkeypatch, is_terminal=False)


def _replace_output(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> Output:
    output = Output(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stdout", output)
    return output


def test_a_line_is_escaped_everywhere_and_stays_one_line(pipe: Opener) -> None:
    output = pipe()
    print_line(f"{HOSTILE}\n", "b\t")
    assert output.written.decode() == f"{HARMLESS}%0Ab%09\n"


def test_a_text_keeps_its_line_ends_and_tabs(terminal: Opener) -> None:
    output = terminal()
    print_text(f"{HOSTILE}\n\tb", end="")
    assert output.written.decode() == f"{HARMLESS}\n\tb"


def test_recorded_text_goes_to_a_pipe_as_it_is(pipe: Opener) -> None:
    output = pipe()
    print_recorded(HOSTILE, raw=shows_raw(raw=False))
    assert output.written == HOSTILE.encode("utf-8", "surrogateescape") + b"\n"


def test_recorded_text_is_escaped_on_a_terminal_unless_it_is_to_be_raw(terminal: Opener) -> None:
    output = terminal()
    print_recorded(HOSTILE, raw=shows_raw(raw=False))
    assert output.written.decode() == f"{HARMLESS}\n"
    assert shows_raw(raw=True)


def test_recorded_bytes_that_are_no_text_are_counted_on_a_terminal(terminal: Opener) -> None:
    output = terminal()
    print_bytes(b"\xff\x1b[2J", raw=False)
    assert output.written == b"(5 bytes that are not text; --raw prints them)\n"


def test_a_surrogate_that_stands_for_no_byte_is_printed_raw(pipe: Opener) -> None:
    output = pipe()
    print_recorded("\ud800", raw=True)
    assert output.written == b"\xed\xa0\x80\n"


def test_a_style_ends_with_its_part_and_what_is_in_it_is_escaped() -> None:
    assert render_line("a ", Styled("\x1b[7m", "red"), " b", styled=True) == "a \x1b[31m%1B[7m\x1b[0m b"
    assert render_line("a ", Styled("b", "red"), Styled("", "bold")) == "a b"


def test_a_terminal_shows_styles(terminal: Opener) -> None:
    output = terminal()
    print_line(Styled("404", "yellow"))
    assert output.written == b"\x1b[33m404\x1b[0m\n"


def test_a_pipe_shows_no_styles(pipe: Opener) -> None:
    output = pipe()
    print_line(Styled("404", "yellow"))
    assert output.written == b"404\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_user_can_do_without_styles(terminal: Opener, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal()
    assert shows_styles()
    monkeypatch.setenv(name, value)
    assert not shows_styles()


def test_a_closed_output_is_no_terminal(pipe: Opener) -> None:
    output = pipe()
    output.close()
    assert not shows_styles()


@pytest.mark.parametrize(
    ("status", "style"), [(200, "green"), (304, "cyan"), (404, "yellow"), (503, "red"), (None, "red")]
)
def test_a_status_has_the_style_of_its_class(status: int | None, style: str) -> None:
    assert choose_status_style(status) == style


@pytest.mark.parametrize(
    ("columns", "printed"),
    [
        ("60", "None yet. Create one with: understudy keys create NAME\n"),
        ("50", "None yet. Create one with:\n  understudy keys create NAME\n"),
    ],
)
def test_a_command_is_not_broken(terminal: Opener, columns: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    output = terminal()
    print_advice("None yet. Create one with: understudy keys create NAME")
    assert output.written.decode() == printed


def test_prose_is_broken_between_words(terminal: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    output = terminal()
    print_prose("one two-three /a/path/of/names four")
    assert output.written.decode() == "one\ntwo-three\n/a/path/of/names\nfour\n"

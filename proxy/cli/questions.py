"""Questions to the person at the terminal."""

from __future__ import annotations

import sys

import click

from understudy.proxy.cli.terminal_text import confirm, print_line


def can_ask() -> bool:
    """Return whether a person can answer: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, *, default: bool = False) -> bool:
    """Return the answer to a yes-or-no question; False without a terminal, and where Ctrl-C or Ctrl-D is the answer."""
    if not can_ask():
        return False
    try:
        return confirm(question, default=default)
    except click.Abort:
        print_line(err=True)
        return False

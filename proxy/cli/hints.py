"""How the command line says an error: the input as an option, the hint as a command or an option."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.store.errors import Hint, UnderstudyError

HINTS: Mapping[str, str] = {
    "choose_store": "choose another with --store",
    "record": "understudy record creates one",
    "name_upstream": "name a host with --upstream URL, or set the gateway as the client's proxy",
    "use_forward_proxy": "start a gateway without --upstream to have a forward proxy",
    "resolve_name": "give it an address with --resolve {host}:{port}:ADDRESS",
    "trust_upstream": "trust its CA with --upstream-ca FILE, or any certificate with --insecure",
    "replay_failures": "repeat the failure with --replay-failures",
    "repeat_answers": "without --once the last answer repeats",
    "list_mock_servers": "understudy mocks list shows the mock servers",
}
"""What each action is at a terminal; `{name}` stands for a value of the hint."""

ARGUMENTS: Mapping[str, str] = {"url": "URL"}
"""Inputs that are arguments; all others are options of the same name."""


def render_error(error: UnderstudyError) -> str:
    """Return the one line for an error: its input, its message and its hint."""
    message = str(error)
    if error.field:
        separator = " " if message.startswith("takes ") else ": "
        message = f"{option_name(error.field)}{separator}{message}"
    return f"{message}; {render_hint(error.hint)}" if error.hint else message


def option_name(field: str) -> str:
    """Return the option or argument by which the command line takes an input."""
    return ARGUMENTS.get(field) or f"--{field.replace('_', '-')}"


def render_hint(hint: Hint) -> str:
    """Return a hint as a command or an option."""
    return HINTS[hint.action].format_map(hint.values)

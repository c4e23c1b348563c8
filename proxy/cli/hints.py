"""How the command line prints an error: the input as an option, the hint as a command or an option."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from understudy.store.errors import Hint, UnderstudyError

HINTS: Mapping[str, str] = {
    "change_example": "change it with: understudy examples set {example}, or choose another name with --name",
    "allow_public": "allow them first: understudy mocks policy --public allow",
    "choose_history": "give entry ids, --session NAME, --date YYYY-MM-DD or --filter NAME=VALUE",
    "choose_listen": "choose another with --listen HOST:PORT",
    "choose_port": "choose another with --port PORT",
    "choose_redaction_rules": "give --header NAME, --query NAME, --json-path PATH or --pattern REGEX",
    "choose_replay_lists": "give --ignore-query NAME, --ignore-body PLACE, --match-header NAME or --reset",
    "compare_all_headers": "--match-header '*' compares all",
    "choose_store": "choose another with --store",
    "confirm_deletion": "--yes deletes without a question",
    "create_environment": "create it with: understudy environments set NAME KEY=VALUE",
    "create_mock_server": "create a new mock server: understudy mocks create NAME --collection {collection}",
    "find_by_ids": "answer by ids with --ids, or give the example a path template:"
    " understudy examples set {example} --path '{path}'",
    "force": "--force overwrites it",
    "give_file": "a body from a file, @FILE, may be anything",
    "list_redaction_rules": "understudy redaction list shows the rules",
    "make_private": "use --private, or allow public ones with: understudy mocks policy --public allow",
    "record": "understudy record creates one",
    "make_writable": "make it writable, or choose another with --store",
    "list_deletions": "understudy undo lists the deletions that can be undone",
    "undo_first": "restore that first: understudy undo {deletion}",
    "list_history": "understudy history list shows the entries",
    "delete_mock_servers": "delete the mock servers first: understudy mocks delete NAME",
    "detach_environment": "detach it first: understudy mocks edit NAME --no-environment",
    "remove_variable": "remove it first: understudy environments unset {environment} {variable}",
    "serve_private": "--allow-remote allows that; with its keys: understudy mocks serve '{name}' --host ADDRESS",
    "start_gateway": "understudy gateway starts one",
    "switch_gateway": "switch it first: understudy mode pass --gateway {gateway}",
    "switch_on_call_log": "switch it on: understudy mocks edit {mock_server} --log-limit 10000",
    "name_upstream": "name a host with --upstream URL, or set the gateway as the client's proxy",
    "use_forward_proxy": "start a gateway without --upstream to have a forward proxy",
    "resolve_name": "give it an address with --resolve {host}:{port}:ADDRESS",
    "trust_upstream": "trust its CA with --upstream-ca FILE, or any certificate with --insecure",
    "replay_failures": "repeat the failure with --replay-failures",
    "repeat_answers": "without --once the last answer repeats",
    "ignore_places": "leave out what differs with {options}",
    "list_mock_servers": "understudy mocks list shows the mock servers",
}
"""What each action is at a terminal; `{name}` stands for a value of the hint."""

PLACE_OPTIONS = {"query": "--ignore-query", "header": "--ignore-header", "body": "--ignore-body"}
"""The options that take the places of `ignore_places`, by the names of its values."""

ARGUMENTS: Mapping[str, str] = {"url": "URL", "entry_id": "ENTRY_ID"}
"""Inputs that are arguments; all others are options of the same name."""


def render_error(error: UnderstudyError) -> str:
    """Return the one line for an error: its input, its message and its hint."""
    message = str(error)
    if error.field:
        separator = " " if message.startswith("takes ") else ": "
        message = f"{option_name(error.field)}{separator}{message}"
    if error.hint is None:
        return message
    return f"{message}{' Or ' if message.endswith('?') else '; '}{render_hint(error.hint)}"


def option_name(field: str) -> str:
    """Return the option or argument by which the command line takes an input."""
    return ARGUMENTS.get(field) or f"--{field.replace('_', '-')}"


def render_hint(hint: Hint) -> str:
    """Return a hint as a command or an option."""
    if hint.action == "ignore_places":
        return HINTS[hint.action].format(options=" ".join(_list_place_options(hint.values)))
    return HINTS[hint.action].format_map(hint.values)


def _list_place_options(values: Mapping[str, str]) -> Iterator[str]:
    for name, option in PLACE_OPTIONS.items():
        for place in values.get(name, "").splitlines():
            yield f"{option} {shlex.quote(place)}"

"""The commands about redaction rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.options import current_user, json_option, making_store, with_store
from understudy.proxy.cli.output import counted, print_json, print_table
from understudy.proxy.cli.questions import can_ask
from understudy.proxy.cli.terminal_text import print_line, print_prose
from understudy.proxy.cli.trash.deleting import ask_yes_no
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.store.redaction.rules import Rules

KINDS = {"headers": "header", "query": "query or form", "json": "JSON", "patterns": "pattern"}


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name rules."""
    options = (
        click.option("--header", "headers", metavar="NAME", multiple=True, help="A header field."),
        click.option("--query", metavar="NAME", multiple=True, help="A parameter of queries and forms."),
        click.option(
            "--json-path",
            "json",
            metavar="PATH",
            multiple=True,
            help="A place in JSON bodies: $.user.ssn, $.a[*].b, $..ssn.",
        ),
        click.option("--pattern", "patterns", metavar="REGEX", multiple=True, help="Any text that matches."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=LazyGroup)
def redaction() -> None:
    """What is redacted: rules of the store, and built-in names and patterns."""


@redaction.command("list")
@json_option
@with_store
def list_rules(store: Store, as_json: bool) -> None:
    """List the rules of the store and what is built in."""
    from understudy.proxy.operations.recordings import redaction_rules
    from understudy.proxy.operations.views.recordings import redaction_rules_json

    rules = redaction_rules.list_rules(store)
    if as_json:
        print_json(redaction_rules_json(rules))
    else:
        _print_rules(rules)


@redaction.command("add")
@rule_options
@json_option
@making_store
def add_rules(store: Store, as_json: bool, **rules: tuple[str, ...]) -> None:
    """Add rules. They apply to promotion, to logs, and to recordings made with --redact.

    \b
    understudy redaction add --header X-Session --query sid --json-path '$.user.ssn'
    understudy redaction add --pattern 'tok_[a-z0-9]{20}'
    """
    from understudy.proxy.operations.recordings import redaction_rules
    from understudy.store.redaction.rules import Rules

    _report(redaction_rules.add_rules(store, Rules.of(**rules), actor=current_user()), as_json=as_json)


@redaction.command("remove")
@rule_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@with_store
def remove_rules(store: Store, yes: bool, as_json: bool, **rules: tuple[str, ...]) -> None:
    """Remove rules. Built-in names and patterns stay. It can be undone for a week."""
    from understudy.proxy.operations.recordings import redaction_rules
    from understudy.store.redaction.rules import Rules

    chosen = Rules.of(**rules)
    number = sum(map(len, chosen.as_json().values()))
    if number and not yes and can_ask():
        ask_yes_no(f"Remove {counted(number, 'redaction rule')}? It can be undone for 7 days.")
    removed = redaction_rules.remove_rules(store, chosen, actor=current_user())
    _report(removed.thing, as_json=as_json)
    if removed.deletion is not None and not as_json:
        print_line(f"Undo: understudy undo {removed.deletion.number}")


def _print_rules(rules: Rules) -> None:
    from understudy.store.redaction.secret_names import SECRET_ENDINGS, SECRET_WORDS
    from understudy.store.redaction.secret_patterns import BUILT_IN_PATTERNS

    rows = [(KINDS[kind], rule) for kind, listed in rules.as_json().items() for rule in listed]
    print_table(("RULE FOR", "REDACTS"), rows, "The store has no rules.")
    endings, words = ", ".join(SECRET_ENDINGS), ", ".join(sorted(SECRET_WORDS))
    print_prose(f"Built-in names: those that end in {endings}; {words}; cookies.")
    print_prose(f"Built-in patterns: {', '.join(name for name, *_ in BUILT_IN_PATTERNS)}.")


def _report(rules: Rules, *, as_json: bool) -> None:
    from understudy.proxy.operations.views.recordings import redaction_rules_json

    if as_json:
        print_json(redaction_rules_json(rules))
        return
    number = sum(map(len, rules.as_json().values()))
    print_line(f"The store has {counted(number, 'rule')}. Gateways and mock servers read them when they start.")

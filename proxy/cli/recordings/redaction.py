"""The commands about what is redacted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from understudy.proxy.cli.options import json_option, making_store, with_store
from understudy.proxy.cli.output import print_json, print_table
from understudy.store.errors import NotFound, UserError
from understudy.store.repositories.store import Store

KINDS = {"headers": "header", "query": "query or form", "json": "JSON", "patterns": "pattern"}


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name rules."""
    options = (
        click.option("--header", "headers", metavar="NAME", multiple=True, help="A header field."),
        click.option("--query", metavar="NAME", multiple=True, help="A parameter of queries and forms."),
        click.option(
            "--json-path", "json", metavar="PATH", multiple=True, help="A place in JSON: $.user.ssn, $.a[*].b, $..ssn."
        ),
        click.option("--pattern", "patterns", metavar="REGEX", multiple=True, help="Text that matches, anywhere."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def redaction() -> None:
    """What is redacted: secrets known by name or by looks, and the rules of the store."""


@redaction.command("list")
@json_option
@with_store
def list_rules(store: Store, as_json: bool) -> None:
    """List the rules of the store, and what is built in."""
    from understudy.store.redaction.secret_names import SECRET_ENDINGS, SECRET_WORDS
    from understudy.store.redaction.secret_patterns import BUILT_IN_PATTERNS
    from understudy.store.redaction.settings import read_rules

    rules = read_rules(store).as_json()
    if as_json:
        names = [*SECRET_ENDINGS, *sorted(SECRET_WORDS)]
        print_json(
            {**rules, "built_in": {"names": names, "patterns": {name: regex for name, _, regex in BUILT_IN_PATTERNS}}}
        )
        return
    rows = [(KINDS[kind], rule) for kind, listed in rules.items() for rule in listed]
    print_table(("RULE FOR", "REDACTS"), rows, "No rules of your own.")
    click.echo(f"Built in: names that end in {', '.join(SECRET_ENDINGS)}; {', '.join(sorted(SECRET_WORDS))}; cookies.")
    click.echo(f"Built in by their looks: {', '.join(name for name, *_ in BUILT_IN_PATTERNS)}.")


@redaction.command("add")
@rule_options
@making_store
def add_rules(store: Store, **given: tuple[str, ...]) -> None:
    """Add rules: what they name is redacted at promotion, in logs, and in recordings with --redact.

    \b
    understudy redaction add --header X-Session --query sid --json-path '$.user.ssn'
    understudy redaction add --pattern 'tok_[a-z0-9]{20}'
    """
    from understudy.store.redaction.rules import Rules
    from understudy.store.redaction.settings import read_rules, set_rules

    rules = Rules.of(**given)
    if not rules:
        raise UserError("say what to redact: --header NAME, --query NAME, --json-path PATH or --pattern REGEX")
    set_rules(store, read_rules(store) | rules)
    _say(store)


@redaction.command("remove")
@rule_options
@with_store
def remove_rules(store: Store, **given: tuple[str, ...]) -> None:
    """Remove rules of the store; what is built in stays."""
    from understudy.store.redaction.rules import Rules
    from understudy.store.redaction.settings import read_rules, set_rules

    rules, known = Rules.of(**given), read_rules(store)
    if not rules:
        raise UserError("say which rules: --header NAME, --query NAME, --json-path PATH or --pattern REGEX")
    missing = [rule for listed in (rules - known).as_json().values() for rule in listed]
    if missing:
        raise NotFound(f"the store has no rule {missing[0]!r}; understudy redaction list shows those that it has")
    set_rules(store, known - rules)
    _say(store)


def _say(store: Store) -> None:
    from understudy.proxy.cli.output import counted
    from understudy.store.redaction.settings import read_rules

    number = sum(map(len, read_rules(store).as_json().values()))
    click.echo(f"The store has {counted(number, 'rule')}. Gateways and mock servers take them when they start.")

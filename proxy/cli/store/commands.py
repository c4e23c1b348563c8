"""The commands about the store: its sizes, its check, pruning, and giving space back."""

from __future__ import annotations

import time

import click

from understudy.proxy.cli.lazy import LazyGroup
from understudy.proxy.cli.options import current_user, duration, json_option, moment, with_store
from understudy.proxy.cli.output import counted, measured_progress, print_json
from understudy.proxy.cli.store.store_output import (
    describe_pruned,
    describe_retention,
    describe_vacuumed,
    print_description,
)
from understudy.proxy.cli.terminal_text import print_line, print_text
from understudy.store.errors import UserError
from understudy.store.repositories.store import Store

EXIT_PROBLEMS = 1


@click.group(cls=LazyGroup)
def store() -> None:
    """The store: how large it is, whether it is sound, and deleting what is old."""


@store.command("info")
@json_option
@with_store
def show_info(store: Store, as_json: bool) -> None:
    """Show how large the store is and what is in it."""
    from understudy.proxy.operations.maintenance.store_upkeep import describe_store
    from understudy.proxy.operations.views.maintenance import store_json

    report = describe_store(store)
    if as_json:
        print_json(store_json(report))
    else:
        print_description(report)


@store.command("check")
@json_option
@with_store
def check(store: Store, as_json: bool) -> None:
    """Check that the store is sound; the exit code is 1 if it is not.

    This reads the whole store: the file itself, what refers to what, and the bytes of all bodies. A gateway may record
    meanwhile.
    """
    from understudy.proxy.operations.maintenance.store_upkeep import check_store
    from understudy.proxy.operations.views.maintenance import check_json

    with measured_progress("checking bodies") as report:
        problems = check_store(store, report)
    if as_json:
        print_json(check_json(problems))
    else:
        print_text("\n".join(problems) if problems else f"The store {store.location} is sound.")
    if problems:
        click.get_current_context().exit(EXIT_PROBLEMS)


@store.command("prune")
@click.option("--older-than", metavar="TIME", help="How old: 30d, 12h, or a time such as 2026-01-31.")
@click.option("--keep-promoted", is_flag=True, help="Keep exchanges that an example was promoted from.")
@click.option("-s", "--session", metavar="NAME", help="Only exchanges of this session.")
@click.option("--dry-run", is_flag=True, help="Only show how many exchanges there are.")
@click.option("--always", is_flag=True, help="Also let gateways that record do this at their start and once an hour.")
@click.option("--never", is_flag=True, help="Let gateways no longer do it; delete nothing.")
@json_option
@with_store
def prune(
    store: Store,
    older_than: str | None,
    keep_promoted: bool,
    session: str | None,
    dry_run: bool,
    always: bool,
    never: bool,
    as_json: bool,
) -> None:
    """Delete old exchanges. Sessions and examples stay.

    \b
    understudy store prune --older-than 30d
    understudy store prune --older-than 30d --keep-promoted --always
    """
    if never:
        _prune_no_more(store, any((older_than, keep_promoted, session, dry_run, always, as_json)))
        return
    if always and (dry_run or session):
        raise UserError("goes without a dry run and for all sessions together", field="always")
    if older_than is None:
        raise UserError("takes a time, or how long ago, such as 30d", field="older_than")
    if always:
        _keep_pruning(store, older_than, keep_promoted)
    _prune_once(store, older_than, keep_promoted, session, dry_run=dry_run, as_json=as_json)
    if always and not as_json:
        print_line(describe_retention(duration(older_than, "--older-than"), keep_promoted=keep_promoted))


@store.command("vacuum")
@json_option
@with_store
def vacuum(store: Store, as_json: bool) -> None:
    """Give the space of what was deleted back to the disk.

    No other program may use the store meanwhile, and the disk needs up to twice the space of the store.
    """
    from understudy.proxy.operations.maintenance.store_upkeep import vacuum_store
    from understudy.proxy.operations.views.maintenance import vacuumed_json

    vacuumed = vacuum_store(store)
    if as_json:
        print_json(vacuumed_json(vacuumed))
    else:
        print_line(describe_vacuumed(vacuumed))


def _prune_no_more(store: Store, has_other_options: bool) -> None:
    from understudy.proxy.operations.maintenance.pruning import keep_retention

    if has_other_options:
        raise UserError("goes without other options", field="never")
    keep_retention(store, None, actor=current_user())
    print_line("Gateways delete no old exchanges.")


def _keep_pruning(store: Store, older_than: str, keep_promoted: bool) -> None:
    from understudy.proxy.operations.maintenance.pruning import keep_retention
    from understudy.store.retention import Retention

    keep_retention(store, Retention(duration(older_than, "--older-than"), keep_promoted), actor=current_user())


def _prune_once(
    store: Store,
    older_than: str,
    keep_promoted: bool,
    session: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from understudy.proxy.operations.maintenance import pruning
    from understudy.proxy.operations.views.maintenance import pruned_json

    before = moment(older_than, "--older-than", time.time())
    assert before is not None
    old = pruning.choose_old_history(store, before, keep_promoted=keep_promoted, session=session)
    if dry_run:
        number = pruning.count_old_history(store, old)
        print_json({"exchanges": number}) if as_json else print_line(f"{counted(number, 'exchange')} would be deleted.")
        return
    with measured_progress("deleting exchanges") as report:
        pruned = pruning.prune_history(store, old, report)
    print_json(pruned_json(pruned)) if as_json else print_line(describe_pruned(pruned))

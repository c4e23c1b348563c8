"""The command `promote`: from history to examples of a collection."""

from __future__ import annotations

import click

from understudy.proxy.cli.options import day_bounds, history_filter, json_option, tz_option, with_store
from understudy.proxy.cli.output import print_json, progress
from understudy.proxy.cli.promotion_output import outcome_json, print_outcome
from understudy.store.errors import UserError
from understudy.store.repositories.store import Store


@click.command()
@click.argument("entry_ids", metavar="[ENTRY_ID ...]", nargs=-1, type=int)
@click.option("-s", "--session", metavar="NAME", help="All of this session.")
@click.option("--date", metavar="YYYY-MM-DD", help="All of this day.")
@tz_option
@click.option("--filter", "filters", metavar="NAME=VALUE", multiple=True, help="method=, host=, path=, status=.")
@click.option(
    "--to", "collection", metavar="COLLECTION", required=True, help="The collection; made when there is none."
)
@click.option(
    "--repeats",
    type=click.Choice(["sequence", "all", "newest"]),
    default="sequence",
    show_default=True,
    help="One request, different answers: in turn, side by side, or the newest only.",
)
@click.option("--keep-secrets", is_flag=True, help="Do not redact tokens, passwords and cookies.")
@click.option("--again", is_flag=True, help="Also what was promoted before and whose example was deleted.")
@json_option
@with_store
def promote(
    store: Store,
    entry_ids: tuple[int, ...],
    session: str | None,
    date: str | None,
    tz: str | None,
    filters: tuple[str, ...],
    collection: str,
    repeats: str,
    keep_secrets: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Promote history to examples of a collection; promoting again adds only what is new.

    \b
    understudy promote --session shop --to shop
    understudy promote 12 13 --to shop
    understudy promote --date 2026-01-31 --filter 'path=/users/*' --filter status=2xx --to users
    """
    from understudy.proxy.operations.recordings.promotion import promote_history
    from understudy.store.promotion import PromotionPlan, Repeats

    if not (entry_ids or session or date or filters):
        raise UserError("say what to promote: entry ids, --session NAME, --date YYYY-MM-DD or --filter NAME=VALUE")
    if again and repeats == "newest":
        raise UserError("--again does not go with --repeats newest: what a newer answer replaced would come back")
    if tz is not None and date is None:
        raise UserError("--tz goes with --date")
    since, until = day_bounds(date, tz, "--date")
    wanted = history_filter(
        filters,
        ids=frozenset(entry_ids) or None,
        session_id=store.sessions.find(session).id if session else None,
        since=since,
        until=until,
    )
    plan = PromotionPlan(Repeats(repeats), keep_secrets=keep_secrets)
    with progress(f"promoting to {collection}") as step:
        outcome = promote_history(store, wanted, collection, plan, again=again, step=step)
    if as_json:
        print_json(outcome_json(collection, outcome))
    else:
        print_outcome(collection, outcome)

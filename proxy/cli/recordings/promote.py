"""The command `promote`: from history to examples of a collection."""

from __future__ import annotations

import click

from understudy.proxy.cli.command import UnderstudyCommand
from understudy.proxy.cli.options import current_user, json_option, with_store
from understudy.proxy.cli.output import print_json, progress
from understudy.proxy.cli.promotion_output import print_outcome
from understudy.proxy.cli.recordings.selection_options import ENTRIES, Selection, selection_options
from understudy.store.repositories.store import Store


@click.command(cls=UnderstudyCommand)
@click.argument("entry_ids", metavar=ENTRIES, nargs=-1)
@selection_options
@click.option(
    "-c",
    "--to",
    "--collection",
    "collection",
    metavar="COLLECTION",
    required=True,
    help="The collection; created if it does not exist.",
)
@click.option(
    "--repeats",
    type=click.Choice(["sequence", "all", "newest"]),
    default="sequence",
    show_default=True,
    help="When one request had different answers: replay them in turn, keep all, or keep the newest.",
)
@click.option("--keep-secrets", is_flag=True, help="Do not redact tokens, passwords and cookies.")
@click.option("--again", is_flag=True, help="Also promote exchanges whose examples were deleted.")
@json_option
@with_store
def promote(
    store: Store,
    selection: Selection,
    collection: str,
    repeats: str,
    keep_secrets: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Promote history to examples of a collection. Promoting again adds only what is new.

    \b
    understudy promote --session shop --to shop
    understudy promote 1-5,9 --to shop
    understudy promote --date 2026-01-31 --filter 'path=/users/*' --filter status=2xx --to users
    """
    from understudy.proxy.operations.recordings.promotion import choose_exchanges, promote_history
    from understudy.proxy.operations.views.recordings import promotion_json
    from understudy.store.promotion import PromotionPlan, Repeats

    criteria = choose_exchanges(store, selection.criteria, selection.session)
    selection.prepare(store)
    plan = PromotionPlan(Repeats(repeats), keep_secrets=keep_secrets)
    with progress(f"promoting to {collection}") as step:
        outcome = promote_history(store, criteria, collection, plan, again=again, actor=current_user(), step=step)
    if as_json:
        print_json(promotion_json(collection, outcome))
    else:
        print_outcome(collection, outcome)

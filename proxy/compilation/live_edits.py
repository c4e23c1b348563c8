"""Apply edits of examples to compiled answers, at a cost that depends on the edits, not on the number of examples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from understudy.matcher.parts.candidate import BodyLoader
from understudy.proxy.compilation.mock_setup import select_item_names
from understudy.serving.answers.outcomes import Answers
from understudy.serving.templates.response_templates import compile_templates
from understudy.store.model.changes import Change, Subject
from understudy.store.model.collections import Example
from understudy.store.model.gateways import GatewayState
from understudy.store.model.values import replace


def collect_edited_ids(changes: Iterable[Change]) -> dict[str, set[str]]:
    """Return the ids of the examples that were changed, by collection id."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if change.subject is Subject.EXAMPLE and change.collection_id:
            found.setdefault(change.collection_id, set()).add(change.subject_id)
    return found


def apply_edits(
    answers: Answers, ids: Collection[str], examples: Sequence[Example], names: Mapping[str, str], read: BodyLoader
) -> Answers:
    """Return the answers after the examples with these ids were added, edited or deleted.

    `examples` are those of them that still exist, `names` the names of their request items, by id.
    """
    index = answers.index.apply_changes(ids, examples, item_names=select_item_names(examples, names))
    kept = {id: template for id, template in answers.templates.by_example.items() if id not in ids}
    templates = replace(answers.templates, by_example=kept | compile_templates(examples, read))
    return replace(answers, index=index, templates=templates)


def may_affect(change: Change, state: GatewayState) -> bool:
    """Return whether a change may change the answers of a gateway in this state."""
    if change.subject is Subject.MOCK_SERVER:
        return change.subject_id == state.mock_server_id
    if change.subject is Subject.ENVIRONMENT:  # it may be the mock server's
        return state.mock_server_id is not None
    return change.collection_id is not None and change.collection_id == state.collection_id

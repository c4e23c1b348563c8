"""Recorded sessions: list, show, set up and delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.proxy.operations.deleting import Deleted, delete_thing
from understudy.proxy.operations.in_use import check_not_in_use
from understudy.proxy.operations.page_keys import find_keys
from understudy.proxy.operations.recordings.history import HistoryEntry, describe_entries
from understudy.store.errors import Hint, UserError
from understudy.store.model.exchanges import Session
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter, SessionSummary
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class SessionContent:
    """A session and its history entries, oldest first."""

    session: Session
    entries: list[HistoryEntry]


def read_session_page(store: Store, request: PageRequest[str]) -> Page[SessionSummary, str]:
    """Return a page of the sessions with their numbers, oldest first; exchanges of other sessions are not counted.

    The keys are names or ids, those of the page names. Raises NotFound for a name that no session has.
    """
    ids = find_keys(request, lambda text: store.sessions.find(text).id)
    page = store.sessions.read_summary_page(ids)
    names = [summary.session.name for summary in page.items]
    return Page(page.items, page.previous and names[0], page.next and names[-1])


def summarize_session(store: Store, name: str) -> SessionSummary:
    """Return the numbers of the session of this name or id; raises NotFound."""
    session = store.sessions.find(name)
    return next(one for one in store.sessions.list_summaries() if one.session.id == session.id)


def read_session(store: Store, name: str) -> SessionContent:
    """Return the session of this name or id with its entries; raises NotFound."""
    session = store.sessions.find(name)
    exchanges = store.history.select(HistoryFilter(session_id=session.id))
    return SessionContent(session, describe_entries(store, exchanges))


def keep_replay_lists(
    store: Store, name: str, lists: Mapping[str, Sequence[str]], *, reset: bool = False, actor: str
) -> Session:
    """Keep lists of settings of replays with a session, and return it; replays use them from their next start on.

    Lists that are not given, or are empty, stay as they are kept, unless `reset`. Raises NotFound, and UserError for no
    list and for lists that a replay cannot use.
    """
    # With it comes what decides between examples, which no other operation on sessions needs.
    from understudy.proxy.gateway.replay_settings import overlay_lists, parse_replay_lists

    if not reset and not any(lists.values()):
        raise UserError("nothing to keep was given", what="session", which=name, hint=Hint("choose_replay_lists"))
    with store.transaction(actor):
        session = store.sessions.find(name)
        kept = overlay_lists({} if reset else session.replay, lists)
        parse_replay_lists(kept)
        store.sessions.set_replay(session.id, kept)
    return replace(session, replay=kept)


def rename_session(store: Store, name: str, new_name: str, *, actor: str) -> Session:
    """Give a session another name, and return it; gateways that use it go on.

    Raises NotFound, Conflict for a name that is taken, UserError for one that cannot be a name.
    """
    with store.transaction(actor):
        session = store.sessions.find(name)
        store.sessions.rename(session.id, new_name)
    return replace(session, name=new_name)


def delete_session(store: Store, name: str, *, forever: bool = False, actor: str) -> Deleted[Session]:
    """Delete a session with its exchanges, and return it; examples that were promoted from it stay.

    Raises NotFound, and Conflict while a running gateway uses the session. It takes several transactions; a deletion
    that was interrupted goes on with the next.
    """
    with store.act_as(actor):
        session = store.sessions.find(name)
        check_not_in_use(store, session_id=session.id, what="session", which=session.name)
        return delete_thing(store, session, lambda: store.trash.put_session(session.id), forever=forever)

"""A session inside a test: the origin that it answers for, and its log."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request, make_response
from tests.factories.stored import make_exchange
from tests.in_memory.mock_servers import GET, Logged, make_served
from understudy.proxy.testing.session import LocalSession, SessionSite
from understudy.serving.answers.replies import Reply
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind
from understudy.store.errors import NotFound, UserError
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Origin
from understudy.store.repositories.store import Store

HOSTS = ("http://a.test", "http://b.test")


@pytest.fixture
def recorded(store: Store) -> Store:
    """A store with calls to two hosts in one session."""
    session = store.sessions.create("checkout", None).id
    asked = [make_request(origin=host) for host in HOSTS]
    store.history.add([make_exchange(session, one, make_response()) for one in asked])
    return store


@pytest.mark.parametrize(
    ("upstream", "message"),
    [
        (None, "session 'checkout' has calls to several hosts; choose one"),
        ("a.test", "^expected a URL like "),
        ("ftp://a.test", "^expected a URL like "),
    ],
)
def test_one_of_several_hosts_has_to_be_named(recorded: Store, upstream: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        LocalSession(recorded, "checkout", upstream=upstream)


def test_an_unknown_session_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        LocalSession(store, "checkout")


def test_every_call_is_logged() -> None:
    """The site of a gateway has no call log."""
    log, reply = Logged(), Reply(b"", b"", make_response(), server=make_served())
    kind = ConnectionKind(Origin("http", "127.0.0.1", 80), is_reverse=True, tunnel=False, tls=False)
    SessionSite(ActiveMode(Mode.REPLAY), kind, get_inline_body, log).log_call(GET, reply, 0.0, 0.0)
    assert log.calls == [(GET, reply)]

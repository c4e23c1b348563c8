"""What has to be true before a mock server is created or changed: its names, and the policy for public ones."""

from __future__ import annotations

from understudy.store.errors import Conflict, Hint, UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.naming import SLUG_LENGTH, is_slug
from understudy.store.repositories.store import Store

FORBID_PUBLIC = "mock_servers.forbid_public"
"""The setting that is true where no mock server may be public."""


def check_names(store: Store, mock: MockServer) -> None:
    """Raise UserError for a slug that cannot stand in a URL, Conflict for a name or slug that is taken."""
    if not is_slug(mock.slug):
        raise UserError(
            f"a slug is made of a-z, 0-9 and - between them, at most {SLUG_LENGTH} characters, not {mock.slug!r}",
            what="mock server",
            which=mock.name,
        )
    for other in store.mock_servers.list():
        if other.id != mock.id and mock.name == other.name:
            raise Conflict(f"there is a mock server {mock.name!r} already", what="mock server", which=mock.name)
        if other.id != mock.id and mock.slug == other.slug:
            message = f"there is a mock server with the slug {mock.slug!r} already"
            raise Conflict(message, what="mock server", which=other.name)


def check_public(store: Store, mock: MockServer) -> None:
    """Raise UserError for a public mock server where the policy forbids them."""
    if not mock.private and is_public_forbidden(store):
        hint = Hint("make_private")
        message = "public mock servers are forbidden on this store"
        raise UserError(message, what="mock server", which=mock.name, hint=hint)


def is_public_forbidden(store: Store) -> bool:
    """Whether mock servers have to be private."""
    return bool(store.settings.get(FORBID_PUBLIC, False))

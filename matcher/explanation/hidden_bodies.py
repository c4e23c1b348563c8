"""Bodies without their secrets, for explanations, and whether a way of reading a body reaches the places of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.kinds import BodyKind
from understudy.matcher.body_forms.open_places import BODY_PARTS
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request
from understudy.store.model.values import replace
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

Secrets = frozenset[RedactedPlace]

MAX_SHOWN_SIZE = 2**17  # bytes of a body up to which it is shown; a person does not read a longer one

_PARTS = {
    BodyKind.JSON: Part.JSON,
    BodyKind.GRAPHQL: Part.JSON,
    BodyKind.SEQUENCE: Part.JSON,
    BodyKind.FORM: Part.FORM,
    BodyKind.MULTIPART: Part.FORM,
    BodyKind.XML: Part.XML,
}


class HiddenBody(NamedTuple):
    """A body without content codings and without its secrets.

    `parts` are those in which secrets were found, as redaction reads the body by its content.
    """

    content: bytes
    content_type: str | None
    parts: frozenset[Part]

    def may_be_read_as(self, kind: BodyKind) -> bool:
        """Return whether the places of the secrets are places of a body of this kind, or spans of its text."""
        return self.parts <= {_PARTS.get(kind, Part.TEXT), Part.TEXT}


def hide_secrets(request: Request, redacted: Iterable[RedactedPlace] = ()) -> HiddenBody:
    """Return the body of a request without its secrets; `redacted` are the places known of it.

    It is empty if it is not in memory, or too long to be shown.
    """
    plain = _get_visible_body(request)
    shown, places = _redact(request, plain)
    content = shown.body if isinstance(shown.body, bytes) else b""
    parts = frozenset(place.part for place in (*places, *redacted)).intersection(BODY_PARTS)
    return HiddenBody(content, request.headers.get("content-type"), parts)


def find_secret_places(requests: Iterable[Request]) -> Secrets:
    """Return the places of these requests at which there are secrets; bodies too long to be shown are not searched."""
    return frozenset[RedactedPlace]().union(*(_redact(request, _get_visible_body(request))[1] for request in requests))


def _redact(request: Request, plain: bytes) -> tuple[Request, Secrets]:
    uncoded = replace(request, headers=request.headers.drop(("content-encoding",)), body=plain)
    return BUILT_IN_REDACTOR.redact_request(uncoded, plain)


def _get_visible_body(request: Request) -> bytes:
    if not isinstance(request.body, bytes) or len(request.body) > MAX_SHOWN_SIZE:
        return b""
    plain = undo_codings(request.body, request.headers)
    return plain if len(plain) <= MAX_SHOWN_SIZE else b""

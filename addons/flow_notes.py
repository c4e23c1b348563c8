"""What our addons remember of a flow. Beside it, not in its metadata: that is saved, copied and replayed with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mitmproxy import http

from understudy.serving.answers.body_schedule import BodySchedule
from understudy.store.model.messages import Headers

if TYPE_CHECKING:
    from understudy.addons.loop.body_tap import BodyTap
    from understudy.serving.gateway.active import ActiveMode


@dataclass(slots=True)
class Note:
    """One request on its way.

    `active` is what it started with; the headers are those that came, before anything was rewritten; `sent` and `came`
    keep the bodies of request and response that pass as they come; `answered` says that the answer is ours, `sending`
    how its body goes out if it does so piece by piece, and `breaks_off` that it has no end; `live` that it may call out
    and is not over yet; `entry` is its number in history.
    """

    active: ActiveMode | None = None
    request_headers: Headers | None = None
    response_headers: Headers | None = None
    request_tap: BodyTap | None = None
    response_tap: BodyTap | None = None
    is_answered: bool = False
    sending: BodySchedule | None = None
    breaks_off: bool = False
    live: bool = False
    entry: int | None = None


_notes: WeakKeyDictionary[http.HTTPFlow, Note] = WeakKeyDictionary()


def get_note(flow: http.HTTPFlow) -> Note:
    """The note of a flow, made at first use."""
    note = _notes.get(flow)
    if note is None:
        note = _notes[flow] = Note()
    return note


def reset_note(flow: http.HTTPFlow) -> Note:
    """A note without a past: a client's replay sends the same flow once more."""
    note = _notes[flow] = Note()
    return note

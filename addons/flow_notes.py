"""What our addons remember about a flow.

It is kept beside the flow and not in its metadata, which mitmproxy saves, copies and replays with the flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mitmproxy import http

from understudy.serving.answers.body_schedule import BodySchedule
from understudy.serving.answers.replies import Hold
from understudy.store.model.messages import Headers

if TYPE_CHECKING:
    from understudy.addons.grpc.call_order import CallOrder
    from understudy.addons.loop.body_tap import BodyTap
    from understudy.addons.loop.client_holds import ClientHolder
    from understudy.addons.websockets.message_tap import MessageTap
    from understudy.serving.answers.outcomes import Outcome
    from understudy.serving.gateway.active import ActiveMode
    from understudy.serving.gateway.forwarded_bodies import RewrittenPieces
    from understudy.store.errors import StoreError


@dataclass(slots=True)
class Note:
    """What is known about one request under way.

    `active` is the mode that it started in. The headers and the authority are those received, before anything was
    rewritten. The taps keep bodies that are streamed through. `is_answered` means that the response is ours: `sending`
    is the schedule of a body that is sent piece by piece, and `breaks_off` means that this body has no end. `rewriting`
    changes the body of a recorded response for the client. With a `hold`, the `holder` holds the request open after
    that body, or without any part of a response if it does not break off. `call_order` is the order of the messages of
    a gRPC call that is recorded; `answers_call` means that a gRPC call is answered while its client sends, and
    `outcome` what was decided for it before its client had sent all. `live` means that the request may call an upstream
    and is not over, `is_begun` that the recorder has to keep it or has done so. `entry` is its number in history,
    `loss` why it is not there, and `message_tap` keeps the messages of the WebSocket that it began. `decided` is the
    outcome that its answer comes from.
    """

    active: ActiveMode | None = None
    request_headers: Headers | None = None
    request_authority: str | None = None
    response_headers: Headers | None = None
    request_tap: BodyTap | None = None
    response_tap: BodyTap | None = None
    is_answered: bool = False
    sending: BodySchedule | None = None
    breaks_off: bool = False
    rewriting: RewrittenPieces | None = None
    hold: Hold | None = None
    holder: ClientHolder | None = None
    call_order: CallOrder | None = None
    answers_call: bool = False
    outcome: Outcome | None = None
    live: bool = False
    is_begun: bool = False
    entry: int | None = None
    message_tap: MessageTap | None = None
    decided: Outcome | None = None
    loss: StoreError | None = None


_notes: WeakKeyDictionary[http.HTTPFlow, Note] = WeakKeyDictionary()


def get_note(flow: http.HTTPFlow) -> Note:
    """Return the note of a flow, and make it at first use."""
    note = _notes.get(flow)
    if note is None:
        note = _notes[flow] = Note()
    return note


def reset_note(flow: http.HTTPFlow) -> Note:
    """Give a flow a new note and return it: mitmproxy's client replay sends the same flow again."""
    note = _notes[flow] = Note()
    return note

"""The states of a request reader, and the moves between them.

llhttp reads a request line, fields and a body, and calls `RequestReader.on_...` as it does. Those callbacks and
`RequestReader.feed` are the only code that moves the state:

    BETWEEN -------- bytes, but no request line yet (empty lines, RFC 9112 section 2.2) --> BEFORE_LINE
    BETWEEN, BEFORE_LINE ---- on_message_begin ---> HEAD
    HEAD, HEAD_AGAIN -------- on_headers_complete -> BODY (also for a request without a body)
    HEAD ------------ llhttp does not know the method --> UNKNOWN_METHOD
    UNKNOWN_METHOD -- the request line is complete --> BETWEEN, and the request is read again
    BODY ------------ on_message_complete --> BETWEEN, or ENDED if the connection does not persist
    BODY ------------ on_message_complete, for an upgrade that has a body --> HEAD_AGAIN
    any of these ---- the request is refused --> REFUSED

HEAD_AGAIN exists because llhttp takes the body of a request with Upgrade for bytes of the other protocol, while
Understudy does not upgrade (RFC 9110, section 7.8): a new parser reads the same head without its Upgrade field, and
then the body. The request keeps the fields of its first reading.

UNKNOWN_METHOD exists because llhttp stops at such a method: the reader collects the request line itself, and a new
parser reads the request with a known method in its place. So all rules for the rest of the head hold for any method.

ENDED and REFUSED are final. llhttp may go on calling back for bytes that it was given together with the last request,
so each callback that moves the state leaves these two as they are.
"""

from __future__ import annotations

from enum import Enum


class ReaderState(Enum):
    """Where a request reader stands."""

    BETWEEN = "nothing of a further request was received"
    BEFORE_LINE = "empty lines were received, which may come before a request line"
    HEAD = "a head has begun and is not complete"
    HEAD_AGAIN = "a head is read again, without its Upgrade field"
    UNKNOWN_METHOD = "a request line with an unknown method is not complete"
    BODY = "a head is complete and its body is not"
    ENDED = "the last request of the connection was read"
    REFUSED = "a request was refused"

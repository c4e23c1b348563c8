"""The script of a recorded gRPC call: what both sides sent, in the order in which it was recorded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate

from understudy.store.grpc.framing import GrpcMessage, decode_message, split_messages
from understudy.store.model.exchanges import Exchange
from understudy.store.model.messages import Headers, Response
from understudy.store.model.websockets import MessageKind, WebSocketMessage


class TurnKind(Enum):
    """What a side sent."""

    HEAD = auto()
    MESSAGE = auto()
    END = auto()


class Ending(Enum):
    """How the server's side ends: with its trailers, by a reset, or not at all, because the client left."""

    TRAILERS = auto()
    RESET = auto()
    OPEN = auto()


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of one side, `at` a time in seconds since the epoch.

    The content is that of a client's message without its compression, for comparing; for the server's it is the message
    as it was sent, with its prefix.
    """

    at: float
    from_client: bool
    kind: TurnKind = TurnKind.MESSAGE
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class CallScript:
    """The turns of a recorded call that began at this time."""

    began: float
    turns: Sequence[Turn]
    ending: Ending = Ending.TRAILERS


def build_script(exchange: Exchange, order: Sequence[WebSocketMessage]) -> CallScript:
    """Return the script of a gRPC call whose bodies are bytes; `order` is that of `History.list_messages`.

    A call without an order was recorded when the client had sent all, or ended before a side had sent a message.
    """
    turns = list(_merge(exchange, order if order or _is_without_messages(exchange) else _guess_order(exchange)))
    answered = exchange.timings.response_start or exchange.timings.started
    # The head comes in its time, and at the latest before the first message of the server.
    first = next((number for number, turn in enumerate(turns) if not turn.from_client), len(turns))
    place = min(first, bisect_right(turns, answered, key=lambda turn: turn.at))
    turns.insert(place, Turn(answered, False, TurnKind.HEAD))
    turns.append(Turn(exchange.timings.response_end or turns[-1].at, False, TurnKind.END))
    return CallScript(exchange.timings.started, turns, _find_ending(exchange))


def restore_messages(exchange: Exchange, order: Sequence[WebSocketMessage]) -> list[WebSocketMessage]:
    """Return the messages of a call, in their order, with their contents from the bodies; compression is removed."""
    sides = _read_sides(exchange)
    return [_restore_message(one, sides[one.from_client]) for one in order]


def _merge(exchange: Exchange, order: Sequence[WebSocketMessage]) -> Iterator[Turn]:
    sides = _read_sides(exchange)
    for one in order:
        if one.kind is MessageKind.CLOSE:
            yield Turn(one.at, one.from_client, TurnKind.END)
        elif (found := next(sides[one.from_client], None)) is not None:
            message, headers = found
            yield Turn(one.at, one.from_client, content=_read_content(message, headers, one.from_client))
    rest = _read_rest(exchange.response)
    if rest:  # the answer was cut off within a message
        yield Turn(exchange.timings.response_end or order[-1].at, False, content=rest)


def _read_content(message: GrpcMessage, headers: Headers, from_client: bool) -> bytes:
    if not from_client:
        return message.framed
    plain = decode_message(message, headers)
    return message.content if plain is None else plain


def _restore_message(one: WebSocketMessage, side: Iterator[tuple[GrpcMessage, Headers]]) -> WebSocketMessage:
    found = next(side, None) if one.kind is MessageKind.GRPC else None
    content = _read_content(*found, True) if found else one.content
    return WebSocketMessage(one.at, one.from_client, one.kind, content)


def _is_without_messages(exchange: Exchange) -> bool:
    response = exchange.response
    return exchange.is_bidirectional and not exchange.request.body and not (response and response.body)


def _guess_order(exchange: Exchange) -> list[WebSocketMessage]:
    sides, times = _read_sides(exchange), exchange.timings
    end = times.request_end or times.started
    began = times.response_start or end
    chunks = exchange.response.chunks if exchange.response else ()
    ends = list(accumulate(chunk.size for chunk in chunks))
    asked = [WebSocketMessage(times.started, True, MessageKind.GRPC) for _ in sides[True]]
    answered: list[WebSocketMessage] = []
    for message, _ in sides[False]:
        place = bisect_left(ends, message.offset + len(message.framed))
        after = chunks[place].at if place < len(chunks) else 0.0
        answered.append(WebSocketMessage(began + after, False, MessageKind.GRPC))
    return [*asked, WebSocketMessage(end, True, MessageKind.CLOSE), *answered]


def _read_sides(exchange: Exchange) -> dict[bool, Iterator[tuple[GrpcMessage, Headers]]]:
    """Return the messages of the client (True) and of the server, each with the headers of its side."""
    return {True: _read_side(exchange.request.body, exchange.request.headers), False: _read_answer(exchange.response)}


def _read_answer(response: Response | None) -> Iterator[tuple[GrpcMessage, Headers]]:
    return _read_side(response.body, response.headers) if response else iter(())


def _read_side(body: object, headers: Headers) -> Iterator[tuple[GrpcMessage, Headers]]:
    assert isinstance(body, bytes)
    return ((message, headers) for message in split_messages(body))


def _read_rest(response: Response | None) -> bytes:
    body = response.body if response else b""
    assert isinstance(body, bytes)
    return body[sum(len(message.framed) for message in split_messages(body)) :]


def _find_ending(exchange: Exchange) -> Ending:
    if exchange.error is None:
        return Ending.TRAILERS
    return Ending.OPEN if exchange.is_abandoned else Ending.RESET

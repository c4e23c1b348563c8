"""Whether there is room for more towards a peer: in the windows of its streams, and in its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mitmproxy.connection import Connection
from mitmproxy.proxy import events

from understudy.addons.loop.connections import ClientConnections
from understudy.addons.patches.http2_windows import Side

# More than this does not wait for one stream, beside what its sender's window still allows.
MAX_WAITING = 64 * 1024


@dataclass
class RoomEvent(events.Event):
    """There may be room where there was none: for the layers of a client, or for one stream that waited."""

    connection: Connection


class RoomyLayer(Protocol):
    """A layer that sends its streams a RoomEvent once there is room for more of their responses.

    A larger body than `max_answered_body` is not read to be answered.
    """

    room: Room
    max_answered_body: int

    def wait_for_room(self, stream_id: int) -> None: ...


class Room:
    """The room towards the peers of one client's HTTP layer.

    `sides` are those that speak HTTP/2. `find_carriers` returns the connections of the system that carry one.
    """

    def __init__(
        self,
        connections: ClientConnections,
        client_id: str,
        sides: Mapping[Connection, Side],
        find_carriers: Callable[[Connection], Iterable[Connection]],
    ) -> None:
        self._connections = connections
        self._client_id = client_id
        self._sides = sides
        self._find_carriers = find_carriers
        self._full: set[Connection] = set()  # connections that a RoomEvent will come from

    def is_there(self, peer: Connection, stream_id: int, most: int = MAX_WAITING) -> bool:
        """Return whether more may be sent on a stream; if the connection is full, a RoomEvent comes later.

        No more than `most` bytes may wait for the windows of its receiver.
        """
        side = self._sides.get(peer)
        if side is not None and side.count_waiting(stream_id) > most:
            return False
        drained = [self._is_drained(carrier) for carrier in self._find_carriers(peer)]
        return all(drained)

    def note(self, event: RoomEvent) -> None:
        """Note that a connection has room."""
        self._full.discard(event.connection)

    def _is_drained(self, carrier: Connection) -> bool:
        if self._connections.count_unsent(self._client_id, carrier) <= MAX_WAITING:
            return True
        if carrier not in self._full:
            self._full.add(carrier)
            self._connections.put_when_drained(self._client_id, carrier, RoomEvent(carrier))
        return False

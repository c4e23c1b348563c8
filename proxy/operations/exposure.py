"""Private mock servers and gateways that other machines can reach: a gateway asks its clients for no keys."""

from __future__ import annotations

import time
from ipaddress import ip_address

from understudy.store.errors import Conflict, Hint, UserError
from understudy.store.model.mock_servers import MockServer
from understudy.store.repositories.store import Store


def is_loopback(listen: str) -> bool:
    """Return whether only this machine reaches an address `HOST:PORT`."""
    host = listen.rpartition(":")[0].strip("[]").partition("%")[0]
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # another name, or none, which stands for every address
        return False


def check_exposure(mock: MockServer, listen: str) -> None:
    """Raise UserError if a gateway at this address would answer other machines as a private mock server."""
    if mock.private and not is_loopback(listen):
        message = (
            f"mock server {mock.name} is private, and a gateway asks for no keys: every machine that reaches {listen}"
            " would be answered"
        )
        raise UserError(message, what="mock server", which=mock.name, hint=Hint("serve_private", {"name": mock.name}))


def check_private_uses(store: Store, mock: MockServer) -> None:
    """Raise Conflict if a mock server becomes private while a gateway answers other machines as it."""
    for gateway in store.gateways.list_living(time.time()):
        if gateway.desired_state.mock_server_id == mock.id and not is_loopback(gateway.listen):
            message = f"gateway {gateway.name} answers as {mock.name} at {gateway.listen}, and asks for no keys"
            hint = Hint("switch_gateway", {"gateway": gateway.name})
            raise Conflict(message, what="mock server", which=mock.name, hint=hint)

"""How the state of a gateway is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.store.model.gateways import Mode

if TYPE_CHECKING:
    from understudy.proxy.operations.gateways.modes import NamedState


def describe_state(state: NamedState) -> str:
    """Return a mode with what it answers from and the session it uses, such as "mode mock, answering from ..."."""
    words = [f"mode {state.mode}"]
    if state.mock_server:
        words.append(f"answering from mock server {state.mock_server}")
    elif state.collection:
        words.append(f"answering from collection {state.collection}")
    if state.session:
        verb = "answering from" if state.mode is Mode.REPLAY else "recording to"
        words.append(f"{verb} session {state.session}")
    return ", ".join(words)

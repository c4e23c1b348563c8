"""Replaying WebSockets: the handshake and the recorded messages."""

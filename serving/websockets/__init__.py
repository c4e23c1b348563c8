"""The replay of WebSockets: the handshake and the recorded messages."""

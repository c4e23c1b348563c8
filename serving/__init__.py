"""From a request and a decision to the bytes of the answer. Pure: no sockets, no mitmproxy, no SQLAlchemy."""

"""The way from a request and its decision to the bytes of the answer, without sockets, mitmproxy or SQLAlchemy."""

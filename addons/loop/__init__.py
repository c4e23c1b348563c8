"""Parts that work on mitmproxy's event loop: commits, reading bodies, and the connections of clients."""

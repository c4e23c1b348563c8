"""mitmproxy's HTTP layer with streams of the gateway, for HTTP/2 and what the layers for HTTP/1.1 hand over."""

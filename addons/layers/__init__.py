"""mitmproxy's layers: how bytes of a connection are recorded and answered."""

"""What lives on mitmproxy's event loop: commits waited for, bodies read, connections counted."""

"""What we change in mitmproxy."""

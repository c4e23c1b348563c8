"""Everything that we replace in mitmproxy, and the check at start that it is still there."""

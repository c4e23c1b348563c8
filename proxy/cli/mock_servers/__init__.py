"""Commands about mock servers."""

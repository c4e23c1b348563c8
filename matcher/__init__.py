"""Which example answers this request, and why. Pure: no I/O, no mitmproxy, no SQLAlchemy, no asyncio."""

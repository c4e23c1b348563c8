"""Decide which example answers a request, and explain why: pure, without I/O, mitmproxy, SQLAlchemy or asyncio."""

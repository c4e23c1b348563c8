"""A file that a server gives whole or by ranges, and clients that fetch its parts at the same time."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx

from tests.programs import answer

ROOT = Path(__file__).parents[3]
PART = 1 << 20  # aria2c makes no smaller ones
PARTS = 4
CONTENT = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(PARTS * PART // 32))
FIELDS = {"ETag": '"v1"', "Accept_Ranges": "bytes", "Content_Type": "application/octet-stream"}
RANGE = re.compile(r"bytes=(\d+)-(\d*)")

# The command that fetches a URL into a file, by parts in this order where the client lets choose it.
Fetch = Callable[[str, Path, Sequence[int]], list[str]]


def serve_file(handler: BaseHTTPRequestHandler) -> None:
    """Answer GET and HEAD, and one range (RFC 9110, section 14)."""
    asked = RANGE.fullmatch(handler.headers.get("Range", ""))
    if asked is None:
        answer(handler, CONTENT, 200, **FIELDS)
        return
    first, last = int(asked[1]), int(asked[2] or len(CONTENT) - 1)
    place = f"bytes {first}-{last}/{len(CONTENT)}"
    answer(handler, CONTENT[first : last + 1], 206, Content_Range=place, **FIELDS)


def by_aria2c(url: str, file: Path, order: Sequence[int]) -> list[str]:
    """It asks for the length, then for every part at once."""
    parallel = ["--split", str(PARTS), "--max-connection-per-server", str(PARTS), "--min-split-size", str(PART)]
    quick = ["--quiet", "--no-conf", "--use-head=true", "--file-allocation=none", "--max-tries=1", "--timeout=10"]
    return ["aria2c", *quick, *parallel, "--dir", str(file.parent), "--out", file.name, url]


def by_curl(url: str, file: Path, order: Sequence[int]) -> list[str]:
    """Every part into a file of its own, then one file from all."""
    fetches = (f"-r {_range(number)} -o '{file}.{number}' '{url}'" for number in order)
    parts = " ".join(f"'{file}.{number}'" for number in range(PARTS))
    return ["sh", "-ec", f"curl -qsSf --parallel {' --next -qsSf '.join(fetches)}; cat {parts} > '{file}'"]


def by_httpx(url: str, file: Path, order: Sequence[int]) -> list[str]:
    """Every part by a task of its own."""
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", __name__, url, str(file), *map(str, order)]


def _range(number: int) -> str:
    return f"{number * PART}-{(number + 1) * PART - 1}"


async def fetch(url: str, order: Sequence[int]) -> bytes:
    """Return all parts in the order of the file."""
    async with httpx.AsyncClient() as client:

        async def one(number: int) -> bytes:
            got = await client.get(url, headers={"Range": f"bytes={_range(number)}"})
            assert got.status_code == httpx.codes.PARTIAL_CONTENT
            assert got.headers["Content-Range"] == f"bytes {_range(number)}/{len(CONTENT)}"
            return got.content

        parts = dict(zip(order, await asyncio.gather(*map(one, order)), strict=True))
    return b"".join(parts[number] for number in sorted(parts))


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(asyncio.run(fetch(sys.argv[1], list(map(int, sys.argv[3:])))))

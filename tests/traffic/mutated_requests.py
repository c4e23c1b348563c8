"""Legal requests, made illegal or odd by chance: bits flipped, pieces cut, doubled and spliced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from tests.traffic.malformed_requests import REFUSED

HEAD = b"POST /users/7?a=b HTTP/1.1\r\nHost: mock.test\r\n"
LEGAL = [
    b"GET /users/7 HTTP/1.1\r\nHost: mock.test\r\nAccept: */*\r\nX-Api-Key: secret\r\n\r\n",
    b"GET http://mock.test/users/7 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    HEAD + b'Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{"a": [1, 2.5]}',
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n<a>b<\r\n3\r\n/a>\r\n0\r\nX-Sum: 1\r\n\r\n",
    HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=b&c=d",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
    b"OPTIONS * HTTP/1.1\r\nHost: mock.test\r\nOrigin: http://a\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    b"CONNECT mock.test:443 HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    b"HEAD /users/7 HTTP/1.1\r\nHost: mock.test\r\nx-mock-response-code: 200\r\nAccept-Encoding: gzip\r\n\r\n",
    b"GET /%75sers/%37?%61=%00&a=%ff&&= HTTP/1.1\r\nHost: [::1]:80\r\nCookie: a=b\r\nConnection: close\r\n\r\n",
]
SEEDS = [*LEGAL, *(data for _, data in REFUSED.values())]
WORDS = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\xff",
        b"0",
        b"-1",
        b"ffffffffffffffff",
        b"%",
        b"{{",
    ),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Host: b\r\n"),
    *(
        b"Connection: close, upgrade\r\n",
        b"Upgrade: x\r\n",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"CONNECT ",
        b"http://u@h/",
        b"*",
    ),
    *(b"x-mock-response-delay: 1\r\n", b"x-mock-match-request-body: true\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n"),
]


def flipped(data: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def truncated(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data))]


def doubled(data: bytes, chance: Random) -> bytes:
    start, end = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:end] + data[start:end] * chance.randrange(1, 4) + data[end:]


def cut(data: bytes, chance: Random) -> bytes:
    start, end = sorted(chance.choices(range(len(data) + 1), k=2))
    return data[:start] + data[end:]


def spliced(data: bytes, chance: Random) -> bytes:
    other = chance.choice(SEEDS)
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def sprinkled(data: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + chance.choice(WORDS) + data[place:]


def followed(data: bytes, chance: Random) -> bytes:
    return data + chance.choice(SEEDS)


WAYS: list[Callable[[bytes, Random], bytes]] = [flipped, truncated, doubled, cut, spliced, sprinkled, followed]


def mutated(chance: Random, seeds: Sequence[bytes] = SEEDS) -> bytes:
    """A request that has been through one to four accidents."""
    data = chance.choice(seeds)
    for _ in range(chance.randrange(1, 5)):
        data = chance.choice(WAYS)(data, chance) or chance.choice(SEEDS)
    return data


def in_pieces(data: bytes, chance: Random) -> list[bytes]:
    """The same bytes, cut at chance; often they stay whole."""
    places = sorted({0, len(data), *(chance.randrange(len(data)) for _ in range(chance.choice([0, 0, 1, 2, 8])))})
    return [data[start:end] for start, end in pairwise(places)]

"""Near misses: the three nearest examples, in order; these rows fix the numbers that rank them.

In each row, one example lies so close to a nearer and a further one that doubling or halving its number changes the
order.
"""

from __future__ import annotations

from tests.conformance.filters import CODE, ID, NAME
from tests.conformance.table import JSON, Given, Row, request, under
from understudy.matcher.settings import QueryRule
from understudy.store.model.messages import Request

ALONE = under(distance=False, ids=False, query=QueryRule.REQUIRE)
EIGHT, TWENTY, MANY = "m" * 8, "m" * 20, "m" * 128
RED, RANGE, TAG = ("X-Team", "red"), ("Range", "bytes=0-3"), ("If-None-Match", '"a"')


def post(path: str, body: str = "1", kind: str = JSON) -> Request:
    """Return a POST request with a body."""
    return request(f"POST /{path}", body=body, kind=kind)


def call(path: str, target: str) -> Request:
    """Return a call of an operation of AWS."""
    return request(f"POST /{path}", ("X-Amz-Target", target))


def slip(text: str, letters: int) -> str:
    """Return the text with its last letters changed, into letters that cannot form an id."""
    return text[:-letters] + "n" * letters


def other(path: str, status: int, id: str, name: str = "") -> Given:
    """Return an example with a status, and an id or a name."""
    return Given(request(f"GET /{path}"), status=status, id=id, name=name)


def part(path: str, first: int, last: int) -> Given:
    """Return a recorded part of a file of 8 bytes."""
    asked, content = ("Range", f"bytes={first}-{last}"), b"01234567"[first : last + 1]
    fields = (("Content-Range", f"bytes {first}-{last}/8"),)
    return Given(request(f"GET /{path}", asked), 206, fields, content, literal=True)


def long_json(size: int) -> str:
    """Return a JSON document of `size` bytes whose member `a` is 1."""
    return f'{{"a": 1, "b": "{"x" * (size - 17)}"}}'


NEAREST: list[tuple[Row, list[int]]] = [
    (Row("Near misses: method", ["/aaab", "POST /aaaa", "/aabb"], "/aaaa", None, ALONE), [0, 1, 2]),
    (
        Row(
            "Near misses: host",
            [
                request("GET /aaab", at="http://a.test"),
                request("GET /aaaa", at="http://b.test"),
                request("GET /aabb", at="http://a.test"),
            ],
            request("GET /aaaa", at="http://a.test"),
            None,
            under(ALONE, host=True),
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: query",
            [f"/{slip(EIGHT, 1)}?q", f"/{EIGHT}", f"/{slip(EIGHT, 3)}?q"],
            f"/{EIGHT}?q",
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: headers",
            [request(f"GET /{slip(EIGHT, 1)}", RED), f"/{EIGHT}", request(f"GET /{slip(EIGHT, 3)}", RED)],
            request(f"GET /{EIGHT}", RED),
            None,
            under(ALONE, headers=frozenset({"x-team"})),
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: body",
            [post(slip(EIGHT, 1)), post(EIGHT, kind="text/plain"), post(slip(EIGHT, 3))],
            post(EIGHT),
            None,
            under(ALONE, body=True),
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: range",
            [
                Given(request(f"GET /{slip(EIGHT, 1)}", RANGE), 206),
                Given(request(f"GET /{EIGHT}", ("Range", "bytes=5-6")), 206),
                Given(request(f"GET /{slip(EIGHT, 3)}", RANGE), 206),
            ],
            request(f"GET /{EIGHT}", RANGE),
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: a range that holds some of the bytes",
            [
                part(slip(TWENTY, 1), 0, 3),
                part(TWENTY, 2, 7),
                part(slip(TWENTY, 3), 0, 3),
            ],
            request(f"GET /{TWENTY}", RANGE),
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: precondition",
            [
                Given(request(f"GET /{slip(EIGHT, 1)}", TAG), 304),
                Given(request(f"GET /{EIGHT}", ("If-None-Match", '"b"')), 304),
                Given(request(f"GET /{slip(EIGHT, 3)}", TAG), 304),
            ],
            request(f"GET /{EIGHT}", TAG),
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: operation",
            [
                Given(call(slip(EIGHT, 1), "Db.Get"), literal=True),
                Given(call(EIGHT, "Db.Put"), literal=True),
                Given(call(slip(EIGHT, 3), "Db.Get"), literal=True),
            ],
            call(EIGHT, "Db.Get"),
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: another body of the same kind",
            [post(slip(TWENTY, 1)), post(TWENTY, "2"), post(slip(TWENTY, 3))],
            post(TWENTY),
            None,
            under(ALONE, body=True),
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: the values of 64 KiB of JSON",
            [post("a", long_json(65_536)), post("a", '{"a": 2}')],
            post("a", '{"a": 1}'),
            None,
            under(ALONE, body=True),
        ),
        [0, 1],
    ),
    (
        Row(
            "Near misses: the values of no longer JSON",
            [post("a", long_json(65_537)), post("a", '{"a": 2}')],
            post("a", '{"a": 1}'),
            None,
            under(ALONE, body=True),
        ),
        [1, 0],
    ),
    (
        Row(
            "Near misses: another id",
            [f"/{slip(TWENTY, 1)}/7", f"/{TWENTY}/8", f"/{slip(TWENTY, 6)}/7"],
            f"/{TWENTY}/7",
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: an equal path is nearer than one that is equal without ids",
            ["/users/1", "/users/2", "/users/3", "/users/9"],
            "DELETE /users/1",
            None,
        ),
        [0, 3, 2],
    ),
    (
        Row(
            "Near misses: the fewer ids are others, the nearer",
            ["/users/1/orders/2", "/users/1/orders/3", "/users/4/orders/3", "/users/5/orders/6"],
            "DELETE /users/1/orders/2",
            None,
        ),
        [0, 1, 3],
    ),
    (
        Row(
            "Near misses: an equal path is nearer than one that is alike",
            ["/users/annabella1?a", "/users/annabella2?a"],
            "/users/annabella1?b",
            None,
            under(query=QueryRule.REQUIRE),
        ),
        [0, 1],
    ),
    (
        Row(
            "Near misses: differences that only the settings count",
            [f"/{MANY.upper()}", f"/{slip(MANY, 1)}", f"/{slip(MANY, 2)}"],
            f"/{MANY}",
            None,
            under(exact_path=True),
        ),
        [1, 0, 2],
    ),
    (
        Row(
            "Near misses: status",
            [other(slip(TWENTY, 1), 500, "1"), other(TWENTY, 200, "2"), other(slip(TWENTY, 3), 500, "3")],
            request(f"GET /{TWENTY}", (CODE, "500")),
            None,
            ALONE,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: id",
            [other("a", 500, "r1"), other("a", 200, "r2"), other("a", 500, "a0")],
            request("GET /a", (CODE, "500"), (ID, "r2")),
            None,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: name",
            [other("a", 500, "1", "r1"), other("a", 200, "3", "r2"), other("a", 500, "2", "a0")],
            request("GET /a", (CODE, "500"), (NAME, "r2")),
            None,
        ),
        [0, 1, 2],
    ),
    (
        Row(
            "Near misses: one hundred are compared part by part",
            ["/users/annabella3", "/users/annabella2", *(f"/users/zz{number:03d}" for number in range(99))],
            "/users/annabella1",
            None,
            ALONE,
        ),
        [1, 100, 99],
    ),
    (
        Row(
            "Near misses: a thousand are looked at",
            ["/a/annabella3", "/a/annabella2", *(f"/b/zz{number:04d}" for number in range(999))],
            "/a/annabella1",
            None,
            ALONE,
        ),
        [1, 1000, 999],
    ),
]

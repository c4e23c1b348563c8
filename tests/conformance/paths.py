"""Steps 2 and 4: method, normal forms and the path table."""

from __future__ import annotations

from matcher.settings import STRICT
from tests.conformance.table import Given, request, rows, under

EXACT_ONLY = under(exact_path=True)
LONG = "x" * 512  # the longest segment that is compared by distance
FAR = "abcdefghijklmnopqrstuvwxyza"  # 27 letters

ROWS = [
    *rows(
        "step 2: method must be equal",
        ("GET /a", "GET /a", (0, 110)),
        ("GET /a", "POST /a", None),
        ("GET /a", "get /a", None),
        ("GET /a", "OPTIONS /a", None),
        ("OPTIONS /a", "OPTIONS /a", (0, 110)),
    ),
    *rows(
        "step 2: HEAD among HEAD, on a miss as GET",
        (["GET /a", "HEAD /a"], "HEAD /a", (1, 110)),
        (["HEAD /a/", "GET /a"], "HEAD /a", (0, 105)),
        ("GET /a", "HEAD /a", (0, 110)),
        ("POST /a", "HEAD /a", None),
        ("HEAD /a", "GET /a", None),
    ),
    *rows(
        "input: normal forms of the path",
        ("/a", "/%61", (0, 110)),
        ("/a~", "/a%7e", (0, 110)),
        ("/a%2fb", "/a%2Fb", (0, 110)),
        ("/a%2Fb", "/a/b", None),
        ("/a/b", "/a/../a/b", None),
        ("/a/b", "/a//b", None),
        ("/\u00e9", "/%C3%A9", (0, 110)),
        ("http://other.test/a", "/a", (0, 110)),
    ),
    *rows("step 4: as they are, 100", ("/a", "/a", (0, 110)), ("/", "/", (0, 110)), ("/a", "/b", None)),
    *rows(
        "step 4: without trailing slashes, 95",
        ("/a", "/a/", (0, 105)),
        ("/a//", "/a", (0, 105)),
        ("/a", "/a/b", None),
    ),
    *rows(
        "step 4: ignoring case, 90", ("/a", "/A", (0, 100)), ("/\u00e9", "/\u00c9", (0, 100)), ("/a", "/\u00c1", None)
    ),
    *rows(
        "step 4: without trailing slashes, ignoring case, 85",
        ("/a", "/A/", (0, 95)),
        ("/a/", "/A", (0, 95)),
        ("/a/", "/B", None),
    ),
    *rows(
        "step 4: with wildcards each standing for one segment, 80",
        ("/a/{{x}}", "/a/b", (0, 90)),
        ("/a/:x", "/a/b", (0, 90)),
        ("/a/{{x}}", "/a/b/c", None),
        ("/a/{{x}}", "/a", None),
        ("/a/{{x}}/{{y}}", "/a/b/c", (0, 90)),
        (Given(request("GET /a/{{x}}"), literal=True), "/a/b", None),
        (Given(request("GET /a/:x"), literal=True), "/a/b", None),
        (Given(request("GET /a/:x"), literal=True), "/a/:x", (0, 110)),
    ),
    *rows(
        "step 4, own rule: one wildcard a segment, literals before or after it",
        ("/a/v{{x}}", "/a/v2", (0, 90)),
        ("/a/v{{x}}", "/a/w2", None),
        ("/a/{{x}}.json", "/a/b.json", (0, 90)),
        ("/a/{{x}}.json", "/a/b.xml", None),
        ("/a/{{x}}{{y}}", "/a/bc", None),
        ("/a/b:x", "/a/bc", None),
    ),
    *rows(
        "step 4, own rule: one or more characters, never /",
        ("/a/v{{x}}", "/a/v", None),
        ("/a/{{x}}/c", "/a//c", None),
        ("/a/{{x}}", "/a/b%2Fc", (0, 90)),
    ),
    *rows(
        "step 4, own rule: literals of a wildcard path ignore case and trailing slashes",
        ("/a/{{x}}", "/A/b", (0, 90)),
        ("/a/{{x}}", "/a/b/", (0, 90)),
        ("/a/{{x}}/", "/a/b", (0, 90)),
    ),
    *rows("input: wildcards are found before percent-decoding", ("/a/%7B%7Bx%7D%7D", "/a/b", None)),
    *rows(
        "step 4: without ids, 79",
        ("/a/7", "/a/8", (0, 89)),
        ("/a/7/b/8", "/a/1/b/2", (0, 89)),
        ("/a/7", "/A/8", None),
    ),
    *rows(
        "step 4: without trailing slashes and ids, 75",
        ("/a/7", "/a/8/", (0, 85)),
        ("/a/7/", "/a/8", (0, 85)),
        ("/a/7/", "/A/8", None),
    ),
    *rows(
        "step 4, own rule: what an id is",
        ("/a/1", "/a/00000042", (0, 89)),
        ("/a/1", "/a/4a", None),
        ("/a/1", "/a/f81d4fae-7dec-11d0-a765-00a0c91e6bf6", (0, 89)),
        ("/a/1", "/a/f81d4fae-7dec-11d0-a765-00a0c91e6bf", None),
        ("/a/1", "/a/01ARZ3NDEKTSV4RRFFQ69G5FAV", (0, 89)),
        ("/a/1", "/a/81ARZ3NDEKTSV4RRFFQ69G5FAV", None),
        ("/a/1", "/a/abcdefabcdef", (0, 89)),
        ("/a/1", "/a/abcdefabcde", None),
        ("/a/1", "/a/cus_9s6XKz", (0, 89)),
        ("/a/1", "/a/cus_9s6XK", None),
        ("/a/1", "/a/cus-9s6XKz", (0, 89)),
        ("/a/1", "/a/cus_customer", None),
        ("/a/v1", "/a/v2", None),
    ),
    *rows("step 4, own rule: both segments must be ids", ("/a/b", "/a/8", None), ("/a/8", "/a/b", None)),
    *rows(
        "step 4: by document distance, 70",
        ("/a/profile", "/a/profle", (0, 80)),
        ("/profile/b", "/profiles/b", (0, 80)),
    ),
    *rows(
        "step 4, own rule: at least 75 % alike",
        ("/a/abcd", "/a/abcx", (0, 80)),
        ("/a/abc", "/a/abx", None),
        (f"/a/{FAR[:24]}xyz", f"/a/{FAR[3:]}xyz", (0, 80)),
        (f"/a/{FAR}", f"/a/{FAR[:20]}0000000", None),
        (f"/a/{FAR}", f"/a/{FAR[:21]}000000", (0, 80)),
        ("/a/abcd", "/a/abcde", (0, 80)),
    ),
    *rows(
        "step 4, own rule: same method and number of segments",
        ("POST /a/profile", "GET /a/profle", None),
        ("/a/profile", "/a/profle/b", None),
        ("/a/profile", "/a/profle/", None),
    ),
    *rows("step 4, own rule: at most one segment different", ("/users/profile", "/user/profle", None)),
    *rows(
        "step 4, own rule: distance only if no other line fits any example that survives the filters",
        (["/a/:x", "/a/profile"], "/a/profle", (0, 90)),
        (["/a/profile", "/b/:x"], "/a/profle", (0, 80)),
    ),
    *rows(
        "step 4, own rule: distance is worked out for segments of up to 512 characters",
        (f"/{LONG}", f"/{LONG[:-1]}y", (0, 80)),
        (f"/{LONG}x", f"/{LONG}y", None),
    ),
    *rows(
        "step 4, own rule: of more than 1,000 such paths the newest 1,000",
        (["/profile", *(f"/{number:07d}x" for number in range(999))], "/profle", (0, 80)),
        (["/profile", *(f"/{number:07d}x" for number in range(1000))], "/profle", None),
    ),
    *rows("settings: wildcards off", ("/a/{{x}}", "/a/b", None), settings=under(wildcards=False)),
    *rows("settings: ids off", ("/a/7", "/a/8", None), ("/a/7", "/a/8/", None), settings=under(ids=False)),
    *rows("settings: distance off", ("/a/profile", "/a/profle", None), settings=under(distance=False)),
    *rows(
        "replay: path as it is",
        ("/a", "/%61", (0, 110)),
        ("/a", "/a/", None),
        ("/a", "/A", None),
        ("/a/{{x}}", "/a/b", None),
        ("/a/7", "/a/8", None),
        ("/profile", "/profle", None),
        settings=EXACT_ONLY,
    ),
    *rows(
        "hosts: a forward gateway compares them",
        (request("GET /a", at="http://one.test"), request("GET /a", at="http://one.test:80"), (0, 110)),
        (request("GET /a", at="http://one.test"), request("GET /a", at="http://two.test"), None),
        (request("GET /a", at="http://one.test"), request("GET /a", at="https://one.test"), None),
        settings=under(host=True),
    ),
    *rows(
        "hosts: mock servers do not compare them",
        (request("GET /a", at="http://one.test"), request("GET /a", at="http://two.test"), (0, 110)),
    ),
    *rows("replay: host compared", (request("GET /a", at="http://one.test"), "/a", None), settings=STRICT),
]

"""The rules under "Query", "Ties" and "Sequences"."""

from __future__ import annotations

from tests.conformance.table import JSON, Given, request, rows, under
from understudy.matcher.settings import STRICT, QueryRule
from understudy.store.model.exchanges import Part, RedactedPlace

REQUIRE = under(query=QueryRule.REQUIRE)
OFF = under(query=QueryRule.OFF)
TOKEN = (RedactedPlace(Part.QUERY, "token"),)

SKU = request("POST /a", body='{"sku": "A1"}', kind=JSON)
ANY_SKU = request("POST /a", body='{"sku": "{{sku}}"}', kind=JSON)
TEAM = request("POST /a", ("X-Team", "red"))
ANY_TEAM = request("POST /a", ("X-Team", "{{team}}"))

ROWS = [
    *rows(
        "Query: equal, +10",
        ("/a?b=1", "/a?b=1", (0, 110)),
        ("/a", "/a?", (0, 110)),
        ("/a?b=1", "/a?b=2", (0, 90)),
    ),
    *rows(
        "Query: equal ignoring case, +5",
        ("/a?b=x", "/a?B=X", (0, 105)),
        ("/a?b=x", "/a?b=y", (0, 90)),
        ("/a?B=1&a=2", "/a?A=2&b=1", (0, 105)),
        ("/a?b={{x}}&c=1", "/a?B=5&C=1", (0, 105)),
        (["/a?b=x", "/a"], "/a?B=X", (0, 105)),
        (["/a?b=x", "/a?b=X"], "/a?b=x", (0, 110)),
        (["/a?b=x", "/a?b=X"], "/a?b=X", (1, 110)),
    ),
    *rows(
        "Query: otherwise -10, and the example stays in",
        ("/a", "/a?b=1", (0, 90)),
        ("/a?b=1", "/a", (0, 90)),
        ("/a?b=1&c=2", "/a?b=1", (0, 90)),
    ),
    *rows(
        "Normal forms: of the query",
        ("/a?b=c+d", "/a?b=c%20d", (0, 110)),
        ("/a?b=c+d", "/a?b=c%2Bd", (0, 90)),
        ("/a?b", "/a?b=", (0, 110)),
        ("/a?b=1&c=2", "/a?c=2&b=1", (0, 110)),
        ("/a?b=1&&c=2", "/a?b=1&c=2&", (0, 110)),
        ("/a?b=1&b=2", "/a?b=2&b=1", (0, 110)),
        ("/a?b=1", "/a?b=1&b=1", (0, 90)),
    ),
    *rows(
        "Query, own rule: a wildcard value makes it +9",
        ("/a?b={{x}}", "/a?b=1", (0, 109)),
        ("/a?b={{x}}&c=1", "/a?b=1&c=1", (0, 109)),
        ("/a?b={{x}}&c=1", "/a?b=1&c=2", (0, 90)),
        ("/a?b={{x}}", "/a?b=1&b=2", (0, 90)),
        ("/a?b=x{{x}}", "/a?b=x1", (0, 109)),
        ("/a?b=x{{x}}", "/a?b=y1", (0, 90)),
        ("/a?b=x{{x}}", "/a?b=x", (0, 90)),
        ("/a?b=x{{x}}", "/a?b=X1", (0, 105)),
        ("/a?b={{x}}y", "/a?b=1y", (0, 109)),
        ("/a?b=%20{{x}}+y", "/a?b=+1%20y", (0, 109)),
        ("/a?b={{x}}{{y}}", "/a?b=12", (0, 90)),
        ("/a?b=1{{x}}&b={{y}}2", "/a?b=32&b=12", (0, 109)),
        ("/a?b=1{{x}}&b={{y}}2", "/a?b=33&b=12", (0, 90)),
        ("/a?b={{x}}&b=v{{y}}", "/a?b=v1&b=2", (0, 109)),
        (["/a?b=v{{x}}", "/a?b=w{{x}}"], "/a?b=v1", (0, 109)),
        ("/a?b={{}}", "/a?b=1", (0, 90)),
        ("/a?b={{x}}&c=1", "/a?b=1", (0, 90)),
        ("/a?b={{x}}&b=2", "/a?b=2&b=3", (0, 109)),
        ("/a?b={{x}}&b=2", "/a?b=1&b=3", (0, 90)),
        (["/a?b={{x}}&b=2", "/a?b={{x}}&b=1"], "/a?b=2&b=3", (0, 109)),
        (["/a?b={{x}}&b=q", "/a?b={{x}}&b=Q"], "/a?b=q&b=3", (0, 109)),
        (Given(request("GET /a?b={{x}}"), literal=True), "/a?b=1", (0, 90)),
        ("/a?b=:x", "/a?b=1", (0, 109)),
        ("/a?b=:x&c=1", "/a?b=1&c=2", (0, 90)),
        ("/a?b=%3Ax", "/a?b=1", (0, 90)),
        ("/a?b=:7", "/a?b=1", (0, 90)),
        ("/a?b=x:y", "/a?b=1", (0, 90)),
        (Given(request("GET /a?b=:x"), literal=True), "/a?b=1", (0, 90)),
    ),
    *rows(
        "Secrets: redacted values match any value",
        (Given(request("GET /a?token=R"), redacted=TOKEN), "/a?token=x", (0, 110)),
        (Given(request("GET /a?token=R"), redacted=TOKEN), "/a", (0, 90)),
        (Given(request("GET /a?b=1"), redacted=(RedactedPlace(Part.HEADER, "b"),)), "/a?b=2", (0, 90)),
        (Given(request("GET /a?token=R&b=1"), redacted=TOKEN), "/a?token=x&b=2", (0, 90)),
    ),
    *rows(
        "Settings: query require",
        ("/a?b=1", "/a?b=1", (0, 110)),
        ("/a?b={{x}}", "/a?b=1", (0, 109)),
        ("/a?b=1", "/a?b=2", None),
        ("/a?b=x", "/a?b=X", (0, 105)),
        settings=REQUIRE,
    ),
    *rows(
        "Settings: wildcards off, in queries too", ("/a?b={{x}}", "/a?b=1", (0, 90)), settings=under(wildcards=False)
    ),
    *rows("Settings: query off", ("/a?b=1", "/a?b=2", (0, 100)), ("/a?b=1", "/a?b=1", (0, 100)), settings=OFF),
    *rows(
        "Settings: parameters to ignore",
        ("/a?b=1&t=1", "/a?b=1", (0, 110)),
        ("/a?b=1", "/a?t=2&b=1&t=3", (0, 110)),
        ("/a?b=1&t=1", "/a?b=2&t=1", None),
        ("/a?b=1&T=1", "/a?b=1", None),
        settings=under(REQUIRE, ignore_query=frozenset({"t"})),
    ),
    *rows(
        "Replaying a session: parameters to ignore",
        ("/a?t=1", "/a?t=2", (0, 110)),
        ("/a?b=1", "/a?b=2", None),
        settings=under(STRICT, ignore_query=frozenset({"t"})),
    ),
    *rows(
        "Ties: highest score wins",
        (["/a?b=1", "/a"], "/a?b=1", (0, 110)),
        (["/a", "/a/"], "/a/", (1, 110)),
        (["/A", "/a/"], "/a", (1, 105)),
        (["/a/7?q=1", "/a/8?q=2"], "/a/9?q=1", (0, 89)),
    ),
    *rows(
        "Ties: higher path score",
        (["/a/b?q=1", "/a/{{x}}?q=2"], "/a/b?q=2", (0, 90)),
        (["/a/{{x}}?q=2", "/a/b?q=1"], "/a/b?q=2", (1, 90)),
        (["/a/b/?q=1", "/a/{{x}}?q=2"], "/a/b?q=2", (1, 90)),
        (["/a/b?q=1", "/a/{{x}}?q={{y}}"], "/a/b?q=2", (0, 90)),
    ),
    *rows(
        "Ties: fewer wildcards",
        (["/a/{{x}}", "/{{x}}/{{y}}"], "/a/b", (0, 90)),
        (["/a?b=1&c={{y}}", "/a?b={{x}}&c={{y}}"], "/a?b=1&c=2", (0, 109)),
        (["/a?b={{x}}&c={{y}}", "/a?b={{x}}&c=2"], "/a?b=1&c=2", (1, 109)),
    ),
    *rows(
        "Ties: fewer wildcards, those of body and headers too, where they were compared",
        ([SKU, ANY_SKU], SKU, (0, 110)),
        ([ANY_SKU, SKU], SKU, (1, 110)),
        ([SKU, ANY_SKU], request("POST /a", body='{"sku": "B"}', kind=JSON), (1, 110)),
        ([Given(SKU, redacted=(RedactedPlace(Part.JSON, "$.sku"),)), ANY_SKU], SKU, (1, 110)),
        ([TEAM, ANY_TEAM], TEAM, (0, 110)),
        ([ANY_TEAM, TEAM], request("POST /a", ("X-Team", "blue")), (0, 110)),
        settings=under(body=True, headers=frozenset({"x-team"})),
    ),
    *rows(
        "Ties: wildcards of body and headers do not count where they were not compared",
        ([TEAM, ANY_TEAM], TEAM, (1, 110)),
        settings=under(headers=frozenset({"x-other"})),
    ),
    *rows(
        "Ties: more literal characters before the first wildcard",
        (["/a/{{x}}", "/{{x}}/b"], "/a/b", (0, 90)),
        (["/a/b{{x}}", "/a/{{x}}"], "/a/bc", (0, 90)),
        (["/a/{{x}}c", "/a/{{x}}"], "/a/bc", (1, 90)),
    ),
    *rows(
        "Ties: then the highest id",
        (["/a", "/a"], "/a", (1, 110)),
        (["/a/{{x}}", "/a/:y"], "/a/b", (1, 90)),
        (["/a/7", "/a/8"], "/a/9", (1, 89)),
        (["/profile", "/profiled"], "/profilex", (1, 80)),
        (["/a?b=1&b=2", "/a?b=1"], "/a?b=3&b=4", (1, 90)),
        ([Given(request("GET /a"), id="2"), Given(request("GET /a"), id=f"{1:026d}")], "/a", (1, 110)),
        ([Given(request("GET /a"), id=f"{1:026d}"), Given(request("GET /a"), id="2")], "/a", (1, 110)),
        ([Given(request("GET /a"), id=f"{1:026d}"), Given(request("GET /a"), id=f"8{0:025d}")], "/a", (1, 110)),
    ),
    *rows(
        "Ties: equal order of repeated query values",
        (["/a?b=1&b=2", "/a?b=2&b=1"], "/a?b=1&b=2", (0, 110)),
        (["/a?b=1&b=2", "/a?b=2&b=1"], "/a?b=2&b=1", (1, 110)),
        (["/a?b=2&b=1", "/a?b=1&b=2"], "/a?b=2&b=1", (0, 110)),
        (["/a?b=1&c=1&b=2", "/a?b=2&c=1&b=1"], "/a?c=1&b=1&b=2", (0, 110)),
        (["/a?b=1&b=2&b=3", "/a?b=2&b=1&b=3"], "/a?b=3&b=2&b=1", (1, 110)),
        (["/a?b=1&b=2&q={{x}}", "/a?b=2&b=1&q={{x}}"], "/a?b=1&b=2&q=7", (0, 109)),
        (["/a?b=1&b={{x}}", "/a?b={{x}}&b=1"], "/a?b=1&b=2", (1, 109)),
        (["/a?b=1&b=2", "/{{x}}?b=2&b=1"], "/a?b=2&b=1", (0, 110)),
        (["/a?b=1&b=2&c=1", "/a?b=2&b=1&c=1"], "/a?b=1&b=2&c=2", (1, 90)),
    ),
    *rows(
        "Replaying a session: the order of repeated values counts",
        ("/a?b=1&b=2", "/a?b=2&b=1", None),
        ("/a?b=1&b=2", "/a?b=1&b=2", (0, 110)),
        ("/a?b=1&c=1&b=2", "/a?c=1&b=1&b=2", (0, 110)),
        (Given(request("GET /a?b=1&b=2&token=x"), literal=True, redacted=TOKEN), "/a?token=y&b=2&b=1", None),
        (Given(request("GET /a?b=1&b=2&token=x"), literal=True, redacted=TOKEN), "/a?token=y&b=1&b=2", (0, 110)),
        settings=STRICT,
    ),
    *rows(
        "Ties: no preference for 2xx answers",
        ([Given(request("GET /a")), Given(request("GET /a"), status=500)], "/a", (1, 110)),
    ),
    *rows(
        "Sequences: count as one candidate with the newest one's id",
        ([Given(request("GET /a"), sequence="s"), Given(request("GET /a"), sequence="s")], "/a", (1, 110)),
        ([Given(request("GET /a"), sequence="s"), "/a", Given(request("GET /a"), sequence="s")], "/a", (2, 110)),
        ([Given(request("GET /a"), sequence="s"), Given(request("GET /a"), sequence="s"), "/a"], "/a", (2, 110)),
        ([Given(request("GET /b"), sequence="s"), Given(request("GET /a"), sequence="s")], "/b", None),
        ([Given(request("GET /a"), sequence="s"), Given(request("GET /a"), sequence="t")], "/a", (1, 110)),
    ),
]

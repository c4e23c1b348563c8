"""The rules of selector headers, of headers as filters, of variables, and of request items without an example."""

from __future__ import annotations

from tests.conformance.table import JSON, Given, Row, request, rows, under
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.settings import STRICT
from understudy.matcher.variables import merge_variables
from understudy.store.model.exchanges import Part, RedactedPlace

CODE, ID, NAME = "x-mock-response-code", "x-mock-response-id", "x-mock-response-name"
LIST, BODY, DELAY = "x-mock-match-request-headers", "x-mock-match-request-body", "x-mock-response-delay"
OK, BAD = Given(request("GET /a"), name="Fine"), Given(request("GET /a/"), status=500, name="Broken")
SERIES = [Given(request("GET /a"), sequence="s"), Given(request("GET /a"), status=500, sequence="s")]
RED, BLUE = request("GET /a", ("X-Team", "red")), request("GET /a", ("X-Team", "blue"))
ONE, TWO = (Given(request("GET /a", at=f"http://{host}.test"), name="Fine") for host in ("one", "two"))
TEAM = under(headers=frozenset({"X-Team"}))
HIDDEN = (RedactedPlace(Part.HEADER, "x-team"),)
# Each variable contains the next one: `deep1` is resolved in eight levels, `deep0` would need nine.
DEEP = {f"deep{number}": f"{{{{deep{number + 1}}}}}" for number in range(8)} | {"deep8": "end"}


ROWS: list[Row] = [
    *rows(
        "Selector headers: x-mock-response-code keeps the examples with that status",
        ([OK, BAD], request("GET /a", (CODE, "500")), (1, 105)),
        ([OK, BAD], request("GET /a", ("X-Mock-Response-Code", "500")), (1, 105)),
        ([OK, BAD], request("GET /a", (CODE, "404")), None),
        ([BAD, "/profile"], request("GET /profle", (CODE, "200")), (1, 80)),
        ([OK, BAD], request("HEAD /a", (CODE, "500")), (1, 105)),
        (SERIES, request("GET /a", (CODE, "200")), (0, 110)),
        (SERIES, request("GET /a", (CODE, "500")), (1, 110)),
        (SERIES, request("GET /a", (CODE, "404")), None),
    ),
    *rows(
        "Selector headers: x-mock-response-id answers with that example",
        ([OK, BAD], request("GET /a", (ID, "0001")), (1, 0)),
        ([OK, BAD], request("GET /a", (ID, "4711-0001")), (1, 0)),
        ([OK, BAD], request("GET /a", (ID, "0002")), None),
        ([OK, BAD], request("GET /a", (ID, "x-0001")), None),
        (
            [Given(request("GET /a"), sequence="s"), Given(request("GET /a"), sequence="s")],
            request("GET /", (ID, "0000")),
            (0, 0),
        ),
    ),
    *rows(
        "Selector headers: x-mock-response-name likewise",
        ([OK, BAD], request("GET /a", (NAME, "Broken")), (1, 0)),
        ([OK, BAD], request("GET /a", (NAME, "broken")), None),
        ([Given(request("GET /a"), name="Fine ")], request("GET /a", (NAME, "Fine")), (0, 0)),
        ([Given(request("GET /a"), name="Fi ne")], request("GET /a", (NAME, "Fine")), None),
        ([Given(request("GET /a"), name="Caf\u00e9")], request("GET /a", (NAME, "Caf\u00c3\u00a9")), (0, 0)),
    ),
    *rows(
        "Selector headers: several of one name, the lowest id",
        ([BAD, OK, OK], request("GET /a", (NAME, "Fine")), (1, 0)),
        ([Given(request("POST /a"), name="Fine"), OK], request("GET /a", (NAME, "Fine")), (1, 0)),
        ([OK, Given(request("GET /a"), name="Fine")], request("HEAD /a", (NAME, "Fine")), (0, 0)),
        (
            [Given(request("GET /a"), name="Fine", sequence="s"), Given(request("GET /a"), name="Fine", sequence="s")],
            request("GET /a", (NAME, "Fine")),
            (0, 0),
        ),
    ),
    *rows(
        "Selector headers: in this order",
        ([OK, BAD], request("GET /a", (CODE, "200"), (ID, "0000")), (0, 0)),
        ([OK, BAD], request("GET /a", (CODE, "500"), (ID, "0000")), None),
        ([OK, BAD], request("GET /a", (ID, "0001"), (NAME, "Fine")), (1, 0)),
        (
            [OK, Given(request("GET /a"), status=500, name="Fine")],
            request("GET /a", (CODE, "500"), (NAME, "Fine")),
            (1, 0),
        ),
    ),
    *rows(
        "Selector headers: id and name do not look at path, query, headers or body",
        ([OK, BAD], request("GET /other?x=1", (ID, "0000")), (0, 0)),
        ([OK, BAD], request("GET /other", (NAME, "Fine"), (LIST, "X-Team")), (0, 0)),
        ([OK, BAD], request("GET /a", (ID, "0000"), (BODY, "true"), body=b"x"), (0, 0)),
        ([OK, BAD], request("POST /a", (ID, "0000")), None),
    ),
    *rows(
        "Hosts: where they are compared, for id and name too",
        ([ONE, TWO], request("GET /a", (NAME, "Fine"), at="http://two.test"), (1, 0)),
        ([ONE, TWO], request("GET /a", (NAME, "Fine"), at="http://three.test"), None),
        ([ONE, TWO], request("GET /a", (ID, "0001"), at="http://two.test"), (1, 0)),
        ([ONE, TWO], request("GET /a", (ID, "0001"), at="http://one.test"), None),
        settings=under(host=True),
    ),
    *rows(
        "Hosts: not compared, nor for id and name",
        ([ONE, TWO], request("GET /a", (NAME, "Fine"), at="http://two.test"), (0, 0)),
        ([ONE, TWO], request("GET /a", (ID, "0001"), at="http://one.test"), (1, 0)),
    ),
    *rows(
        "Settings: selector headers off",
        ([OK, BAD], request("GET /a", (CODE, "500")), (0, 110)),
        ([OK, BAD], request("GET /a", (CODE, "soon")), (0, 110)),
        settings=under(selectors=False),
    ),
    *rows(
        "Replaying a session: strict, selector headers do not count",
        (OK, request("GET /a", (CODE, "500")), (0, 110)),
        settings=STRICT,
    ),
    *rows(
        "Selector headers, own rule: a malformed value is a 400",
        ([OK, BAD], request("GET /a", (CODE, "soon")), "400"),
        ([OK, BAD], request("GET /a", (CODE, "99")), "400"),
        ([OK, BAD], request("GET /a", (CODE, "1000")), "400"),
        ([OK, BAD], request("GET /a", (CODE, "100")), None),
        ([OK, BAD], request("GET /a", (CODE, "999")), None),
        ([OK, BAD], request("GET /a", (CODE, " 500 ")), (1, 105)),
        ([OK, BAD], request("GET /a", (NAME, "")), "400"),
        ([OK, BAD], request("GET /a", (LIST, "a,,b")), "400"),
        ([OK, BAD], request("GET /a", (LIST, ",".join(f"h{number}" for number in range(100)))), (0, 110)),
        ([OK, BAD], request("GET /a", (LIST, ",".join(f"h{number}" for number in range(101)))), "400"),
        ([OK, BAD], request("GET /a", (BODY, "False")), (0, 110)),
        ([OK, BAD], request("GET /a", (CODE, "200"), (CODE, "500")), "400"),
        ([OK, BAD], request("GET /a", (CODE, "200"), (CODE, "200")), (0, 110)),
        ([OK, BAD], request("GET /a", (ID, "")), "400"),
        ([OK, BAD], request("GET /a", (BODY, "yes")), "400"),
        ([OK, BAD], request("GET /a", (LIST, "a b")), "400"),
        ([OK, BAD], request("GET /a", (DELAY, "0")), "400"),
        ([OK, BAD], request("GET /a", (DELAY, "1")), (0, 110)),
        ([OK, BAD], request("GET /a", (DELAY, "180000")), (0, 110)),
        ([OK, BAD], request("GET /a", (DELAY, "180001")), "400"),
    ),
    *rows(
        "Headers, then body: every listed header has the same values",
        ([RED, BLUE], request("GET /a", ("X-Team", "red")), (0, 110)),
        ([RED, BLUE], request("GET /a", ("X-Team", "blue")), (1, 110)),
        ([RED, BLUE], request("GET /a", ("X-Team", "green")), None),
        ([RED, BLUE], "/a", None),
        ("/a", request("GET /a", ("X-Team", "red")), None),
        ("/a", "/a", (0, 110)),
        (RED, request("GET /a", ("X-Team", "red"), ("X-Team", "blue")), None),
        (
            request("GET /a", ("X-Team", "red"), ("X-Team", "blue")),
            request("GET /a", ("X-Team", "red, blue")),
            (0, 110),
        ),
        (request("GET /a", ("X-Team", "red"), ("X-Team", "blue")), request("GET /a", ("X-Team", "blue, red")), None),
        (request("GET /a", ("X-Team", " red ")), request("GET /a", ("X-Team", "red")), (0, 110)),
        settings=TEAM,
    ),
    *rows(
        "Headers, then body: names and values compare without case",
        (RED, request("GET /a", ("x-team", "red")), (0, 110)),
        (RED, request("GET /a", ("X-Team", "RED")), (0, 110)),
        settings=TEAM,
    ),
    *rows(
        "Headers, then body: headers that are not listed do not count",
        (RED, request("GET /a", ("X-Team", "red"), ("X-Other", "1")), (0, 110)),
        settings=TEAM,
    ),
    *rows("Headers, then body: where switched on", (RED, request("GET /a", ("X-Team", "blue")), (0, 110))),
    *rows(
        "Headers, then body: x-mock-match-request-headers",
        ([RED, BLUE], request("GET /a", ("X-Team", "red"), (LIST, "X-Team")), (0, 110)),
        ([RED, BLUE], request("GET /a", ("X-Team", "red"), (LIST, "X-Other")), (1, 110)),
        ([RED, BLUE], request("GET /a", ("X-Team", "green"), (LIST, "X-Other, x-team")), None),
        ([RED, BLUE], request("GET /a", ("X-Team", "green"), (LIST, "X-Other"), (LIST, "x-team")), None),
    ),
    *rows(
        "Headers, then body: replaces the list; empty: off",
        (RED, request("GET /a", ("X-Team", "blue"), (LIST, "X-Other")), (0, 110)),
        (RED, request("GET /a", ("X-Team", "blue"), (LIST, "")), (0, 110)),
        (RED, request("GET /a", ("X-Team", "blue"), (LIST, "x-team")), None),
        settings=TEAM,
    ),
    *rows(
        "Choosing by header: headers addressed to Understudy are never compared",
        (request("GET /a", ("x-api-key", "one")), request("GET /a", ("x-api-key", "two")), (0, 110)),
        (request("GET /a", ("x-mock-a", "one")), request("GET /a", ("x-mock-a", "two")), (0, 110)),
        (request("GET /a", ("x-understudy-a", "one")), request("GET /a", ("x-understudy-a", "two")), (0, 110)),
        (request("GET /a", ("x-other-key", "one")), request("GET /a", ("x-other-key", "two")), None),
        settings=under(headers=frozenset({"x-api-key", "x-mock-a", "x-understudy-a", "x-other-key"})),
    ),
    *rows(
        "Settings: names of headers that carry keys",
        (request("GET /a", ("x-other-key", "one")), request("GET /a", ("x-other-key", "two")), (0, 110)),
        (request("GET /a", ("x-api-key", "one")), request("GET /a", ("x-api-key", "two")), None),
        settings=under(headers=frozenset({"x-api-key", "x-other-key"}), key_headers=frozenset({"X-Other-Key"})),
    ),
    *rows(
        "Settings: headers to ignore",
        (RED, request("GET /a", ("X-Team", "blue")), (0, 110)),
        settings=under(TEAM, ignore_headers=frozenset({"x-team"})),
    ),
    *rows(
        "Secrets: redacted values match any value: headers",
        (Given(RED, redacted=HIDDEN), request("GET /a", ("X-Team", "blue")), (0, 110)),
        (Given(RED, redacted=HIDDEN), "/a", None),
        (Given(request("GET /a"), redacted=HIDDEN), RED, None),
        (
            Given(request("GET /a", ("X-Team", "red"), ("X-Day", "1")), redacted=HIDDEN),
            request("GET /a", ("X-Team", "blue"), ("X-Day", "2")),
            None,
        ),
        (
            Given(request("GET /a", ("X-Team", "red"), ("X-Day", "1")), redacted=HIDDEN),
            request("GET /a", ("X-Team", "blue"), ("X-Day", "1")),
            (0, 110),
        ),
        settings=under(TEAM, headers=frozenset({"x-team", "X-Day"})),
    ),
    *rows(
        "Wildcards: unresolved {{name}} stays as a wildcard: headers",
        (request("GET /a", ("X-Team", "{{team}}")), request("GET /a", ("X-Team", "blue")), (0, 110)),
        (request("GET /a", ("X-Team", "{{team}}")), "/a", None),
        (request("GET /a", ("X-Team", "a {{team}}")), request("GET /a", ("X-Team", "A b")), (0, 110)),
        (request("GET /a", ("X-Team", "a {{team}}")), request("GET /a", ("X-Team", "b")), None),
        (request("GET /a", ("X-Team", "{{team}} a")), request("GET /a", ("X-Team", "b a")), None),
        (Given(request("GET /a", ("X-Team", "{{t}}")), literal=True), request("GET /a", ("X-Team", "blue")), None),
        settings=TEAM,
    ),
    *rows(
        "Headers, then body: x-mock-match-request-body: true|false",
        (request("POST /a", body="1", kind=JSON), request("POST /a", (BODY, "true"), body="1.0", kind=JSON), (0, 110)),
        (request("POST /a", body="1", kind=JSON), request("POST /a", (BODY, "true"), body="2", kind=JSON), None),
        (request("POST /a", body="1", kind=JSON), request("POST /a", (BODY, "TRUE"), body="2", kind=JSON), None),
        (request("POST /a", body="1", kind=JSON), request("POST /a", body="2", kind=JSON), (0, 110)),
    ),
    *rows(
        "Headers, then body: x-mock-match-request-body: false",
        (request("POST /a", body="1", kind=JSON), request("POST /a", (BODY, "false"), body="2", kind=JSON), (0, 110)),
        (request("POST /a", body="1", kind=JSON), request("POST /a", body="2", kind=JSON), None),
        settings=under(body=True),
    ),
    *rows(
        "Variables: are already substituted",
        ("/{{base}}/b", "/a/b", (0, 110)),
        ("/{{base}}/b", "/c/b", None),
        ("/{{other}}/b", "/c/b", (0, 90)),
        (Given(request("GET /{{base}}/b"), literal=True), "/a/b", None),
        ("{{url}}/b", "/v1/b", (0, 110)),
        ("/x?q={{base}}", "/x?q=a", (0, 110)),
        ("/x?q={{base}}", "/x?q=c", (0, 90)),
        (request("GET /{{ base }}"), "/a", (0, 110)),
        ("/{{nested}}", "/a", (0, 110)),
        ("/{{deep1}}", "/end", (0, 110)),
        ("/{{deep0}}", "/end", (0, 90)),
        ("/users/{{empty}}", "/users/7", (0, 90)),
        ("/users/{{empty}}", "/users/", None),
        ("/users?id={{empty}}", "/users?id=7", (0, 109)),
        ("/users/{{hollow}}", "/users/7", (0, 90)),
        ("/users/{{half}}", "/users/b", (0, 110)),
        ("{{empty}}/users", "/users", (0, 110)),
        ("{{none}}/users/{{id}}", "/users/7", (0, 90)),
        ("{{scheme}}://{{host}}:80/users", "/users", (0, 110)),
        ("{{host}}:80/users", "/users", (0, 110)),
        ("{{empty}}", "/", (0, 110)),
        (request("GET /a", ("X-Team", "{{base}}")), request("GET /a", ("X-Team", "a"), (LIST, "x-team")), (0, 110)),
        (request("GET /a", ("X-Team", "{{base}}")), request("GET /a", ("X-Team", "c"), (LIST, "x-team")), None),
        (
            request("POST /a", body='{"k": "{{base}}"}', kind=JSON),
            request("POST /a", (BODY, "true"), body='{"k": "a"}', kind=JSON),
            (0, 110),
        ),
        (
            request("POST /a", body='{"k": "{{base}}"}', kind=JSON),
            request("POST /a", (BODY, "true"), body='{"k": "c"}', kind=JSON),
            None,
        ),
        variables=merge_variables(
            {"base": "hidden", "url": "http://api.test/v1", "nested": "{{base}}", "half": "b", **DEEP},
            {"base": "a", "empty": "", "hollow": "{{empty}}", "half": ""},
        ),
    ),
    *rows(
        "Settings: wildcards off, in headers too",
        (request("GET /a", ("X-Team", "{{team}}")), request("GET /a", ("X-Team", "blue")), None),
        settings=under(TEAM, wildcards=False),
    ),
]

ITEM = (BareItem("GET", "/carts/:id", "Cart"), BareItem("GET", "/carts/mine?full=1", "My cart"))
ITEMS: list[tuple[Row, str | None]] = [
    (Row("Misses: a request item without an example", ["/a"], asked, None, items=ITEM), name)
    for asked, name in (
        ("/carts/ann", "Cart"),
        ("HEAD /carts/ann", "Cart"),
        ("/carts/mine", "My cart"),
        ("POST /carts/ann", None),
        ("/carts", None),
        (request("GET /carts/ann", (NAME, "none")), None),
    )
] + [
    (Row("Misses: an example of this path that was filtered out", [given], asked, None, items=ITEM), name)
    for given, asked, name in (
        ("/carts/{{id}}", request("GET /carts/ann", (CODE, "500")), None),
        ("/carts/mine", request("GET /carts/mine", (CODE, "500")), None),
        ("/carts/{{id}}", request("GET /carts/mine", (CODE, "500")), "My cart"),
        ("POST /carts/ann", request("GET /carts/ann", (CODE, "500")), "Cart"),
        ("/orders", request("GET /carts/ann", (CODE, "500")), "Cart"),
    )
]

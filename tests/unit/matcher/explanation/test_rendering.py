"""Tests of decisions as text and JSON; the texts are in tests/golden/explain (UPDATE_GOLDEN=1 rewrites them)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import as_json, as_text, summarize_nearest
from understudy.matcher.index import compile_index
from understudy.matcher.lookup.bare_items import BareItem
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request
from understudy.store.model.values import replace

GOLDEN = Path(__file__).parents[3] / "golden" / "explain"
REQUIRE = MatchSettings(query=QueryRule.REQUIRE)


def make_typed_example(
    number: int, name: str, request: Request | str, *redacted: RedactedPlace, sequence: str | None = None
) -> Example:
    """Return an example that was typed in."""
    return make_example(
        request,
        id=f"01HZX000000000000000000{number:03d}",
        name=name,
        literal=False,
        redacted=redacted,
        sequence=sequence,
    )


def make_order(body: bytes, kind: str = "application/json") -> Request:
    """Return a POST request that places an order."""
    return make_request("POST", "/orders", body=body, content_type=kind)


KEY = RedactedPlace(Part.HEADER, "x-key")
USERS = [
    make_typed_example(1, "List users", "/users"),
    make_typed_example(2, "Page two", "/users?page=2"),
    make_typed_example(3, "Get user", "/users/{{id}}"),
    make_typed_example(4, "Ann", "/users/ann"),
    make_typed_example(5, "Order 42", "/users/ann/orders/42"),
    make_typed_example(6, "Create user", make_request("POST", "/users", body=b"{}", content_type="application/json")),
]
ORDERS = [
    make_typed_example(
        1, "One tea", make_order(b'{"item": "tea", "count": 1, "card": "REDACTED"}'), RedactedPlace(Part.JSON, "$.card")
    ),
    make_typed_example(
        2,
        "Two teas",
        make_order(b'{"item": "tea", "count": 2, "card": "REDACTED"}'),
        RedactedPlace(Part.JSON, "$.card"),
    ),
    make_typed_example(3, "Empty order", make_order(b"")),
]
BROKEN = [*ORDERS, make_typed_example(4, "Broken order", make_order(b"{"))]
SEARCHES = [
    make_typed_example(1, "Search tea", "/search?q=tea&key=REDACTED", RedactedPlace(Part.QUERY, "key")),
    make_typed_example(2, "Search coffee", "/search?q=coffee&key=REDACTED&page=2", RedactedPlace(Part.QUERY, "key")),
]
TEAMS = [
    make_typed_example(1, "Red", make_request(target="/shop", headers=[("X-Team", "red"), ("X-Key", "R")]), KEY),
    make_typed_example(2, "Blue", make_request(target="/shop", headers=[("X-Team", "blue"), ("X-Key", "R")]), KEY),
]
STATES = [
    replace(make_typed_example(1, "Running", "/jobs/1"), response=make_response(202)),
    replace(make_typed_example(2, "Done", "/jobs/1"), response=make_response(200)),
    replace(make_typed_example(3, "Failed", "/jobs/1"), response=make_response(500)),
]
NOTES = [make_typed_example(1, "Any note", make_order(b'{"id": "{{id}}", "text": "tea"}'))]
TEAM = MatchSettings(headers=frozenset({"X-Team", "X-Key"}))
BODY = MatchSettings(body=True)
SUBSET = MatchSettings(body=True, subset=True)
EXACT = MatchSettings(exact_path=True)
CASES: dict[str, tuple[list[Example], Request, MatchSettings]] = {
    "hit": (USERS, make_request(target="/users?page=2"), POSTMAN),
    "hit_wildcard": (USERS, make_request(target="/users/Bob%20M"), POSTMAN),
    "hit_strict": (ORDERS, make_order(b'{"count": 2.0, "item": "tea", "card": "4711"}'), STRICT),
    "hit_head_as_get": (USERS, make_request("HEAD", "/users/ann/"), POSTMAN),
    "hit_sequence": (
        [make_typed_example(number, "Job state", "/jobs/1", sequence="s") for number in (1, 2, 3)],
        make_request(target="/jobs/1"),
        POSTMAN,
    ),
    "tie": (
        [
            make_typed_example(1, "Any user", "/users/{{id}}?full=1"),
            make_typed_example(2, "Ann", "/users/ann"),
            make_typed_example(3, "Anything", "/{{kind}}/{{id}}?full=1"),
            make_typed_example(4, "Older Ann", "/users/ann?full=0"),
        ],
        make_request(target="/users/ann?full=1"),
        POSTMAN,
    ),
    "miss_empty": ([], make_request(target="/users/7"), POSTMAN),
    "miss_method": (USERS, make_request("DELETE", "/users/ann"), POSTMAN),
    "miss_path": (USERS, make_request(target="/user/ann/order/42"), POSTMAN),
    "miss_path_ids": (
        [
            make_typed_example(1, "Get order", "/orders/42"),
            make_typed_example(2, "Version two", "/orders/v2"),
            make_typed_example(3, "File", "/orders/{{id}}.json"),
        ],
        make_request(target="/orders/latest"),
        POSTMAN,
    ),
    "miss_query": (SEARCHES, make_request(target="/search?q=cocoa&key=geheim"), REQUIRE),
    "miss_body": (ORDERS, make_order(b'{"item": "tea", "count": 3, "card": "4711"}'), STRICT),
    "miss_body_type": (ORDERS[1:2], make_order(b"item=tea&count=2", "application/x-www-form-urlencoded"), STRICT),
    "miss_host": (USERS[:1], make_request(target="/users", origin="https://staging.example.com:8443"), STRICT),
    "hit_distance": (USERS[:1], make_request(target="/user"), POSTMAN),
    "hit_headers": (TEAMS, make_request(target="/shop", headers=[("X-Team", "RED"), ("X-Key", "geheim")]), TEAM),
    "hit_status": (STATES, make_request(target="/jobs/1", headers=[("x-mock-response-code", "500")]), POSTMAN),
    "hit_id": (STATES, make_request(headers=[("x-mock-response-id", "01HZX000000000000000000001")]), POSTMAN),
    "hit_name": (STATES, make_request(headers=[("x-mock-response-name", "Failed")]), POSTMAN),
    "hit_body_as_bytes": (BROKEN, make_order(b"{"), BODY),
    "hit_subset": (ORDERS, make_order(b'{"item": "tea", "count": 1, "card": "4711", "gift": true}'), SUBSET),
    "miss_header": (TEAMS, make_request(target="/shop", headers=[("X-Team", "green"), ("X-Key", "geheim")]), TEAM),
    "miss_status": (STATES, make_request(target="/jobs/1", headers=[("x-mock-response-code", "404")]), POSTMAN),
    "miss_id": (STATES, make_request(target="/jobs/1", headers=[("x-mock-response-id", "01HZX1")]), POSTMAN),
    "miss_name": (STATES, make_request(target="/jobs/1", headers=[("x-mock-response-name", "Fail")]), POSTMAN),
    "miss_body_broken": (BROKEN, make_order(b'{"item": "tea", "card": "4711"'), BODY),
    "miss_body_wildcard": (NOTES, make_order(b'{"id": 7, "text": "cocoa"}'), BODY),
    "miss_case": (USERS[:4], make_request(target="/USERS/ANN"), EXACT),
    "problem": (STATES, make_request(target="/jobs/1", headers=[("x-mock-response-code", "soon")]), POSTMAN),
    "miss_odd_bytes": (USERS[:1], make_request(target=b"/\x1b[31m\xff" + b"x" * 200), POSTMAN),
}  # fmt: skip


def decide(case: str) -> Decision:
    """Return the decision of a case."""
    examples, request, settings = CASES[case]
    return compile_index(examples, settings).decide(request)


@pytest.mark.parametrize("case", CASES)
def test_text(case: str) -> None:
    """The text is the one in the golden file."""
    text, path = as_text(decide(case)), GOLDEN / f"{case}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    """Each golden file belongs to a case."""
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_json_names_the_examples_of_the_text(case: str) -> None:
    """The JSON can be written, and names the same examples as the text."""
    decision = decide(case)
    output = json.loads(json.dumps(as_json(decision)))
    assert output["matched"] is case.startswith("hit") or case == "tie"
    others = output["runners_up"] if output["matched"] else output["nearest"]
    assert all(each["example"]["name"] in as_text(decision) for each in others)


def test_json_of_a_hit() -> None:
    """The JSON of a hit has example, score, lines, captures and runners-up."""
    assert as_json(decide("hit_wildcard")) == {
        "matched": True,
        "request": {"method": "GET", "path": "/users/Bob%20M"},
        "decided_as": "GET",
        "example": {
            "id": "01HZX000000000000000000003",
            "name": "Get user",
            "method": "GET",
            "path": "/users/{{id}}",
        },
        "score": 90,
        "path_line": "with wildcards",
        "lines": [
            {"part": "path", "points": 80, "reason": "with wildcards"},
            {"part": "query", "points": 10, "reason": "equal"},
        ],
        "captures": {"id": "Bob M"},
        "runners_up": [],
    }


@pytest.mark.parametrize("examples", [USERS, []])
def test_item_without_example(examples: list[Example]) -> None:
    """A miss names the request item that needs an example."""
    items = [BareItem("GET", "/carts/{{id}}", "Get cart")]
    decision = compile_index(examples, items=items).decide(make_request(target="/carts/7"))
    assert as_text(decision).startswith('No example answers GET /carts/7: the request "Get cart" has no example\n')


def test_note_is_shown() -> None:
    """The note names a body that is compared as bytes against its media type."""
    output = as_json(decide("miss_body_broken"))
    assert isinstance(output["nearest"], list)
    assert "compared as bytes" in output["nearest"][0]["differences"][0]["note"]


def test_json_of_a_miss() -> None:
    """The JSON of a miss has the nearest examples and their differences."""
    output = as_json(decide("miss_host"))
    assert output["message"] == "No example answers GET /users"
    assert output["nearest"] == [
        {
            "example": {"id": "01HZX000000000000000000001", "name": "List users", "method": "GET", "path": "/users"},
            "differences": [
                {"part": "host", "expected": "http://api.example.com", "actual": "https://staging.example.com:8443"}
            ],
        }
    ]


def test_replayed_example_is_named_by_its_entry_in_history() -> None:
    """A replayed example is named by its entry in history; the JSON has the id of its turn too."""
    turns = [make_example("/jobs/1", id=f"{turn:012}", name="Job", sequence="s", entry=56 + turn) for turn in (1, 2)]
    decision = compile_index([*turns, make_example("/a", id="3", name="A", entry=4)], STRICT).decide(
        make_request(target="/jobs/2")
    )
    nearest = json.loads(json.dumps(as_json(decision)["nearest"]))
    output = [(one["example"]["id"], one["example"]["entry"]) for one in nearest]
    assert output == [("000000000002", 58), ("3", 4)]
    assert summarize_nearest(decision) == 'nearest is "Job" (entry 58, a sequence of 2): path differs'
    assert '  "A" (entry 4)\n' in as_text(decision)


@pytest.mark.parametrize("case", CASES)
def test_secrets_are_hidden(case: str) -> None:
    """Neither the placeholder nor the request's value at a redacted place is shown."""
    output = as_text(decide(case)) + json.dumps(as_json(decide(case)))
    assert not any(secret in output for secret in ("REDACTED", "4711", "geheim"))


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        ("/usr", 'nearest is "List users" (01HZX000000000000000000001): path differs'),
        (make_request("PUT", "/users?page=2"), 'nearest is "Page two" (01HZX000000000000000000002): method differs'),
        (
            make_request("PUT", "/users"),
            'nearest is "Create user" (01HZX000000000000000000006): method differs',
        ),
        (
            make_request("PUT", "/usr?page=3"),
            'nearest is "Page two" (01HZX000000000000000000002): method, path and query differ at page',
        ),
        (make_request("GET", "/carts"), 'the request "Get cart" has no example'),
        ("/users", ""),
    ],
)
def test_summary_of_the_nearest(request_: Request | str, line: str) -> None:
    """The line for logs has the names of parts, without values."""
    request = make_request(target=request_) if isinstance(request_, str) else request_
    index = compile_index(USERS, REQUIRE, items=[BareItem("GET", "/carts", "Get cart")])
    assert summarize_nearest(index.decide(request)) == line


def test_request_item_stands_beside_its_example() -> None:
    """The request item is named where it is known, in texts and in JSON: names of examples repeat."""
    examples = [make_example(target, id=target, name="Success", item_id=target) for target in ("/users/1", "/orders/1")]
    index = compile_index(examples, replace(POSTMAN, distance=False), item_names={"/users/1": "Get user"})
    missed, hit = (index.decide(make_request(target=target)) for target in ("/users", "/users/1"))
    assert '"Success" of "Get user" (/users/1)' in as_text(missed)
    assert '"Success" (/orders/1)' in as_text(missed)
    assert summarize_nearest(missed).startswith('nearest is "Success" of "Get user" (/users/1)')
    assert as_json(hit)["example"] == {
        "id": "/users/1",
        "name": "Success",
        "item": "Get user",
        "method": "GET",
        "path": "/users/1",
    }


def test_item_names_survive_changes() -> None:
    """An index that was changed or restricted knows the names too."""
    examples = [make_example(id=f"{number}", name="Success", response=make_response(200)) for number in range(2)]
    index = compile_index(examples, item_names={"item": "Get user"}).apply_changes(["1"], [])
    asked = make_request(target="/nothing/here/7", headers=[("x-mock-response-code", "500")])
    assert '"Success" of "Get user" (0)' in as_text(index.decide(asked))

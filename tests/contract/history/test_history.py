"""The contract of `store.repositories.history.History` and `Bodies`."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.messages import make_request, make_response
from tests.factories.stored import EVERYTHING, LARGE, make_exchange, record
from understudy.store.errors import Hint, NotFound, StoreError, UserError
from understudy.store.model.exchanges import Exchange, Part, RedactedPlace, Timings
from understudy.store.model.ids import new_id
from understudy.store.model.messages import (
    BodyRef,
    Chunk,
    Headers,
    InlineBody,
    InterimResponse,
    Origin,
    Request,
    Response,
)
from understudy.store.model.values import replace
from understudy.store.repositories.history import HistoryFilter, HistoryPosition
from understudy.store.repositories.store import Store

EVERY_BYTE = bytes(range(256))


@pytest.fixture
def session_id(store: Store) -> str:
    """A session to record to."""
    return store.sessions.create("shop", None).id


def kept(store: Store, exchange: Exchange) -> Exchange:
    """Store an exchange and return it as the store returns it."""
    [number] = store.history.add([exchange])
    return store.history.get(number)


REQUESTS = [
    make_request("PATCH"),
    make_request("G\xc3T"),
    make_request(target=b"/caf\xc3\xa9\xff?\x00=\xfe"),
    make_request(target=b"/nul\x00nul"),
    make_request(target=b"*"),
    make_request(origin=None),
    make_request(origin=Origin("https", "::1", 8443)),
    make_request(origin=Origin("http", "api.example.com", 0)),
    make_request(origin=Origin("http", "b\xfccher.example", 80)),
    make_request(headers=[("B", "2"), ("a", "1"), ("b", ""), ("B", "2")]),
    make_request(headers=Headers(((b"X-\xff", EVERY_BYTE),))),
    replace(make_request(), http_version="HTTP/2.0", trailers=Headers(((b"T", b"\xff"),))),
]
RESPONSES = [
    make_response(599, reason=b"\x00\xff"),
    make_response(reason=b""),
    make_response(headers=[("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Set-Cookie", "a=1")]),
    make_response(headers=Headers(((b"X-\xff", EVERY_BYTE),))),
    replace(make_response(), http_version="HTTP/1.0", trailers=Headers(((b"T", b"\xff"),))),
    replace(make_response(), chunks=(Chunk(0.0, 3), Chunk(0.25, 0), Chunk(1_000.000001, 2**40))),
    replace(
        make_response(),
        interim=(InterimResponse(103, Headers(((b"Link", b"\xff"),)), b"Early Hints"), InterimResponse(102)),
    ),
]


def test_many_exchanges_are_numbered_in_their_order(store: Store, session_id: str) -> None:
    """They are more than one statement inserts."""
    paths = [f"/{number}" for number in range(150)]
    numbers = store.history.add([make_exchange(session_id, path) for path in paths])
    assert [store.history.get(number).request.target.decode() for number in numbers] == paths


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_as_it_was(store: Store, session_id: str, request_: Request) -> None:
    assert kept(store, make_exchange(session_id, request_)).request == request_


@pytest.mark.parametrize("response", RESPONSES)
def test_a_response_comes_back_as_it_was(store: Store, session_id: str, response: Response) -> None:
    without_body = replace(response, body=b"")
    assert kept(store, make_exchange(session_id, response=without_body)).response == without_body


@pytest.mark.parametrize("timings", [Timings(1.0), Timings(1.0, 2.0), Timings(0.1, 0.2, 0.3, 0.4), Timings(1e9 + 1e-6)])
def test_timings_come_back_as_they_were(store: Store, session_id: str, timings: Timings) -> None:
    assert kept(store, replace(make_exchange(session_id), timings=timings)).timings == timings


def test_redacted_places_and_the_reason_of_degradation_come_back(store: Store, session_id: str) -> None:
    places = frozenset({RedactedPlace(Part.JSON, "$.user.token"), RedactedPlace(Part.HEADER, "authorization")})
    exchange = kept(store, replace(make_exchange(session_id), redacted=places, degraded="cut at 10 bytes"))
    assert (exchange.redacted, exchange.degraded) == (places, "cut at 10 bytes")


def test_a_failed_exchange_without_a_response_comes_back_as_it_was(store: Store, session_id: str) -> None:
    failed = kept(store, make_exchange(session_id, response=None, error="refused"))
    assert failed.has_failed
    assert (failed.response, failed.error) == (None, "refused")


def test_a_failed_exchange_keeps_its_incomplete_response(store: Store, session_id: str) -> None:
    failed = kept(store, make_exchange(session_id, response=make_response(206, b"par"), error="cut off"))
    assert failed.response
    assert (failed.error, store.bodies.read(failed.response.body)) == ("cut off", b"par")


def test_an_unknown_entry_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match=r"^there is no history entry 7$") as unknown:
        store.history.get(7)
    assert (unknown.value.what, unknown.value.which, unknown.value.hint) == ("entry", "7", Hint("list_history"))


@pytest.mark.parametrize("number", [-1, 0, 2**63, 10**30])
def test_an_impossible_id_is_not_found(store: Store, number: int) -> None:
    with pytest.raises(NotFound, match=str(number)):
        store.history.get(number)


# Bodies


@pytest.mark.parametrize("body", [b"{}", EVERY_BYTE, b"\x00", b"x" * 16_384], ids=len)
def test_a_small_body_comes_back_as_bytes(store: Store, body: bytes) -> None:
    [exchange] = record(store, body)
    assert exchange.response
    assert exchange.response.body == body


@pytest.mark.parametrize("is_request", [False, True])
def test_a_small_body_is_read_by_a_reference_to_its_exchange(store: Store, session_id: str, is_request: bool) -> None:
    exchange = kept(store, make_exchange(session_id, make_request("POST", body=b"asked"), make_response(body=b"said")))
    assert store.bodies.read(InlineBody("0" * 64, 5, exchange.id, is_request)) == (b"asked" if is_request else b"said")


@pytest.mark.parametrize("body", [b"x" * 16_385, b"x" * 2_000_000], ids=len)
def test_a_large_body_comes_back_by_its_reference(store: Store, body: bytes) -> None:
    [exchange] = record(store, body)
    assert exchange.response
    assert exchange.response.body == BodyRef(hashlib.sha256(body).hexdigest(), len(body))
    assert store.bodies.read(exchange.response.body) == body


def test_a_request_has_a_body_too(store: Store, session_id: str) -> None:
    exchange = kept(store, make_exchange(session_id, make_request("POST", body=b"asked")))
    assert store.bodies.read(exchange.request.body) == b"asked"


def test_an_empty_body_stays_bytes(store: Store) -> None:
    [exchange] = record(store, b"")
    assert exchange.response
    assert exchange.response.body == b""


def test_bytes_are_read_as_they_are(store: Store) -> None:
    assert store.bodies.read(b"given") == b"given"


def test_an_unknown_body_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no body abcd"):
        store.bodies.read(BodyRef("abcd", 4))


REPEATED = b"repeated" * 64


def test_equal_large_bodies_are_one_body(store: Store) -> None:
    """Within one call of `add`, and across calls."""
    both, [later] = record(store, LARGE, LARGE, session="a"), record(store, LARGE, session="b")
    assert len({exchange.response.body for exchange in [*both, later] if exchange.response}) == 1


def test_a_small_body_that_repeats_is_stored_once_more_by_its_digest(store: Store) -> None:
    """The copy that came first stays in its row."""
    first, second, third = record(store, REPEATED, REPEATED, REPEATED)
    assert first.response
    assert second.response
    assert third.response
    assert first.response.body == REPEATED
    assert second.response.body == third.response.body == BodyRef(hashlib.sha256(REPEATED).hexdigest(), len(REPEATED))
    assert store.bodies.read(third.response.body) == REPEATED


def test_a_small_body_that_was_last_seen_long_ago_is_inline_again(store: Store) -> None:
    others = [f"{number:04}".encode() * 80 for number in range(1_000)]
    *_, last = record(store, REPEATED, *others, REPEATED)
    assert last.response
    assert last.response.body == REPEATED


def test_a_tiny_body_is_always_inline(store: Store) -> None:
    for exchange in record(store, b"{}", b"{}", b"{}"):
        assert exchange.response
        assert exchange.response.body == b"{}"


def test_an_exchange_may_refer_to_a_stored_body(store: Store) -> None:
    [first] = record(store, LARGE, session="a")
    assert first.response
    [second] = record(store, first.response.body, session="b")
    assert second.response
    assert second.response.body == first.response.body


def test_an_exchange_cannot_refer_to_an_unknown_body(store: Store, session_id: str) -> None:
    with pytest.raises(StoreError):
        store.history.add([make_exchange(session_id, response=make_response(body=BodyRef("0" * 64, 4)))])


# All or nothing, and ids


def test_a_batch_is_all_or_nothing(store: Store, session_id: str) -> None:
    with pytest.raises(StoreError):
        store.history.add([make_exchange(session_id), make_exchange("no such session")])
    assert list(store.history.select(EVERYTHING)) == []


def test_a_refused_batch_leaves_no_body(store: Store, session_id: str) -> None:
    good = make_exchange(session_id, response=make_response(body=LARGE))
    with pytest.raises(StoreError):
        store.history.add([good, make_exchange("no such session")])
    with pytest.raises(NotFound):
        store.bodies.read(BodyRef(hashlib.sha256(LARGE).hexdigest(), len(LARGE)))


def test_text_that_no_store_can_hold_is_a_store_error(store: Store, session_id: str) -> None:
    with pytest.raises(StoreError):
        store.history.add([make_exchange(session_id, make_request("G\udcff"))])


def test_the_store_works_after_an_error(store: Store, session_id: str) -> None:
    with pytest.raises(StoreError):
        store.history.add([make_exchange("no such session")])
    assert store.history.add([make_exchange(session_id)])


def test_adding_nothing_returns_no_ids(store: Store) -> None:
    assert store.history.add([]) == []


def test_ids_come_in_the_order_of_the_exchanges(store: Store, session_id: str) -> None:
    exchanges = [make_exchange(session_id, f"/{number}") for number in range(1_200)]
    ids = store.history.add(exchanges)
    assert [store.history.get(ids[number]).request.target for number in (0, 777, 1_199)] == [b"/0", b"/777", b"/1199"]


def test_ids_rise(store: Store, session_id: str) -> None:
    first = store.history.add([make_exchange(session_id)] * 2)
    second = store.history.add([make_exchange(session_id)] * 2)
    assert first + second == sorted(set(first + second))


def test_an_id_is_never_reused(store: Store) -> None:
    """Not even that of the newest exchange after its deletion."""
    [deleted] = record(store, b"1", session="deleted")
    store.sessions.delete(deleted.session_id)
    [later] = record(store, b"2", session="later")
    assert later.id > deleted.id


# Repeated commits


def test_an_exchange_that_is_added_again_is_the_stored_one(store: Store, session_id: str) -> None:
    exchanges = [replace(make_exchange(session_id, f"/{number}"), key=number) for number in range(100)]
    ids = store.history.add(exchanges)
    assert store.history.add(exchanges) == ids
    assert [one.request.target for one in store.history.select(EVERYTHING)] == [one.request.target for one in exchanges]


def test_of_a_batch_only_what_is_new_is_added(store: Store, session_id: str) -> None:
    """Whatever the order: a part of it may be stored, and one may be there twice."""
    stored, new, last = (replace(make_exchange(session_id, f"/{key}"), key=key) for key in (1, 2, 3))
    [first] = store.history.add([stored])
    ids = store.history.add([new, stored, last, new])
    assert (ids[1], ids[0]) == (first, ids[3])
    assert [store.history.get(number).request.target for number in ids] == [b"/2", b"/1", b"/3", b"/2"]
    assert len(list(store.history.select(EVERYTHING))) == 3


def test_a_key_is_that_of_one_moment(store: Store, session_id: str) -> None:
    """Two gateways may choose the same number; exchanges without a key are all different."""
    same_key = [replace(make_exchange(session_id, started=float(number)), key=7) for number in range(2)]
    ids = store.history.add([*same_key, *[make_exchange(session_id)] * 2])
    assert len(set(ids)) == 4


# Heads


RAW_REQUEST = b"GET /users/7 HTTP/1.1\r\nhost:  api.example.com \r\nX-Empty:\r\nX:\ta\t\r\n\r\n"
RAW_RESPONSE = b"HTTP/1.1 200\r\ncontent-TYPE:application/json\r\n\r\n"


def test_received_heads_are_stored_to_the_byte(store: Store, session_id: str) -> None:
    request = make_request(target="/users/7", headers=[("host", "api.example.com"), ("X-Empty", ""), ("X", "a")])
    response = make_response(reason=b"", headers=[("content-TYPE", "application/json")])
    exchange = make_exchange(session_id, request, response)
    found = kept(store, replace(exchange, request_head=RAW_REQUEST, response_head=RAW_RESPONSE))
    assert store.history.read_heads(found.id) == (RAW_REQUEST, RAW_RESPONSE)
    assert (found.request, found.response) == (request, response)


def test_heads_of_which_the_fields_are_known_are_written_from_them(store: Store, session_id: str) -> None:
    found = kept(store, make_exchange(session_id, make_request(headers=[("A", "1"), ("a", "2")]), make_response()))
    request, response = store.history.read_heads(found.id)
    assert request == b"GET /users/7 HTTP/1.1\r\nA: 1\r\na: 2\r\n\r\n"
    assert response == b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def test_the_head_of_an_exchange_without_a_response_is_empty(store: Store, session_id: str) -> None:
    assert store.history.read_heads(kept(store, make_exchange(session_id, response=None)).id)[1] == b""


def test_heads_of_an_unknown_entry_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no history entry 7"):
        store.history.read_heads(7)


# Order and pages


def test_recorded_order_is_by_time_then_id(store: Store, session_id: str) -> None:
    times = [3.0, 1.0, 2.0, 1.0]
    ids = store.history.add([make_exchange(session_id, started=started) for started in times])
    assert [one.id for one in store.history.select(EVERYTHING)] == [ids[1], ids[3], ids[2], ids[0]]


@pytest.fixture
def long_history(store: Store, session_id: str) -> list[int]:
    """The ids of 1,501 exchanges in recorded order: later ones have lower ids, and each three start together."""
    exchanges = [make_exchange(session_id, started=float(-number // 3)) for number in range(1_501)]
    ids = store.history.add(exchanges)
    starts = [exchange.timings.started for exchange in exchanges]
    return [id_ for _, id_ in sorted(zip(starts, ids, strict=True))]


def test_all_pages_are_read_in_recorded_order(store: Store, long_history: list[int]) -> None:
    assert [one.id for one in store.history.select(EVERYTHING)] == long_history


def test_recorded_order_holds_for_many_ids(store: Store, long_history: list[int]) -> None:
    wanted = HistoryFilter(ids=frozenset(long_history[1:]))
    assert [one.id for one in store.history.select(wanted)] == long_history[1:]


@pytest.mark.parametrize("limit", [1, 500, 501, 1_500, 1_501, 9_999])
def test_the_newest_come_in_recorded_order(store: Store, long_history: list[int], limit: int) -> None:
    assert [one.id for one in store.history.list_newest(EVERYTHING, limit)] == long_history[-limit:]


@pytest.mark.parametrize("size", [1, 7, 600])
def test_pages_go_back_and_forward_by_position(store: Store, long_history: list[int], size: int) -> None:
    """Each page begins where the last one ended, also among exchanges that started together."""
    back: list[int] = []
    before: HistoryPosition | None = None
    while page := store.history.list_newest(EVERYTHING, size, before):
        back[:0] = [one.id for one in page]
        before = HistoryPosition.of(page[0])
        if len(back) > 50 and size < 600:
            break
    assert back == long_history[-len(back) :]
    forward: list[int] = []
    after: HistoryPosition | None = None
    while page := store.history.list_oldest(EVERYTHING, size, after):
        forward += [one.id for one in page]
        after = HistoryPosition.of(page[-1])
        if len(forward) > 50 and size < 600:
            break
    assert forward == long_history[: len(forward)]


def test_a_limit_of_zero_returns_nothing(store: Store, long_history: list[int]) -> None:
    assert store.history.list_newest(EVERYTHING, 0) == []


def test_the_newest_of_many_ids(store: Store, long_history: list[int]) -> None:
    wanted = HistoryFilter(ids=frozenset(long_history[:-1]))
    assert [one.id for one in store.history.list_newest(wanted, 3)] == long_history[-4:-1]


def test_a_glob_is_compared_on_all_pages(store: Store, session_id: str) -> None:
    rare = make_exchange(session_id, "/rare", started=0.0)
    [number, *_] = store.history.add([rare, *[make_exchange(session_id)] * 600])
    assert [one.id for one in store.history.list_newest(HistoryFilter(path="/rare"), 5)] == [number]


def test_others_can_write_during_a_selection(store: Store, long_history: list[int]) -> None:
    """No transaction stays open between two exchanges."""
    selection = store.history.select(EVERYTHING)
    first = next(selection)
    store.history.add([make_exchange(first.session_id)])
    assert next(selection).id == long_history[1]


# Filters: an exchange in session "b", after one in session "a" that differs in all fields

OTHER = make_exchange("a", make_request("GET", "/a/b?c"), make_response(404), started=10.0)
THIS = make_exchange(
    "b",
    make_request("post", "/users/1?q=caf%C3%A9", origin="http://h.example"),
    make_response(201, b"a red mango tree", headers=[("Content-Type", "text/csv; charset=utf-8")]),
    started=20.0,
)


@pytest.fixture
def two(store: Store) -> dict[str, str]:
    """The ids by name of the sessions in which OTHER and THIS were recorded."""
    sessions = {name: store.sessions.create(name, None).id for name in ("a", "b")}
    store.history.add([replace(one, session_id=sessions[one.session_id]) for one in (OTHER, THIS)])
    return sessions


@pytest.mark.parametrize(
    "wanted",
    [
        HistoryFilter(since=20.0),
        HistoryFilter(since=10.5, until=20.5),
        HistoryFilter(method="post"),
        HistoryFilter(method="POST"),
        HistoryFilter(host="h.example"),
        HistoryFilter(host="*.example"),
        HistoryFilter(host="?.exampl[a-f]"),
        HistoryFilter(path="/users/1"),
        HistoryFilter(path="/users/*"),
        HistoryFilter(path="/u*"),
        HistoryFilter(path="*[0-9]"),
        HistoryFilter(host="[!a]*"),
        HistoryFilter(path="/[!a-t]sers/[[0-9]"),
        HistoryFilter(status="201"),
        HistoryFilter(status="2xx"),
        HistoryFilter(method="POST", status="2xx", path="/users/*", since=1.0),
        HistoryFilter(media_type="text/csv"),
        HistoryFilter(media_type="TEXT/*"),
        HistoryFilter(search="mango"),
        HistoryFilter(search="MANG"),
        HistoryFilter(search='red "mango tree"'),
        HistoryFilter(search="users"),
        HistoryFilter(search="café"),
        HistoryFilter(search="text/csv"),
        HistoryFilter(search="mango", status="2xx", path="/users/*"),
    ],
)
def test_a_filter_that_one_exchange_meets(store: Store, two: dict[str, str], wanted: HistoryFilter) -> None:
    assert [one.session_id for one in store.history.select(wanted)] == [two["b"]]
    assert [one.session_id for one in store.history.list_newest(wanted, 9)] == [two["b"]]


@pytest.mark.parametrize(
    "wanted",
    [
        HistoryFilter(ids=frozenset()),
        HistoryFilter(since=10.1, until=20.0),
        HistoryFilter(method="PUT"),
        HistoryFilter(host="H.example"),
        HistoryFilter(host="example"),
        HistoryFilter(path="/Users/1"),
        HistoryFilter(path="/users"),
        HistoryFilter(path="/users/1[?]q=*"),
        HistoryFilter(status="200"),
        HistoryFilter(status="3xx"),
        HistoryFilter(method="POST", status="404"),
        HistoryFilter(media_type="text"),
        HistoryFilter(search="mango banana"),
        HistoryFilter(search='"tree mango"'),
        HistoryFilter(search="ango"),
        HistoryFilter(search='history_search" OR "mango'),
        HistoryFilter(search="mango", status="4xx"),
    ],
)
def test_a_filter_that_no_exchange_meets(store: Store, two: dict[str, str], wanted: HistoryFilter) -> None:
    assert list(store.history.select(wanted)) == []


@given(st.text("ab^-]![*?", max_size=6), st.text("ab^-]![", max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_globs_are_those_of_fnmatch(store: Store, glob: str, path: str) -> None:
    """Whatever their sets look like."""
    session = store.sessions.create(new_id(), None)
    store.history.add([make_exchange(session.id, f"/{path}")])
    found = list(store.history.select(HistoryFilter(session_id=session.id, path=f"/{glob}")))
    assert bool(found) == fnmatchcase(f"/{path}", f"/{glob}")
    store.sessions.delete(session.id)


def test_what_comes_after_a_search_is_found_by_the_next(store: Store, session_id: str) -> None:
    wanted = HistoryFilter(search="mango")
    assert store.history.list_newest(wanted, 9) == []
    ids = store.history.add([make_exchange(session_id, f"/mango/{number}") for number in range(3)])
    assert [one.id for one in store.history.list_newest(wanted, 2)] == ids[1:]


def test_deleted_exchanges_leave_no_word_in_the_index(store: Store, session_id: str) -> None:
    store.history.add([make_exchange(session_id, "/mango")])
    assert len(store.history.list_newest(HistoryFilter(search="mango"), 9)) == 1
    store.sessions.delete(session_id)
    other = store.sessions.create("other", None)
    store.history.add([make_exchange(other.id, "/kiwi")])
    assert store.history.list_newest(HistoryFilter(search="mango"), 9) == []
    assert len(store.history.list_newest(HistoryFilter(search="kiwi"), 9)) == 1


@pytest.mark.parametrize("search", ["", "  ", '""', "?!", '"'])
def test_a_search_without_a_word_is_refused(store: Store, search: str) -> None:
    with pytest.raises(UserError, match="a search needs a word"):
        store.history.list_newest(HistoryFilter(search=search), 9)


def test_indexing_reports_its_progress(store: Store, session_id: str) -> None:
    store.history.add([make_exchange(session_id)] * 450)
    reports: list[tuple[int, int]] = []
    store.history.index_for_search(lambda done, left: reports.append((done, left)))
    assert reports[-1] == (450, 450)
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})


def test_a_filter_by_session(store: Store, two: dict[str, str]) -> None:
    wanted = HistoryFilter(session_id=two["a"])
    assert [one.session_id for one in store.history.select(wanted)] == [two["a"]]


def test_a_filter_by_id(store: Store, two: dict[str, str]) -> None:
    [other, _] = store.history.select(EVERYTHING)
    assert list(store.history.select(HistoryFilter(ids=frozenset({other.id, 10**6})))) == [other]


def test_a_status_filter_excludes_exchanges_without_a_response(store: Store, session_id: str) -> None:
    store.history.add([make_exchange(session_id, response=None)])
    assert list(store.history.select(HistoryFilter(status="2xx"))) == []


def test_the_host_of_a_request_without_an_origin_is_empty(store: Store, session_id: str) -> None:
    store.history.add([make_exchange(session_id, make_request(origin=None))])
    assert len(list(store.history.select(HistoryFilter(host="*")))) == 1
    assert list(store.history.select(HistoryFilter(host="?*"))) == []

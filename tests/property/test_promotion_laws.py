"""Properties of promotion: it is idempotent, ignores arrival order, works in batches, and removes all secrets."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.header_fields import drop_hop_by_hop
from understudy.store.model.messages import Body, Headers, Request, Response
from understudy.store.model.values import replace
from understudy.store.promotion import CollectionState, PromotionPlan, PromotionResult, Repeats, promote

EMPTY = CollectionState("c")
PLANS = st.builds(PromotionPlan, st.sampled_from(Repeats), st.booleans(), st.booleans())
FIELDS = [
    ("Date", "now"),
    ("ETag", "e"),
    ("connection", "Keep-Alive"),
    ("Keep-Alive", "5"),
    ("x-api-key", "k"),
    ("Set-Cookie", "a=b; Secure"),
    ("Authorization", "Bearer x"),
    ("Transfer-Encoding", "chunked"),
]
HEADERS = st.lists(st.sampled_from(FIELDS), max_size=4).map(Headers.of)
BODIES = st.sampled_from([b"", b"{}", b'{"token": "t"}', b"password=p", b"\xff\0", b'{"broken', gzip.compress(b"{}")])
REQUESTS = st.builds(Request, st.sampled_from(["GET", "POST"]), st.sampled_from([b"/", b"/a?sig=1"]), HEADERS, BODIES)
RESPONSES = st.builds(Response, st.sampled_from([101, 200, 404]), HEADERS, BODIES)


@st.composite
def histories(draw: st.DrawFn) -> list[Exchange]:
    """Draw exchanges with unique ids; some are simultaneous, some failed."""
    count = draw(st.integers(0, 8))
    return [
        Exchange(
            "s",
            draw(REQUESTS),
            draw(st.none() | RESPONSES),
            Timings(draw(st.sampled_from([1.0, 2.0, 3.0]))),
            draw(st.none() | st.just("reset")),
            number,
        )
        for number in range(1, count + 1)
    ]


def rising_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):08}"


def read(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def run(
    exchanges: list[Exchange],
    plan: PromotionPlan,
    known: CollectionState = EMPTY,
    new_id: Callable[[], str] | None = None,
) -> PromotionResult:
    return promote(
        exchanges,
        known,
        plan,
        read=read,
        request_key=lambda request, body, _response: repr((request.method, request.target, body)),
        new_id=new_id or rising_ids(),
    )


@given(histories(), PLANS, PLANS)
def test_promoting_twice_is_promoting_once(history: list[Exchange], plan: PromotionPlan, other: PromotionPlan) -> None:
    once = run(history, plan)
    twice = run(history, other, once.known)
    assert (twice.items, twice.examples, twice.marks, twice.dropped) == ((), (), (), ())
    assert twice.known == once.known


@given(histories(), PLANS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    history: list[Exchange], plan: PromotionPlan, order: random.Random
) -> None:
    shuffled = list(history)
    order.shuffle(shuffled)
    assert run(shuffled, plan) == run(history, plan)


@given(histories(), PLANS, st.integers(0, 8))
def test_batches_in_recorded_order_add_up_to_the_whole(history: list[Exchange], plan: PromotionPlan, cut: int) -> None:
    history.sort(key=lambda exchange: (exchange.timings.started, exchange.id))
    ids = rising_ids()
    first = run(history[:cut], plan, new_id=ids)
    second = run(history[cut:], plan, first.known, ids)
    kept = [example for example in (*first.examples, *second.examples) if example.id not in second.dropped]
    whole = run(history, plan)
    assert first.items + second.items == whole.items
    assert sorted(kept, key=lambda example: example.id) == list(whole.examples)
    assert second.known == whole.known


@given(histories(), PLANS)
def test_the_known_state_follows_from_items_and_examples(history: list[Exchange], plan: PromotionPlan) -> None:
    promoted = run(history, plan)
    marked = [exchange for exchange, _ in promoted.marks]
    assert CollectionState.of("c", marked, promoted.items, promoted.examples) == promoted.known


@given(histories(), st.sampled_from(Repeats))
def test_every_answer_is_marked_skipped_or_counted(history: list[Exchange], repeats: Repeats) -> None:
    promoted = run(history, PromotionPlan(repeats))
    told = [exchange for exchange, _ in promoted.marks] + [exchange.id for exchange, _ in promoted.skipped]
    assert sorted(told) == [exchange.id for exchange in history]


@given(histories())
def test_with_secrets_kept_messages_are_the_recorded_ones_end_to_end(history: list[Exchange]) -> None:
    promoted = run(history, PromotionPlan(keep_secrets=True, keep_every=True))
    recorded = {exchange.id: exchange for exchange in history}
    examples = {example.id: example for example in promoted.examples}
    for exchange_id, example_id in promoted.marks:
        example, exchange = examples[str(example_id)], recorded[exchange_id]
        assert exchange.response is not None
        assert example.request == replace(exchange.request, headers=drop_hop_by_hop(exchange.request.headers))
        assert example.response == replace(exchange.response, headers=drop_hop_by_hop(exchange.response.headers))


SECRET = "s3cr3t-7f3a9c2e41d8"
NAMES = st.sampled_from(["password", "passphrase", "client_secret", "X-Api-Key", "user[password]", "pin", "api-key"])
VALUES = st.text(max_size=5).map(lambda around: around + SECRET + around)
JSON_NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def json_bodies(draw: st.DrawFn) -> bytes:
    """Draw a JSON body with a secret at any place, in any layout, compressed or not."""
    value: object = {**draw(st.dictionaries(st.text(max_size=3), JSON_NOISE, max_size=2)), draw(NAMES): draw(VALUES)}
    for _ in range(draw(st.integers(0, 3))):
        value = draw(st.sampled_from([[1, value], {"in": value, "n": 1.5}, [value, value]]))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    return text.encode("utf-8", "surrogatepass")


@st.composite
def pairs(draw: st.DrawFn) -> bytes:
    """Draw a query or form with a secret, its name escaped or not."""
    name = quote(draw(NAMES), safe=draw(st.sampled_from(["", "[]-_"])))
    secret = f"{name}={quote(draw(VALUES), safe='')}"
    return "&".join(draw(st.permutations(["a=1", "token", "b", secret]))).encode()


@st.composite
def secretive(draw: st.DrawFn) -> Exchange:
    """Draw an exchange with a secret at every possible place."""
    cookie = f"{SECRET}; b={SECRET}" if draw(st.booleans()) else f"sid={SECRET}"
    fields = [("Authorization", draw(st.sampled_from(["Bearer ", "", "x "])) + SECRET), ("Cookie", cookie)]
    fields += [("X-Api-Key", SECRET), ("Referer", f"http://a/?api_key={SECRET}"), ("Proxy-Authorization", SECRET)]
    body, content_type = draw(st.tuples(pairs(), st.just("application/x-www-form-urlencoded")) | JSON_BODIES)
    request = Request("POST", b"/?" + draw(pairs()), Headers.of([*fields, ("Content-Type", content_type)]), body)
    answer = draw(json_bodies())
    coding = draw(st.sampled_from(["identity", "gzip"]))
    raw = gzip.compress(answer) if coding == "gzip" else answer
    set_cookie = ("Set-Cookie", f"sid={SECRET}; Path=/")
    response = Response(200, Headers.of([set_cookie, ("Content-Encoding", coding), ("X-Auth-Token", SECRET)]), raw)
    return Exchange("s", request, response, Timings(1.0), id=1)


JSON_BODIES = st.tuples(json_bodies(), st.sampled_from(["application/json", "text/plain"]))


@given(secretive())
def test_no_planted_secret_survives(exchange: Exchange) -> None:
    promoted = run([exchange], PromotionPlan())
    (example,) = promoted.examples
    assert SECRET not in everything(example)
    assert SECRET not in repr(
        (promoted.items, promoted.known, promoted.redacted_in_requests, promoted.redacted_in_responses)
    )


def everything(example: Example) -> str:
    response = example.response
    plain = gzip.decompress(read(response.body)) if response.headers.get("content-encoding") == "gzip" else b""
    return repr(example) + repr(plain)

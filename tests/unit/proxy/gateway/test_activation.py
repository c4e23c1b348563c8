"""Compiling the state of a gateway to what it answers."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.factories.messages import ORIGIN, make_example, make_request, make_response
from tests.factories.stored import collect, make_exchange, serve
from understudy.proxy.compilation import session_examples
from understudy.proxy.gateway.activation import Activation
from understudy.proxy.gateway.replay_settings import parse_replay_settings
from understudy.serving.gateway.active import ActiveMode
from understudy.store.model.changes import Change, Subject
from understudy.store.model.collections import Environment, Example
from understudy.store.model.exchanges import CLIENT_LEFT
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.messages import Origin
from understudy.store.model.mock_servers import PLAIN, Matching
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.history import HistoryFilter
from understudy.store.repositories.store import Store

OTHER = Origin("http", "other.example", 80)


def record(store: Store, *statuses: int, upstream: Origin | None = ORIGIN, origin: Origin | None = ORIGIN) -> str:
    """Return the id of a session with an answer of each status to the same request."""
    session = store.sessions.create("shop", upstream)
    request = make_request("POST", "/buy", body=b"one", origin=origin)
    exchanges = [make_exchange(session.id, request, make_response(status)) for status in statuses]
    store.history.add(exchanges)
    return session.id


def answers(active: ActiveMode, **changes: object) -> Example | None:
    """Return the id of the example that answers this request."""
    request = make_request(**changes)  # type: ignore[arg-type]  # passed through
    decision = active.answers.index.decide(request)
    return active.answers.sequences.next(decision.candidate) if decision.candidate else None


def bought(active: ActiveMode, count: int, *, body: bytes = b"one", origin: Origin | None = ORIGIN) -> list[int | None]:
    """Return the statuses of answers to the recorded request."""
    found = (answers(active, method="POST", target="/buy", body=body, origin=origin) for _ in range(count))
    return [example.response.status if example else None for example in found]


@pytest.mark.parametrize(
    ("state", "records"),
    [
        (GatewayState(Mode.PASS), False),
        (GatewayState(Mode.RECORD, session_id="s"), True),
        (GatewayState(Mode.RECORD), True),
    ],
)
def test_a_mode_that_forwards_answers_nothing(store: Store, state: GatewayState, records: bool) -> None:
    active = Activation(store).activate(state)
    assert (active.mode, active.is_recording, active.has_answers, len(active.answers.index)) == (
        state.mode,
        records,
        False,
        0,
    )


@pytest.mark.parametrize(("mode", "records"), [(Mode.MOCK, False), (Mode.SPY, True)])
def test_a_collection_answers(store: Store, mode: Mode, records: bool) -> None:
    shop = collect(store, make_example("/users/7"))
    session_id = "s" if mode is Mode.SPY else None
    active = Activation(store).activate(GatewayState(mode, shop.id, session_id))
    assert answers(active, target="/users/7")
    assert (active.mode, active.is_recording, active.session_id) == (mode, records, session_id)


def test_a_collection_answers_as_postman_does(store: Store) -> None:
    shop = collect(store, make_example(make_request(target="/users/{{id}}"), literal=False))
    active = Activation(store).activate(GatewayState(Mode.MOCK, shop.id))
    assert answers(active, target="/users/8?page=1")


@pytest.mark.parametrize(
    ("overrides", "literal", "hits"),
    [
        ({}, True, [False, False]),
        ({}, False, [True, True]),
        ({"ids": True}, True, [True, False]),
        ({"distance": True}, True, [False, True]),
        ({"ids": False, "distance": False}, False, [False, False]),
    ],
)
def test_ids_and_distance_are_decided_by_each_example_or_for_all(
    store: Store, overrides: dict[str, bool], literal: bool, hits: list[bool]
) -> None:
    shop = collect(store, make_example("/users/7/profile", literal=literal))
    active = Activation(store, match_overrides=overrides).activate(GatewayState(Mode.MOCK, shop.id))
    found = [answers(active, target=each) is not None for each in ("/users/8/profile", "/users/7/profle")]
    assert found == hits


@pytest.mark.parametrize(("origin", "forward"), [(ORIGIN, True), (OTHER, False)])
def test_a_collection_compares_hosts_of_a_forward_proxys_requests_only(
    store: Store, origin: Origin, forward: bool
) -> None:
    active = Activation(store).activate(GatewayState(Mode.MOCK, collect(store, make_example()).id))
    request = make_request(origin=origin)
    assert (active.answers.index.decide(request).candidate is not None) is forward
    assert active.reverse_answers.index.decide(request).candidate is not None


def test_a_session_answers_in_recorded_order(store: Store) -> None:
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=record(store, 201, 409, 409, 201)))
    assert bought(active, 5) == [201, 409, 409, 201, 201]


def test_a_sequence_goes_across_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_examples, "SESSION_BATCH_SIZE", 2)
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=record(store, 201, 409, 410, 411, 412)))
    assert bought(active, 6) == [201, 409, 410, 411, 412, 412]


def test_a_session_answers_once_with_once(store: Store) -> None:
    state = GatewayState(Mode.REPLAY, session_id=record(store, 201, 409))
    assert bought(Activation(store, replay=parse_replay_settings(once=True)).activate(state), 3) == [201, 409, None]


def test_requests_that_differ_in_what_is_ignored_are_repeats(store: Store) -> None:
    """Their answers come in recorded order."""
    session = store.sessions.create("shop", ORIGIN)
    store.history.add(
        [
            make_exchange(session.id, make_request(target=f"/buy?t={status}"), make_response(status))
            for status in (201, 409, 410)
        ]
    )
    replaying = parse_replay_settings(ignore_query=["t"])
    active = Activation(store, replay=replaying).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    found = [answers(active, target="/buy?t=7") for _ in range(4)]
    assert [one.response.status if one else None for one in found] == [201, 409, 410, 410]


@pytest.mark.parametrize(
    ("file", "kept", "given", "ignored"),
    [
        ({}, {}, {}, set()),
        ({}, {"ignore_query": ["a"]}, {}, {"a"}),
        ({"ignore_query": ["a"]}, {}, {}, {"a"}),
        ({"ignore_query": ["a"]}, {"ignore_query": ["b"]}, {}, {"b"}),
        ({"ignore_query": ["a"]}, {"ignore_query": ["b"]}, {"ignore_query": ["c"]}, {"c"}),
        ({"ignore_query": ["a"]}, {"ignore_json": ["$.at"]}, {}, {"a"}),
    ],
)
def test_options_beat_the_session_which_beats_the_project_file(
    store: Store, file: dict[str, Any], kept: dict[str, Any], given: dict[str, Any], ignored: set[str]
) -> None:
    session = store.sessions.create("shop", ORIGIN)
    store.history.add([make_exchange(session.id, make_request(target="/buy?a=1&b=1&c=1"), make_response(200))])
    store.sessions.set_replay(session.id, kept)
    replaying = parse_replay_settings(defaults=file, **given)
    active = Activation(store, replay=replaying).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    changed = {name: answers(active, target="/buy?a=1&b=1&c=1".replace(f"{name}=1", f"{name}=2")) for name in "abc"}
    assert {name for name, answer in changed.items() if answer} == ignored


@pytest.mark.parametrize(("failures", "expected"), [(False, [409, 409, 409]), (True, [502, 409, 409])])
def test_failures_are_repeated_in_their_turn_with_failures(store: Store, failures: bool, expected: list[int]) -> None:
    session = store.sessions.create("shop", ORIGIN)
    request = make_request(target="/buy")
    store.history.add(
        [
            make_exchange(session.id, request, None, error="refused", started=1.0),
            make_exchange(session.id, request, make_response(409), started=2.0),
        ]
    )
    replaying = parse_replay_settings(replay_failures=failures)
    active = Activation(store, replay=replaying).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    found = [answers(active, target="/buy") for _ in expected]
    assert [one.response.status if one else None for one in found] == expected
    assert [one.behaviour != PLAIN for one in found if one] == [failures, False, False]


def test_a_poll_that_was_repeated_at_once_is_left_out_and_the_last_one_is_held(store: Store) -> None:
    """The first two polls timed out; the last one was under way when the client left."""
    session, poll = store.sessions.create("shop", ORIGIN), make_request(target="/poll")
    left = [make_exchange(session.id, poll, None, error=CLIENT_LEFT, started=at) for at in (0.0, 30.0, 70.0)]
    polls = [replace(one, timings=replace(one.timings, response_end=one.timings.started + 30)) for one in left]
    store.history.add([*polls[:2], make_exchange(session.id, poll, make_response(200), started=60.0), polls[2]])
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    found = [one for one in (answers(active, target="/poll") for _ in range(3)) if one]
    assert [one.response.status for one in found] == [200, 502, 502]
    assert [one.id in active.replay.held for one in found] == [False, True, True]


def test_a_replay_names_no_secrets(store: Store) -> None:
    """Names of examples are logged."""
    session = store.sessions.create("shop", ORIGIN)
    store.history.add([make_exchange(session.id, make_request(target="/buy?password=t0ps3cret"))])
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    found = answers(active, target="/buy?password=t0ps3cret")
    assert found
    assert "t0ps3cret" not in found.name


def test_the_examples_of_a_replay_have_their_entries(store: Store) -> None:
    """The exchange that started first answers first, also if it was recorded later."""
    session = store.sessions.create("shop", ORIGIN)
    recorded = [
        make_exchange(session.id, "/late", started=3.0),
        make_exchange(session.id, "/failed", None, error="refused", started=2.0),
        make_exchange(session.id, "/early", started=1.0),
    ]
    late, failed, early = store.history.add(recorded)
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    assert [one.entry for one in active.replay.tally.examples] == [early, late]
    assert f"(entry {failed}: refused)" in active.replay.explain(
        active.reverse_answers.index.decide(make_request(target="/failed"))
    )


def test_once_affects_replays_only(store: Store) -> None:
    """In mock mode, a gateway that was started with it repeats the last answer of a sequence."""
    collection = collect(store, make_example())
    active = Activation(store, replay=parse_replay_settings(once=True)).activate(GatewayState(Mode.MOCK, collection.id))
    assert answers(active)
    assert answers(active)


@pytest.mark.parametrize("change", [{"body": b"two"}, {"origin": OTHER}])
def test_a_session_answers_recorded_requests_only(store: Store, change: dict[str, object]) -> None:
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=record(store, 201)))
    assert bought(active, 1, **change) == [None]  # type: ignore[arg-type]  # passed through


@pytest.mark.parametrize(
    ("upstream", "origins", "own"),
    [
        (ORIGIN, [ORIGIN], ORIGIN),
        (ORIGIN, [OTHER], ORIGIN),
        (None, [OTHER], OTHER),
        (None, [OTHER, ORIGIN], None),
        (None, [], None),
    ],
)
def test_requests_in_origin_form_have_the_recorded_origin(
    store: Store, upstream: Origin | None, origins: list[Origin], own: Origin | None
) -> None:
    """That of the upstream, or of the only host that a forward proxy recorded."""
    session = store.sessions.create("shop", upstream)
    store.history.add([make_exchange(session.id, make_request(origin=origin)) for origin in origins])
    assert Activation(store).activate(GatewayState(Mode.REPLAY, session_id=session.id)).reverse_origin == own


def test_a_replay_knows_the_hosts_that_were_recorded(store: Store) -> None:
    """Also hosts with nothing but failures."""
    session = store.sessions.create("shop", None)
    lost = replace(make_exchange(session.id, make_request(origin=OTHER)), response=None, error="refused")
    store.history.add([make_exchange(session.id, make_request(origin=ORIGIN)), lost])
    active = Activation(store).activate(GatewayState(Mode.REPLAY, session_id=session.id))
    assert active.replay.hosts == {ORIGIN, OTHER}


def test_a_replay_does_not_change_the_store(store: Store) -> None:
    state = GatewayState(Mode.REPLAY, session_id=record(store, 201))
    before = store.changes.get_latest(), list(store.history.select(HistoryFilter()))
    Activation(store).activate(state)
    assert (store.changes.get_latest(), list(store.history.select(HistoryFilter()))) == before
    assert store.collections.list_summaries() == []


# Mock servers


def test_a_mock_server_answers_by_its_settings_and_environment(store: Store) -> None:
    """The environment overrides the variables of the collection."""
    shop = collect(store, make_example(make_request(target="/{{v}}/users", body=b"a"), literal=False))
    store.collections.set_variables(shop.id, {"v": "v1"})
    store.environments.save(Environment("e", "stage", {"v": "v2"}))
    mock = serve(store, shop, environment_id="e", matching=Matching(body="require"))
    active = Activation(store).activate(GatewayState(Mode.MOCK, shop.id, None, mock.id))
    asked = [("/v2/users", b"a"), ("/v1/users", b"a"), ("/v2/users", b"b")]
    decisions = [active.reverse_answers.index.decide(make_request(target=target, body=body)) for target, body in asked]
    assert [decision.candidate is not None for decision in decisions] == [True, False, False]


def test_sequences_of_a_mock_server_start_over_after_a_reset(store: Store) -> None:
    examples = [make_example(id=id, sequence="s", response=make_response(int(id))) for id in ("201", "202")]
    shop = collect(store, *examples)
    mock = serve(store, shop)
    activation, state = Activation(store), GatewayState(Mode.MOCK, shop.id, None, mock.id)
    assert [given(activation, state) for _ in range(2)] == ["201", "202"]
    store.mock_servers.restart_sequences(mock.id)
    assert [given(activation, state) for _ in range(2)] == ["201", "202"]


def given(activation: Activation, state: GatewayState) -> str | None:
    """The id of the example that answers after the state was compiled again."""
    example = answers(activation.activate(state))
    return example.id if example else None


def test_a_deleted_mock_server_answers_nothing(store: Store) -> None:
    shop = collect(store, make_example())
    active = Activation(store).activate(GatewayState(Mode.MOCK, shop.id, None, "gone"))
    assert (active.has_answers, len(active.answers.index)) == (True, 0)


# Sequences, after an edit and after a switch


def test_after_an_edit_sequences_continue(store: Store) -> None:
    examples = [make_example(id=id, sequence="s", response=make_response(int(id))) for id in ("201", "202", "203")]
    shop = collect(store, *examples)
    activation, state = Activation(store), GatewayState(Mode.MOCK, shop.id)
    assert (answers(activation.activate(state)) or examples[2]).id == "201"
    store.collections.update(shop.id, CollectionUpdate(dropped=["203"]))
    assert (answers(activation.activate(state)) or examples[2]).id == "202"


@pytest.mark.parametrize("mode", [Mode.PASS, Mode.RECORD, Mode.SPY, Mode.MOCK])
def test_after_a_switch_sequences_start_over(store: Store, mode: Mode) -> None:
    examples = [make_example(id=id, sequence="s", response=make_response(int(id))) for id in ("201", "202")]
    state = GatewayState(Mode.MOCK, collect(store, *examples).id)
    other = collect(store, name="other").id if mode in (Mode.SPY, Mode.MOCK) else None
    activation = Activation(store)
    assert (answers(activation.activate(state)) or examples[1]).id == "201"
    activation.activate(GatewayState(mode, other))
    assert (answers(activation.activate(state)) or examples[1]).id == "201"


# Nothing to answer from


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (GatewayState(Mode.MOCK), "mock mode has nothing to answer from: its collection was deleted"),
        (GatewayState(Mode.SPY), "spy mode has nothing to answer from: its collection was deleted"),
        (GatewayState(Mode.REPLAY), "replay mode has nothing to answer from: its session was deleted"),
        (GatewayState(Mode.REPLAY, session_id="gone"), "replay mode has nothing to answer from: there is no session"),
    ],
)
def test_without_examples_an_offline_mode_stays_offline(
    store: Store, state: GatewayState, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers nothing and calls no upstream."""
    with caplog.at_level(logging.ERROR, logger="understudy.proxy.gateway.activation"):
        active = Activation(store).activate(state)
    assert (active.mode, active.has_answers, len(active.answers.index)) == (state.mode, True, 0)
    assert [message[: len(line)] for message in caplog.messages] == [line]


def test_a_switch_to_the_same_state_starts_sequences_over(store: Store) -> None:
    """A new test run needs this."""
    state = GatewayState(Mode.REPLAY, session_id=record(store, 201, 409))
    activation = Activation(store)
    assert bought(activation.activate(state), 2) == [201, 409]
    assert bought(activation.activate(state, restart=True), 2) == [201, 409]


@pytest.mark.parametrize(("literal", "hit"), [(True, False), (False, True)])
def test_only_collections_without_recordings_match_similar_paths(store: Store, literal: bool, hit: bool) -> None:
    shop = collect(store, make_example("/profile", literal=literal))
    active = Activation(store).activate(GatewayState(Mode.MOCK, shop.id))
    assert (answers(active, target="/profle") is not None) is hit


def test_a_spy_without_its_collection_still_records(store: Store) -> None:
    """The collection was deleted: nothing answers, but forwarded exchanges are recorded."""
    active = Activation(store).activate(GatewayState(Mode.SPY, None, "s"))
    assert (len(active.answers.index), active.session_id) == (0, "s")


def collected(store: Store) -> tuple[Activation, GatewayState]:
    """A gateway in mock mode on a collection of one example."""
    state = GatewayState(Mode.MOCK, collect(store, make_example(id="01")).id)
    activation = Activation(store)
    activation.activate(state)
    return activation, state


def edited(state: GatewayState) -> list[Change]:
    return [Change(1, Subject.EXAMPLE, "01", state.collection_id)]


def test_an_edit_is_applied_without_compiling_everything(store: Store) -> None:
    activation, state = collected(store)
    store.collections.save_example(replace(store.collections.find_example("01"), name="edited"))
    active = activation.apply_changes(state, edited(state))
    assert active
    for found in (active.reverse_answers, active.answers):
        decision = found.index.decide(make_request())
        assert decision.candidate
        assert decision.candidate.example.name == "edited"


def test_edits_in_a_row_add_up(store: Store) -> None:
    activation, state = collected(store)
    for name in ("one", "two"):
        store.collections.save_example(replace(store.collections.find_example("01"), name=name))
        active = activation.apply_changes(state, edited(state))
    assert active
    assert [candidate.example.name for candidate in active.reverse_answers.index.candidates] == ["two"]


@pytest.mark.parametrize("subject", [Subject.COLLECTION, Subject.MOCK_SERVER])
def test_other_changes_need_a_full_compilation(store: Store, subject: Subject) -> None:
    activation, state = collected(store)
    state = replace(state, mock_server_id="m")
    assert activation.apply_changes(state, [*edited(state), Change(2, subject, "m", state.collection_id)]) is None


def test_another_state_and_unknown_changes_need_a_full_compilation(store: Store) -> None:
    activation, state = collected(store)
    assert activation.apply_changes(replace(state, mode=Mode.SPY), edited(state)) is None
    assert activation.apply_changes(state, None) is None

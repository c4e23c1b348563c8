"""Bidirectional gRPC calls that are replayed to clients which wait for each answer, with nobody behind the gateway."""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import httpx
import pytest

from tests.peers.orders import SERVICE, TIMEOUT, Dialogue, open_channel, recording
from tests.programs import Serving, Understudy

UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED
TALKS = [
    (b"one", b"two", b"three"),
    (b"one", b"enough", b"never sent"),
    (b"two", b"three"),
]
METHODS = ["Greet", "Refuse", "Flood"]


@dataclass(frozen=True)
class Stage:
    """What clients saw of calls while they were recorded, and a gateway that replays them."""

    understudy: Understudy
    talks: list[Dialogue]
    others: list[Dialogue]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Recorded from the API, which has ended since."""
    understudy = Understudy(tmp_path_factory.mktemp("talks"))
    with recording(understudy) as gateway:
        talks = [Dialogue(gateway, understudy, *messages) for messages in TALKS]
        others = [Dialogue(gateway, understudy, b"tea", method=method) for method in METHODS]
        Dialogue(gateway, understudy, b"tea", method="Follow", leaves_after=2)
        count(gateway, understudy)
    return Stage(understudy, talks, others)


def count(gateway: Serving, understudy: Understudy) -> bytes:
    """A client-streaming call."""
    with open_channel(gateway, understudy) as channel:
        answer: bytes = channel.stream_unary(f"/{SERVICE}/Count")(iter([b"a", b"b"]), timeout=TIMEOUT)
        return answer


def test_calls_are_replayed_to_clients_that_wait(stage: Stage) -> None:
    with stage.understudy.serving("replay", "talk") as gateway:
        talks = [Dialogue(gateway, stage.understudy, *messages) for messages in TALKS]
    assert [one.seen for one in talks] == [one.seen for one in stage.talks]


@pytest.mark.parametrize("number", range(len(METHODS)), ids=METHODS)
def test_calls_begin_and_end_as_they_did(stage: Stage, number: int) -> None:
    with stage.understudy.serving("replay", "talk") as gateway:
        again = Dialogue(gateway, stage.understudy, b"tea", method=METHODS[number])
    assert again.seen == stage.others[number].seen


def test_calls_at_once_do_not_mix(stage: Stage) -> None:
    with stage.understudy.serving("replay", "talk") as gateway, ThreadPoolExecutor(2) as both:
        talks = list(both.map(lambda messages: Dialogue(gateway, stage.understudy, *messages), [TALKS[0], TALKS[2]]))
    assert [one.seen for one in talks] == [stage.talks[0].seen, stage.talks[2].seen]


def test_a_call_that_its_client_left_is_replayed_as_far_as_it_came(stage: Stage) -> None:
    with stage.understudy.serving("replay", "talk") as gateway:
        left = Dialogue(gateway, stage.understudy, b"tea", method="Follow", leaves_after=2)
    assert left.answers == [b"tea 0", b"tea 1"]


def test_history_shows_both_sides_in_order(stage: Stage) -> None:
    understudy = stage.understudy
    shown = understudy.json("history", "show", understudy.json("history", "list")[0]["id"])["messages"]
    sides = [(one["from"], b64decode(one["base64"]) if "base64" in one else None) for one in shown]
    assert sides == [
        ("client", b"one"),
        ("server", b"echo one"),
        ("client", b"two"),
        ("server", b"echo two"),
        ("client", b"three"),
        ("server", b"echo three"),
        ("client", None),
    ]


@pytest.mark.parametrize(
    ("messages", "answers", "details"),
    [
        ((b"one", b"other"), [b"echo one"], "message 2 of the client: expected the text two, got the text other"),
        (
            (b"two", b"three", b"four"),
            [b"echo two", b"echo three"],
            "expected the end of its messages, got the text four",
        ),
        ((b"other", b"two"), [], "This request is not in session talk"),
    ],
    ids=["a later message differs", "one message more", "the first message differs"],
)
def test_another_message_ends_a_call(
    stage: Stage, messages: tuple[bytes, ...], answers: list[bytes], details: str
) -> None:
    with stage.understudy.serving("replay", "talk") as gateway:
        dialogue = Dialogue(gateway, stage.understudy, *messages)
    assert (dialogue.answers, dialogue.code) == (answers, UNIMPLEMENTED)
    assert details in dialogue.details


@pytest.mark.parametrize("method", ["Unknown", "Count"])
def test_a_client_that_waits_gets_a_miss_at_once(stage: Stage, method: str) -> None:
    """Also where a client-streaming call is recorded, once more has come than that call had."""
    with stage.understudy.serving("replay", "talk") as gateway, open_channel(gateway, stage.understudy) as channel:
        sent = iter([b"a", b"c"]) if method == "Count" else iter([b"tea"])
        call = channel.stream_stream(f"/{SERVICE}/{method}")(sent, timeout=TIMEOUT)
        with pytest.raises(grpc.RpcError) as failed:
            next(call)
    assert failed.value.code() is UNIMPLEMENTED


def test_a_mock_answers_a_client_that_waits_at_once(understudy: Understudy) -> None:
    understudy.run("collections", "create", "empty")
    with understudy.serving("mock", "empty") as gateway:
        dialogue = Dialogue(gateway, understudy, b"tea")
    assert (dialogue.answers, dialogue.code) == ([], UNIMPLEMENTED)


def test_a_call_without_messages_is_a_miss(stage: Stage) -> None:
    """Its head ends its request."""
    fields = {"content-type": "application/grpc"}
    with stage.understudy.serving("replay", "talk") as gateway, httpx.Client(http2=True, verify=False) as client:
        answer = client.post(f"https://127.0.0.1:{gateway.port}/{SERVICE}/Unknown", headers=fields)
    assert (answer.status_code, answer.headers["grpc-status"]) == (200, "12")


def test_client_streaming_beside_bidirectional_calls(stage: Stage) -> None:
    with stage.understudy.serving("replay", "talk") as gateway:
        assert count(gateway, stage.understudy) == b"2"


SECRET = b"ghp_" + b"a1B2" * 9


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_redacted_call_answers_clients_with_their_secrets(
    understudy: Understudy, compression: grpc.Compression
) -> None:
    """The secret is a text of Protocol Buffers, once in the first message and once in a later one."""
    secret = b"\x0a" + bytes([len(SECRET)]) + SECRET
    messages = (secret, b"\x08\x01", secret + b"\x10\x02")
    with recording(understudy, "--redact") as gateway:
        live = Dialogue(gateway, understudy, *messages, compression=compression)
    assert live.code is grpc.StatusCode.OK
    with understudy.serving("replay", "talk") as gateway:
        again = Dialogue(gateway, understudy, *messages, compression=compression)
    assert (len(again.answers), again.code) == (3, grpc.StatusCode.OK)
    assert SECRET not in understudy.store.read_bytes()

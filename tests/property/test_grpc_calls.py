"""Laws of gRPC: a replay says what was recorded in the recorded order, and redaction leaves well-formed messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from understudy.serving.grpc.conversation import CallConversation, EndCall, FailCall, SendHead
from understudy.serving.grpc.script import build_script
from understudy.store.grpc.framing import frame_message, split_messages
from understudy.store.grpc.protobuf import LengthField, encode_varint, find_fields
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR

GRPC = Headers.of([("content-type", "application/grpc")])
SECRET = "ghp_" + "a1B2" * 9
CALLS = st.lists(st.tuples(st.booleans(), st.binary(max_size=4)), max_size=12)


def record(call: list[tuple[bool, bytes]]) -> tuple[Exchange, list[WebSocketMessage]]:
    """Return a call in which each side (the client is True) sent these messages a second apart, and its order."""
    asked, answered = (b"".join(frame_message(one) for side, one in call if side is which) for which in (True, False))
    request = Request("POST", b"/a/b", GRPC, asked, http_version="HTTP/2.0")
    response = Response(200, GRPC, answered, http_version="HTTP/2.0")
    order = [WebSocketMessage(1.0 + at, side, MessageKind.GRPC) for at, (side, _) in enumerate(call)]
    end = WebSocketMessage(50.0, True, MessageKind.CLOSE)
    return Exchange("s", request, response, Timings(0.0, 50.0, 0.5, 60.0)), [*order, end]


def take_answers(conversation: CallConversation) -> list[object]:
    """Return what the server sends before it waits for the client."""
    steps: list[object] = []
    while (step := conversation.next()) is not None:
        steps.append(step)
    return steps


@given(CALLS)
def test_a_client_in_step_gets_each_answer_at_its_place(call: list[tuple[bool, bytes]]) -> None:
    conversation = CallConversation(build_script(*record(call)), 0.0)
    assert take_answers(conversation)[:1] == [SendHead()]
    conversation = CallConversation(build_script(*record(call)), 0.0)
    seen = [(False, step) for step in take_answers(conversation) if isinstance(step, bytes)]
    for _, message in filter(lambda one: one[0], call):
        conversation.receive(message)
        seen.append((True, frame_message(message)))
        seen += [(False, step) for step in take_answers(conversation) if isinstance(step, bytes)]
    conversation.receive(None)
    assert seen == [(side, frame_message(message)) for side, message in call]
    assert take_answers(conversation) == [EndCall()]


@given(CALLS, st.integers(0, 12), st.binary(min_size=5, max_size=6))
def test_any_other_message_fails_the_call(call: list[tuple[bool, bytes]], place: int, other: bytes) -> None:
    conversation = CallConversation(build_script(*record(call)), 0.0)
    asked = [message for side, message in call if side]
    for message in [*asked[:place], other]:
        conversation.receive(message)
    assert isinstance(take_answers(conversation)[-1], FailCall)


FIELDS = st.recursive(
    st.one_of(st.just(SECRET.encode()), st.binary(max_size=9), st.text(max_size=9).map(str.encode)),
    lambda inner: st.lists(st.tuples(st.integers(1, 30), inner), min_size=1, max_size=4).map(
        lambda fields: b"".join(
            encode_varint(number << 3 | 2) + encode_varint(len(one)) + one for number, one in fields
        )
    ),
    max_leaves=12,
)


@given(st.lists(FIELDS, max_size=4))
def test_redaction_leaves_messages_that_can_be_read(contents: list[bytes]) -> None:
    body = b"".join(map(frame_message, contents))
    redacted = BUILT_IN_REDACTOR.redact_request(Request("POST", b"/a/b", GRPC, body), body)[0].body
    assert isinstance(redacted, bytes)
    found = list(split_messages(redacted))
    assert (sum(len(one.framed) for one in found), len(found)) == (len(redacted), len(contents))
    for before, after in zip(contents, found, strict=True):
        assert count_fields(find_fields(after.content)) == count_fields(find_fields(before))


def count_fields(fields: tuple[LengthField, ...] | None) -> int | None:
    return None if fields is None else sum(1 + (count_fields(one.fields) or 0) for one in fields)

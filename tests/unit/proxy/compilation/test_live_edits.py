"""Which changes affect a gateway, and its answers after examples were edited."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.explanation.rendering import as_text
from understudy.matcher.index import compile_index
from understudy.proxy.compilation.live_edits import apply_edits, collect_edited_ids, may_affect
from understudy.serving.answers.outcomes import Answers
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.changes import Change, Subject
from understudy.store.model.collections import Example
from understudy.store.model.gateways import GatewayState, Mode
from understudy.store.model.messages import Body
from understudy.store.model.values import replace

COLLECTION = GatewayState(Mode.MOCK, "c")
MOCK = GatewayState(Mode.MOCK, "c", None, "m")


@pytest.mark.parametrize(
    ("change", "to_collection", "to_mock_server"),
    [
        (Change(1, Subject.COLLECTION, "c", "c"), True, True),
        (Change(1, Subject.EXAMPLE, "x", "c"), True, True),
        (Change(1, Subject.EXAMPLE, "x", "other"), False, False),
        (Change(1, Subject.MOCK_SERVER, "m"), False, True),
        (Change(1, Subject.MOCK_SERVER, "other"), False, False),
        (Change(1, Subject.ENVIRONMENT, "e"), False, True),
        (Change(1, Subject.KEY, "k"), False, False),
        (Change(1, Subject.SETTING, "s"), False, False),
    ],
)
def test_a_gateway_is_affected_by_changes_of_what_it_answers_from(
    change: Change, to_collection: bool, to_mock_server: bool
) -> None:
    assert (may_affect(change, COLLECTION), may_affect(change, MOCK)) == (to_collection, to_mock_server)


def test_a_gateway_that_answers_nothing_is_not_affected() -> None:
    assert not may_affect(Change(1, Subject.COLLECTION, "c", "c"), GatewayState(Mode.PASS))


def test_edits_are_collected_by_collection() -> None:
    changes = [
        Change(1, Subject.EXAMPLE, "x", "c"),
        Change(2, Subject.EXAMPLE, "y", "c"),
        Change(3, Subject.EXAMPLE, "z", "d"),
        Change(4, Subject.COLLECTION, "c", "c"),
        Change(5, Subject.ENVIRONMENT, "e"),
    ]
    assert collect_edited_ids(changes) == {"c": {"x", "y"}, "d": {"z"}}


def read(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def answers(*examples: Example) -> Answers:
    templates = Templates(compile_templates(examples, read))
    return Answers(compile_index(examples), templates=templates)


def typed(id: str, body: bytes = b"{{x}}") -> Example:
    return replace(make_example(id=id, literal=False, response=make_response(body=body)), templates=True)


def answer(found: Answers, target: str = "/users/7") -> str | None:
    decision = found.index.decide(make_request(target=target))
    return decision.candidate.id if decision.candidate else None


def test_an_edited_example_answers_in_its_new_form() -> None:
    edited = make_example("/moved", id="01")
    after = apply_edits(answers(make_example(id="01")), {"01"}, [edited], {}, read)
    assert (answer(after), answer(after, "/moved")) == (None, "01")


def test_a_deleted_example_does_not_answer() -> None:
    after = apply_edits(answers(make_example(id="01"), make_example(id="02")), {"02"}, [], {}, read)
    assert answer(after) == "01"


def test_the_former_answers_are_not_changed() -> None:
    before = answers(make_example(id="01"))
    apply_edits(before, {"01"}, [], {}, read)
    assert answer(before) == "01"


def test_templates_follow_their_examples() -> None:
    before = answers(typed("01"), typed("02"), typed("03"))
    after = apply_edits(before, {"01", "02"}, [typed("02", b"plain"), typed("04")], {}, read)
    assert set(after.templates.by_example) == {"03", "04"}


def test_one_recorded_example_does_not_change_how_others_are_found() -> None:
    recorded = make_example("/users/8/orders", id="02")
    after = apply_edits(answers(typed("01")), {"02"}, [recorded], {}, read)
    assert [answer(after, target) for target in ("/users/9", "/user/7", "/users/9/orders")] == ["01", "01", None]


def test_an_added_example_is_named_with_its_item() -> None:
    """As after a fresh start, also where a header chooses among the examples of one status."""
    request = make_request(target="/other", headers={"x-mock-response-code": "200"})
    before = answers(make_example(id="01"))
    before.index.decide(request)  # makes the look-ups of that status
    added = make_example("/orders/1", id="02", name="Success", item_id="order")
    after = apply_edits(before, {"02"}, [added], {"order": "Get order"}, read)
    for asked in (request, make_request(target="/other")):
        assert '"Success" of "Get order"' in as_text(after.index.decide(asked))


def test_an_example_whose_name_begins_with_its_item_is_named_alone() -> None:
    added = make_example("/orders/1", id="02", name="Get order - 200", item_id="order")
    after = apply_edits(answers(), {"02"}, [added], {"order": "Get order"}, read)
    assert after.index.item_names == {}

from __future__ import annotations

import json

from bench.load.pairs import change_layout, choose_sample, make_gets, make_searches


def test_every_answer_is_of_300_bytes_and_its_own() -> None:
    answers = [pair.answer for pair in make_gets(1_000) + make_searches(1)]
    assert {len(answer.encode()) for answer in answers} == {300}
    assert len(set(answers[:-1])) == 1_000


def test_another_layout_has_the_same_values_and_other_bytes() -> None:
    for recorded, anew in zip(make_searches(50), change_layout(make_searches(50)), strict=True):
        assert json.loads(anew.body) == json.loads(recorded.body)
        assert anew.body != recorded.body


def test_a_body_is_one_line() -> None:
    assert not any("\n" in pair.body for pair in make_searches(20) + change_layout(make_searches(20)))


def test_a_sample_holds_the_first_and_the_last() -> None:
    pairs = make_gets(100)
    assert {pairs[0], pairs[-1]} <= set(choose_sample(pairs, 5))

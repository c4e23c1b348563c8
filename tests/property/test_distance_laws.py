"""Properties of document distance, on paths that are near each other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import plain_matcher
from tests.factories.messages import make_example, make_request
from tests.proofs import choose
from understudy.matcher.index import compile_index
from understudy.matcher.settings import POSTMAN, MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.values import replace

WORDS = ["profile", "PROFILES", "profyle", "profilexy", "prof%2Fle", "prof%2fles", "%C3%A9tudes", "\u00c9tudez", "12"]
WILD = ["{{x}}", ":id", "v{{n}}", "{{x}}.json", "%7B%7Bx%7D%7D"]
ENDS = st.sampled_from(["", "", "", "/", "?q=1"])


def make_targets(words: list[str]) -> st.SearchStrategy[str]:
    """Return targets of these segments."""
    segments = st.lists(st.sampled_from(words), min_size=1, max_size=3)
    return st.builds(lambda parts, end: "/" + "/".join(parts) + end, segments, ENDS)


EXAMPLES = st.lists(
    st.builds(
        lambda target, literal, status: (target, literal, status),
        make_targets([*WORDS, *WILD]),
        st.booleans(),
        st.sampled_from(["GET", "GET", "HEAD"]),
    ),
    max_size=12,
)
SETTINGS = st.builds(
    lambda distance, wildcards, query: replace(POSTMAN, distance=distance, wildcards=wildcards, query=query),
    st.sampled_from([None, True]),
    st.sampled_from([True, True, False]),
    st.sampled_from([QueryRule.PREFER, QueryRule.REQUIRE]),
)


def make_examples(given: list[tuple[str, bool, str]]) -> list[Example]:
    """Return examples with rising ids."""
    return [
        make_example(make_request(method, target), id=f"{number:04d}", literal=literal)
        for number, (target, literal, method) in enumerate(given)
    ]


@settings(max_examples=choose(2000, 200))
@given(st.sampled_from(["GET", "HEAD"]), make_targets([*WORDS, "v2", "prof"]), EXAMPLES, SETTINGS, st.integers(0, 12))
def test_the_index_finds_the_most_alike_path(
    method: str, target: str, given: list[tuple[str, bool, str]], chosen: MatchSettings, kept: int
) -> None:
    """Look-ups find the winner of a full scan, in an index that was changed too."""
    examples, request = make_examples(given), make_request(method, target)
    index = compile_index(examples, chosen)
    for found, left in (
        (index, examples),
        (index.apply_changes([each.id for each in examples[kept:]], ()), examples[:kept]),
    ):
        decision = found.decide(request)
        winner = decision.candidate and (decision.candidate.id, decision.score)
        assert winner == plain_matcher.decide(request, left, chosen)

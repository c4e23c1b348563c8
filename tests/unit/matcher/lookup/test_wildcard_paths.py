"""Tests of look-ups by the shapes of wildcard paths."""

from __future__ import annotations

from tests.factories.messages import make_example
from understudy.matcher.lookup.wildcard_paths import WildcardPaths
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.settings import POSTMAN


def make_candidates(*targets: str) -> list[Candidate]:
    """Return candidates that were typed in, with rising ids."""
    examples = (make_example(target, id=f"{n}", literal=False) for n, target in enumerate(targets))
    return [Candidate.of((example,), POSTMAN) for example in examples]


def test_one_look_up_per_shape() -> None:
    """Paths that differ only in literals and names share a shape."""
    shapes = WildcardPaths(POSTMAN).apply_changes(
        (), make_candidates("/a/{{x}}", "/b/:y", "/{{z}}/c", "/a/v{{n}}", "/a/b/{{x}}", "/a")
    )
    assert {count: len(shapes.list_shapes(count)) for count in range(5)} == {0: 0, 1: 0, 2: 0, 3: 3, 4: 1}
    assert len(shapes) == 4


def test_fitting() -> None:
    """Each shape finds at most one group, by the literals."""
    shapes = WildcardPaths(POSTMAN).apply_changes((), make_candidates("/a/{{x}}", "/a/:y", "/{{z}}/b", "/c/v{{n}}"))
    assert [[each.id for each in group.candidates] for group in shapes.find_fitting(("", "a", "b"))] == [
        ["2"],
        ["1", "0"],
    ]
    assert list(shapes.find_fitting(("", "c", "b", "d"))) == []


def test_shape_goes_with_its_last_candidate() -> None:
    """A shape is forgotten with its last candidate, because each costs every request a look-up."""
    every = make_candidates("/a/{{x}}", "/a/:y", "/{{z}}/b")
    shapes = WildcardPaths(POSTMAN).apply_changes((), every)
    assert len(shapes.apply_changes(every[:1], ())) == 2
    assert len(shapes.apply_changes(every[:2], ())) == 1
    assert len(shapes.apply_changes(every, ())) == 0


def test_order_of_shapes_is_fixed() -> None:
    """The order of shapes does not depend on the order of changes."""
    one, other = make_candidates("/a/{{x}}", "/{{z}}/b")
    shapes = WildcardPaths(POSTMAN).apply_changes((), [one]).apply_changes((), [other])
    assert list(shapes.list_shapes(3)) == list(
        WildcardPaths(POSTMAN).apply_changes((), [other]).apply_changes((), [one]).list_shapes(3)
    )

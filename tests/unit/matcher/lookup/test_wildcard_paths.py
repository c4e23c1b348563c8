"""Look-ups by shapes of wildcards."""

from __future__ import annotations

from tests.factories.messages import make_example
from understudy.matcher.lookup.wildcard_paths import WildcardPaths
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.settings import POSTMAN


def make_candidates(*targets: str) -> list[Candidate]:
    """Typed in, ids rising."""
    examples = (make_example(target, id=f"{n}", literal=False) for n, target in enumerate(targets))
    return [Candidate.of((example,), POSTMAN) for example in examples]


def test_one_look_up_per_shape() -> None:
    """Paths that differ in literals and names share a shape."""
    shapes = WildcardPaths(POSTMAN).apply_changes(
        (), make_candidates("/a/{{x}}", "/b/:y", "/{{z}}/c", "/a/v{{n}}", "/a/b/{{x}}", "/a")
    )
    assert {count: len(shapes.list_shapes(count)) for count in range(5)} == {0: 0, 1: 0, 2: 0, 3: 3, 4: 1}
    assert len(shapes) == 4


def test_fitting() -> None:
    """By literals, one group for each shape."""
    shapes = WildcardPaths(POSTMAN).apply_changes((), make_candidates("/a/{{x}}", "/a/:y", "/{{z}}/b", "/c/v{{n}}"))
    assert [[each.id for each in group.candidates] for group in shapes.find_fitting(("", "a", "b"))] == [
        ["2"],
        ["1", "0"],
    ]
    assert list(shapes.find_fitting(("", "c", "b", "d"))) == []


def test_shape_goes_with_its_last_candidate() -> None:
    """Otherwise each that was ever there would cost a look-up."""
    every = make_candidates("/a/{{x}}", "/a/:y", "/{{z}}/b")
    shapes = WildcardPaths(POSTMAN).apply_changes((), every)
    assert len(shapes.apply_changes(every[:1], ())) == 2
    assert len(shapes.apply_changes(every[:2], ())) == 1
    assert len(shapes.apply_changes(every, ())) == 0


def test_order_of_shapes_is_fixed() -> None:
    """It does not tell what came first."""
    one, other = make_candidates("/a/{{x}}", "/{{z}}/b")
    shapes = WildcardPaths(POSTMAN).apply_changes((), [one]).apply_changes((), [other])
    assert list(shapes.list_shapes(3)) == list(
        WildcardPaths(POSTMAN).apply_changes((), [other]).apply_changes((), [one]).list_shapes(3)
    )

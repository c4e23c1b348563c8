"""Look-ups by shapes of wildcards."""

from __future__ import annotations

from tests.factories.messages import make_example
from understudy.matcher.lookup.wildcard_paths import Shapes
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.settings import POSTMAN


def candidates(*targets: str) -> list[Candidate]:
    """Typed in, ids rising."""
    examples = (make_example(target, id=f"{n}", literal=False) for n, target in enumerate(targets))
    return [Candidate.of((example,), POSTMAN) for example in examples]


def test_one_look_up_per_shape() -> None:
    """Paths that differ in literals and names share a shape."""
    shapes = Shapes(POSTMAN).changed((), candidates("/a/{{x}}", "/b/:y", "/{{z}}/c", "/a/v{{n}}", "/a/b/{{x}}", "/a"))
    assert {count: len(shapes.shapes(count)) for count in range(5)} == {0: 0, 1: 0, 2: 0, 3: 3, 4: 1}
    assert len(shapes) == 4


def test_fitting() -> None:
    """By literals, one group for each shape."""
    shapes = Shapes(POSTMAN).changed((), candidates("/a/{{x}}", "/a/:y", "/{{z}}/b", "/c/v{{n}}"))
    assert [[each.id for each in group.candidates] for group in shapes.fitting(("", "a", "b"))] == [["2"], ["1", "0"]]
    assert list(shapes.fitting(("", "c", "b", "d"))) == []


def test_shape_goes_with_its_last_candidate() -> None:
    """Otherwise each that was ever there would cost a look-up."""
    every = candidates("/a/{{x}}", "/a/:y", "/{{z}}/b")
    shapes = Shapes(POSTMAN).changed((), every)
    assert len(shapes.changed(every[:1], ())) == 2
    assert len(shapes.changed(every[:2], ())) == 1
    assert len(shapes.changed(every, ())) == 0


def test_order_of_shapes_is_fixed() -> None:
    """It does not tell what came first."""
    one, other = candidates("/a/{{x}}", "/{{z}}/b")
    shapes = Shapes(POSTMAN).changed((), [one]).changed((), [other])
    assert list(shapes.shapes(3)) == list(Shapes(POSTMAN).changed((), [other]).changed((), [one]).shapes(3))

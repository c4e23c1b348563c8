"""Look-ups by path."""

from __future__ import annotations

from matcher.asked import Asked
from matcher.candidate import Candidate, plain_bytes
from matcher.scores import PathLine
from matcher.settings import POSTMAN, STRICT, MatchSettings
from matcher.tables import Tables, tables
from tests.factories import make_example, make_request


def made(*targets: str, settings: MatchSettings = POSTMAN) -> Tables:
    """Tables of examples that were typed in."""
    examples = (make_example(target, id=target, literal=False) for target in targets)
    return tables((Candidate.of((example,), settings, plain_bytes) for example in examples), settings)


def lines(found: Tables, target: str, settings: MatchSettings = POSTMAN) -> list[PathLine]:
    """The lines by which anything was found."""
    return [line for line, _ in found.fitting(Asked(make_request(target=target), settings, ("GET",)))]


def test_lines_come_best_first() -> None:
    """An exact path is found by its line, and again by the looser ones."""
    expected = [
        PathLine.EXACT,
        PathLine.SLASHES,
        PathLine.CASE,
        PathLine.SLASHES_CASE,
        PathLine.IDS,
        PathLine.SLASHES_IDS,
    ]
    assert lines(made("/a/7"), "/a/7") == expected


def test_settings_limit_the_lines() -> None:
    """Replay looks up once."""
    assert lines(made("/a/7", settings=STRICT), "/a/7", STRICT) == [PathLine.EXACT]


def test_one_look_up_per_shape() -> None:
    """Paths that differ in literals and names share a shape."""
    found = made("/a/{{x}}", "/b/:y", "/{{z}}/c", "/a/v{{n}}", "/a/b/{{x}}")
    assert {count: len(shapes) for count, shapes in found.shapes.items()} == {3: 3, 4: 1}


def test_same_few_are_kept_once() -> None:
    """What is alone on its path in every table is one object: 100,000 examples fit the memory."""
    found = made("/a/7")
    assert len({id(group) for by_text in found.texts.values() for group in by_text.values()}) == 1


def test_paths_without_ids_are_not_looked_up_without_ids() -> None:
    """Nothing to leave out."""
    assert made("/a/b").texts[PathLine.IDS] == {}

"""Paths with one other segment."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from understudy.matcher.lookup.similar_paths import KnownPath, SimilarPaths, is_similar_path
from understudy.matcher.scores import MAX_DISTANT_PATHS


def make_paths(texts: Sequence[str]) -> SimilarPaths:
    """Of paths, newest first."""
    return SimilarPaths().apply_changes(
        (), [KnownPath(text, f"{len(texts) - place:06d}") for place, text in enumerate(texts)]
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("/profile", "/profle", True),
        ("/profile", "/profile", False),
        ("/a/profile", "/b/profle", False),
        ("/profile/a", "/profle", False),
        ("/abc", "/abx", False),
    ],
)
def test_differ_little(mine: str, theirs: str, expected: bool) -> None:
    """One segment, and not much in it."""
    assert is_similar_path(mine.split("/"), theirs.split("/")) is expected


def test_found_as_by_comparing_all() -> None:
    """The look-up leaves nothing out and puts nothing in, where there are fewer than 1,000."""
    chance = Random(1)
    words = ["profile", "profle", "profiles", "a", "b", "", "users", "user"]
    texts = list({"/" + "/".join(chance.choices(words, k=chance.randint(1, 3))) for _ in range(200)})
    neighbours = make_paths(texts)
    for path in [*texts, "/profiel", "/x/y/z", "/"]:
        expected = {text for text in texts if is_similar_path(text.split("/"), path.split("/"))}
        assert set(neighbours.find_similar(path)) == expected
        assert set(neighbours.find_similar(path)) == expected  # from what it remembers


@pytest.mark.parametrize(("before", "found"), [(MAX_DISTANT_PATHS - 1, True), (MAX_DISTANT_PATHS, False)])
def test_newest_thousand_over_all_segments(before: int, found: bool) -> None:
    """They count together, whichever segment is the other one."""
    texts = [f"/{number:05d}/users" if number % 2 else f"/profile/{number:05d}" for number in range(before)]
    assert (list(make_paths([*texts, "/profile/user"]).find_similar("/profile/users")) == ["/profile/user"]) is found


def test_remembers_a_bounded_number() -> None:
    """Hostile requests do not fill the memory."""
    neighbours = make_paths([f"/{number}/x" for number in range(500)])
    for number in range(500):
        list(neighbours.find_similar(f"/{number}/y"))
    assert len(neighbours._siblings) <= 65


def test_changed_as_made_anew() -> None:
    """Whatever goes and comes, and whatever was remembered; the one before stays as it was."""
    chance = Random(2)
    words = ["profile", "profle", "profiles", "a", "", "users", "user"]
    every = sorted({"/" + "/".join(chance.choices(words, k=chance.randint(1, 3))) for _ in range(200)})
    held: dict[str, KnownPath] = {}
    neighbours = SimilarPaths()
    for step in range(60):
        before, target = neighbours, chance.choice(every)
        found_before = list(before.find_similar(target))
        removed = chance.sample(sorted(held), k=min(len(held), 3))
        added = {text: KnownPath(text, f"{chance.randrange(10**6):06d}.{step}") for text in chance.sample(every, k=5)}
        dropped = [held.pop(text) for text in {*removed, *(added.keys() & held.keys())}]
        held |= added
        neighbours = before.apply_changes(dropped, added.values())
        expected = SimilarPaths().apply_changes(
            (), sorted(held.values(), key=lambda path: path.newest_id, reverse=True)
        )
        for text in every:
            assert list(neighbours.find_similar(text)) == list(expected.find_similar(text))
        assert list(before.find_similar(target)) == found_before

"""Tests of paths that differ in one segment."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from understudy.matcher.lookup.similar_paths import (
    KnownPath,
    SimilarPaths,
    is_similar_path,
    list_wild_segments,
)
from understudy.matcher.parts.paths import PathPattern
from understudy.matcher.scores import MAX_DISTANT_PATHS


def make_paths(texts: Sequence[str]) -> SimilarPaths:
    """Return the look-up of these paths, newest first."""
    return SimilarPaths().apply_changes(
        (), [KnownPath(text, (False, f"{len(texts) - place:06d}")) for place, text in enumerate(texts)]
    )


def find_texts(paths: SimilarPaths, text: str) -> list[str]:
    """Return the similar paths."""
    return [path.text for path, _ in paths.find_similar(text)]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("/profile", "/profle", True),
        ("/profile", "/profile", False),
        ("/a/profile", "/b/profle", False),
        ("/profile/a", "/profle", False),
        ("/abc", "/abx", False),
        ("/a/PROFILE", "/A/profle", True),
        ("/a/b%2Fcd", "/a/b%2fcx", True),
        ("/a/b%2Fc", "/a/b%2Fx", False),
        ("/{{x}}/profile", "/a/profle", True),
        ("/{{x}}/profile", "/a/profile", False),
        ("/v{{x}}/profile", "/V1/profle", True),
        ("/v{{x}}/profile", "/v/profle", False),
    ],
)
def test_is_similar_path(mine: str, theirs: str, expected: bool) -> None:
    """Similar paths differ in one segment, and little in that."""
    assert is_similar_path(PathPattern.of(mine.encode(), wildcards=True), theirs) is expected


def test_look_up_equals_comparing_all() -> None:
    """The look-up finds exactly the similar paths, if there are fewer than 1,000."""
    chance = Random(1)
    words = ["profile", "profle", "profiles", "a", "b", "", "users", "user"]
    texts = list({"/" + "/".join(chance.choices(words, k=chance.randint(1, 3))) for _ in range(200)})
    neighbours = make_paths(texts)
    for path in [*texts, "/profiel", "/x/y/z", "/"]:
        expected = {text for text in texts if is_similar_path(PathPattern(text), path)}
        assert set(find_texts(neighbours, path)) == expected
        assert set(find_texts(neighbours, path)) == expected  # from what it remembers


@pytest.mark.parametrize(("before", "found"), [(MAX_DISTANT_PATHS - 1, True), (MAX_DISTANT_PATHS, False)])
def test_newest_thousand_over_all_segments(before: int, found: bool) -> None:
    """The limit of 1,000 paths counts paths with any different segment together."""
    texts = [f"/{number:05d}/users" if number % 2 else f"/profile/{number:05d}" for number in range(before)]
    assert (find_texts(make_paths([*texts, "/profile/user"]), "/profile/users") == ["/profile/user"]) is found


def test_cache_is_bounded() -> None:
    """Hostile requests do not fill the cache."""
    neighbours = make_paths([f"/{number}/x" for number in range(500)])
    for number in range(500):
        list(neighbours.find_similar(f"/{number}/y"))
    assert len(neighbours._siblings) <= 65


def test_changed_look_up_equals_a_new_one() -> None:
    """A changed look-up equals a new one, whatever is cached, and the original stays as it is."""
    chance = Random(2)
    words = ["profile", "profle", "profiles", "a", "", "users", "user"]
    every = sorted({"/" + "/".join(chance.choices(words, k=chance.randint(1, 3))) for _ in range(200)})
    held: dict[str, KnownPath] = {}
    neighbours = SimilarPaths()
    for step in range(60):
        before, target = neighbours, chance.choice(every)
        found_before = find_texts(before, target)
        removed = chance.sample(sorted(held), k=min(len(held), 3))
        added = {
            text: KnownPath(text, (False, f"{chance.randrange(10**6):06d}.{step}"))
            for text in chance.sample(every, k=5)
        }
        dropped = [held.pop(text) for text in {*removed, *(added.keys() & held.keys())}]
        held |= added
        neighbours = before.apply_changes(dropped, added.values())
        expected = SimilarPaths().apply_changes((), sorted(held.values(), key=lambda path: path.newest, reverse=True))
        for text in every:
            assert find_texts(neighbours, text) == find_texts(expected, text)
        assert find_texts(before, target) == found_before


def test_paths_with_wildcards_come_and_go() -> None:
    """A path with wildcards is found while it is known, and a shape without paths is not looked up."""
    (pattern, later) = (PathPattern.of(raw, wildcards=True) for raw in (b"/{{x}}/profile", b"/{{y}}/profiles"))
    one, other = (KnownPath("", (False, "1"), list_wild_segments(each)) for each in (pattern, later))
    both = SimilarPaths().apply_changes((), [one, other])
    assert [path for path, _ in both.find_similar("/a/profilez")] == [one, other]
    fewer = both.apply_changes([one], ())
    assert [path for path, _ in fewer.find_similar("/a/profilez")] == [other]
    assert not fewer.apply_changes([other], ())._shapes.get(3)

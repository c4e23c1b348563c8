"""Cells of paths that the loosest line finds equal."""

from __future__ import annotations

from tests.factories.messages import make_example
from understudy.matcher.lookup.candidate_groups import SMALL_GROUP_SIZE, LargeGroup, SmallGroup
from understudy.matcher.lookup.path_buckets import MixedBucket, PathBuckets
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import POSTMAN

TEXT = (PathLine.EXACT, PathLine.SLASHES, PathLine.CASE, PathLine.SLASHES_CASE)
IDS = (PathLine.IDS, PathLine.SLASHES_IDS)


def make_candidates(*targets: str) -> list[Candidate]:
    """Recorded, ids rising."""
    return [Candidate.of((make_example(target, id=f"{n:04d}"),), POSTMAN) for n, target in enumerate(targets)]


def list_found(buckets: PathBuckets, text: str) -> list[tuple[str, list[str]]]:
    """By which lines, and the ids of what was found."""
    return [(line.name, sorted(each.id for each in group.candidates)) for line, group in buckets.find_fitting(text)]


def test_lines_of_text() -> None:
    """One look-up for four lines."""
    buckets = PathBuckets(TEXT, POSTMAN).apply_changes((), make_candidates("/a", "/a/", "/A", "/b"))
    assert list_found(buckets, "/a") == [
        ("EXACT", ["0000"]),
        ("SLASHES", ["0000", "0001"]),
        ("CASE", ["0000", "0002"]),
        ("SLASHES_CASE", ["0000", "0001", "0002"]),
    ]
    assert list_found(buckets, "/B//") == [("SLASHES_CASE", ["0003"])]
    assert list_found(buckets, "/c") == []


def test_lines_of_ids() -> None:
    """Paths without ids are in no bucket."""
    buckets = PathBuckets(IDS, POSTMAN).apply_changes((), make_candidates("/a/7", "/a/8/", "/a/b"))
    assert list_found(buckets, "/a/9") == [("IDS", ["0000"]), ("SLASHES_IDS", ["0000", "0001"])]
    assert list_found(buckets, "/a/b") == []
    assert len(buckets) == 1


def test_same_few_are_kept_once() -> None:
    """Groups that several lines find are one object: 100,000 examples on two paths fit the memory."""
    buckets = PathBuckets(TEXT, POSTMAN).apply_changes((), make_candidates("/a", "/a/"))
    assert len({id(group) for _, group in buckets.find_fitting("/a")}) == 2
    more = buckets.apply_changes((), make_candidates("/a", "/a/"))
    assert len({id(group) for _, group in more.find_fitting("/a")}) == 2


def test_bucket_of_one_path_is_a_group() -> None:
    """It becomes one again when the other paths go."""
    every = make_candidates("/a", "/a/", "/a")
    buckets = PathBuckets(TEXT, POSTMAN).apply_changes((), every)
    assert isinstance(buckets._find_bucket("/a"), MixedBucket)
    bucket = buckets.apply_changes(every[1:2], ())._find_bucket("/a")
    assert isinstance(bucket, SmallGroup)
    assert [each.id for each in bucket] == ["0002", "0000"]
    assert len(buckets.apply_changes(every, ())) == 0


def test_another_path_joins_many() -> None:
    """What is beside it is looked up as before, not made anew."""
    many = make_candidates(*["/a"] * (SMALL_GROUP_SIZE + 1))
    before = PathBuckets(TEXT, POSTMAN).apply_changes((), many)
    after = before.apply_changes((), make_candidates("/a/"))
    group = before.find_equal("/a")
    assert isinstance(group, LargeGroup)
    assert after.find_equal("/a") is group

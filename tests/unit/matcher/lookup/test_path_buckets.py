"""Tests of buckets of paths that are equal by the loosest line."""

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
    """Return candidates of recorded examples, with rising ids."""
    return [Candidate.of((make_example(target, id=f"{n:04d}"),), POSTMAN) for n, target in enumerate(targets)]


def list_found(buckets: PathBuckets, text: str) -> list[tuple[str, list[str]]]:
    """Return the lines that find something, and the ids that they find."""
    return [(line.name, sorted(each.id for each in group.candidates)) for line, group in buckets.find_fitting(text)]


def test_lines_of_text() -> None:
    """One look-up serves the four lines of text."""
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


def test_equal_groups_are_kept_once() -> None:
    """Groups that several lines find are one object, so that 100,000 examples on two paths fit into memory."""
    buckets = PathBuckets(TEXT, POSTMAN).apply_changes((), make_candidates("/a", "/a/"))
    assert len({id(group) for _, group in buckets.find_fitting("/a")}) == 2
    more = buckets.apply_changes((), make_candidates("/a", "/a/"))
    assert len({id(group) for _, group in more.find_fitting("/a")}) == 2


def test_bucket_of_one_path_is_a_group() -> None:
    """A bucket of one path is a plain group, also after its other paths were removed."""
    every = make_candidates("/a", "/a/", "/a")
    buckets = PathBuckets(TEXT, POSTMAN).apply_changes((), every)
    assert isinstance(buckets._find_bucket("/a"), MixedBucket)
    bucket = buckets.apply_changes(every[1:2], ())._find_bucket("/a")
    assert isinstance(bucket, SmallGroup)
    assert [each.id for each in bucket] == ["0002", "0000"]
    assert len(buckets.apply_changes(every, ())) == 0


def test_new_path_leaves_other_groups_unchanged() -> None:
    """A new path in a bucket leaves the groups of the other paths as they are."""
    many = make_candidates(*["/a"] * (SMALL_GROUP_SIZE + 1))
    before = PathBuckets(TEXT, POSTMAN).apply_changes((), many)
    after = before.apply_changes((), make_candidates("/a/"))
    group = before.find_equal("/a")
    assert isinstance(group, LargeGroup)
    assert after.find_equal("/a") is group

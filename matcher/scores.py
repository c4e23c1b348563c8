"""Every number of the specification (spec/matching.md), named, each with its reason. No number stands elsewhere."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class RequestPart(StrEnum):
    """The parts of a request that can filter an example out, or give it points."""

    METHOD = "method"
    HOST = "host"
    PATH = "path"
    QUERY = "query"
    HEADERS = "header"
    BODY = "body"
    STATUS = "status"
    ID = "id"
    NAME = "name"


class PathLine(IntEnum):
    """The lines of the path table, best first: the first that fits an example gives it its points.

    Postman starts at 100 and takes points off for each liberty: 5 for the trailing slash, 10 for the case, 20 for
    wildcards. Without ids is one less than a wildcard, because there the author said that the segment varies.
    Distance is a guess, so it comes last, and only where nothing else fits.
    """

    EXACT = 100
    SLASHES = 95
    CASE = 90
    SLASHES_CASE = 85
    WILDCARDS = 80
    IDS = 79
    SLASHES_IDS = 75
    DISTANCE = 70

    @property
    def reason(self) -> str:
        """How the paths were found equal, in words."""
        return _PATH_REASONS[self]


_PATH_REASONS = {
    PathLine.EXACT: "as it is",
    PathLine.SLASHES: "without trailing slashes",
    PathLine.CASE: "ignoring case",
    PathLine.SLASHES_CASE: "without trailing slashes, ignoring case",
    PathLine.WILDCARDS: "with wildcards",
    PathLine.IDS: "without ids",
    PathLine.SLASHES_IDS: "without trailing slashes and ids",
    PathLine.DISTANCE: "by document distance",
}


class QueryFit(IntEnum):
    """How well two queries fit, and the points for it.

    EQUAL and UNEQUAL lie 20 apart, as far as an exact path and a wildcard path: so an exact path with the wrong query
    ties with a wildcard path with the right one, and the tie rules decide. WILD is one less than EQUAL, so a value
    spelled out beats one that matches anything. UNEQUAL takes points off but keeps the example in.
    """

    EQUAL = 10
    WILD = 9
    FOLDED = 5
    OFF = 0
    UNEQUAL = -10

    @property
    def reason(self) -> str:
        """What was found, in words."""
        return _QUERY_REASONS[self]


_QUERY_REASONS = {
    QueryFit.EQUAL: "equal",
    QueryFit.WILD: "equal, with values that match anything",
    QueryFit.FOLDED: "equal ignoring case",
    QueryFit.OFF: "not compared",
    QueryFit.UNEQUAL: "differs",
}

MIN_SIMILARITY = 0.75  # by distance, one segment of a path may differ, and at least so much of it must be the same
MAX_DISTANT_PATHS = 1000  # paths with one other segment that are compared by distance: a bound on the time of a miss
MAX_SEGMENT_LENGTH = 512  # characters of a segment compared by distance: its time grows with their square
MAX_HEADER_LISTS = 16  # lists of headers named by requests that get look-ups of their own; each costs memory

# How far a near miss is: weight times the share of the part that differs. These rank explanations, never winners.
PART_WEIGHTS = {
    # One resource is told from another by its path: a path with nothing in common is further than all else together.
    RequestPart.PATH: 10.0,
    # The right path under the wrong method or host is the commonest slip: nearer than a path half wrong.
    RequestPart.METHOD: 3.0,
    RequestPart.HOST: 3.0,
    # What differs only in its data is the nearest of all.
    RequestPart.QUERY: 2.0,
    RequestPart.HEADERS: 2.0,
    RequestPart.BODY: 2.0,
    # Asked for by name, and there is no such thing: the request fits, so these come before all that it does not fit.
    RequestPart.STATUS: 1.0,
    RequestPart.ID: 1.0,
    RequestPart.NAME: 1.0,
}

MAX_NEAR_MISSES = 3  # the specification shows three near misses; as many runners-up fit a screen
MAX_EXAMINED = 1000  # candidates looked at for an explanation: a few milliseconds, however large the collection
MAX_COMPARED = 100  # of those, the ones compared part by part; the others are told apart by whole segments only
ID_SIMILARITY = 0.9  # how alike two different ids are: another resource of the same kind
SAME_TYPE_SHARE = 0.5  # how far two different bodies of one media type are: nearer than no body, or one of another type
MIN_SHARE = 0.01  # how far paths are that differ only in what the settings count: case, slashes, ids

"""Every number of docs/matching.md, named, each with its reason; no other module contains one."""

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
    RANGE = "range"
    PRECONDITION = "precondition"
    OPERATION = "operation"
    STATUS = "status"
    ID = "id"
    NAME = "name"


class PathLine(IntEnum):
    """The lines of the path table, best first (docs/matching.md, "Path").

    The first line that fits an example gives its points. Postman starts at 100 and takes points off for each liberty: 5
    for the trailing slash, 10 for the case, 20 for wildcards. A match without ids has one point less than a wildcard,
    because with a wildcard the author declared that the segment varies. Distance is a guess, so it comes last, and only
    where nothing else fits.
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
        """The way in which the paths are equal, in words."""
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
    """How well two queries fit, and the points for it (docs/matching.md, "Query").

    EQUAL and UNEQUAL lie 20 points apart, as far as an exact path and a wildcard path: so an exact path with the wrong
    query ties with a wildcard path with the right one, and the tie rules decide. WILD has one point less than EQUAL, so
    that a value spelled out beats one that matches anything. UNEQUAL takes points off but does not filter the example
    out.
    """

    EQUAL = 10
    WILD = 9
    FOLDED = 5
    OFF = 0
    UNEQUAL = -10

    @property
    def reason(self) -> str:
        """The fit in words."""
        return _QUERY_REASONS[self]


_QUERY_REASONS = {
    QueryFit.EQUAL: "equal",
    QueryFit.WILD: "equal, with values that match anything",
    QueryFit.FOLDED: "equal ignoring case",
    QueryFit.OFF: "not compared",
    QueryFit.UNEQUAL: "differs",
}

MIN_SIMILARITY = 0.75  # 1 - edits / longer length, at least, of the one segment in which two paths may differ
MAX_DISTANT_PATHS = 1000  # paths with one different segment that are compared: a bound on the time of a miss
MAX_SEGMENT_LENGTH = 512  # characters of a segment compared by distance: the time grows with their square
MAX_HEADER_LISTS = 16  # header lists, named by requests, that get look-ups of their own: each costs memory
# Examples of one path whose bodies hold `{{name}}` inside texts, and are compared one by one, the newest first.
MAX_LOOSE_BODIES = 100

# The distance of a near miss adds up weight times differing share of each part. It ranks explanations, never winners.
PART_WEIGHTS = {
    # The path identifies the resource: a path with nothing in common is further than most other differences together.
    RequestPart.PATH: 10.0,
    # The right path with the wrong method or host is the commonest mistake: nearer than a path that is half wrong.
    RequestPart.METHOD: 3.0,
    RequestPart.HOST: 3.0,
    # A request for the right resource with other data is nearer still.
    RequestPart.QUERY: 2.0,
    RequestPart.HEADERS: 2.0,
    RequestPart.BODY: 2.0,
    RequestPart.RANGE: 2.0,
    RequestPart.PRECONDITION: 2.0,
    RequestPart.OPERATION: 2.0,
    # A selector header without a match: the rest of the request fits, so these come before all other differences.
    RequestPart.STATUS: 1.0,
    RequestPart.ID: 1.0,
    RequestPart.NAME: 1.0,
}

MAX_NEAR_MISSES = 3  # near misses of one explanation, and runners-up: as many as fit on a screen
MAX_EXAMINED = 1000  # candidates examined for an explanation: a few milliseconds, however large the collection
MAX_COMPARED = 100  # of those, the candidates compared part by part; the others are compared by whole segments only
ID_SIMILARITY = 0.9  # of two different ids: they name different resources of the same kind
# Bytes of a JSON body up to which near misses are ranked by its values: it is parsed for each.
MAX_COMPARED_BODY = 64 * 1024
OVERLAP_SHARE = 0.5  # of a range that holds some of the bytes that are asked for: nearer than one that holds none
SAME_TYPE_SHARE = 0.5  # of two different bodies of one media type: nearer than an empty body or another media type
MIN_SHARE = 0.01  # of paths that differ only in case, slashes or ids, where the settings count these

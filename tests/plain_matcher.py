"""The algorithm of docs/matching.md as it is written, over every example: the index must agree with it.

It is slow and plain on purpose. Of the product it uses only the normal forms and the parsing of selector headers, never
keys or look-ups.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError, fromstring

from graphql import GraphQLError, parse, print_ast

from tests.plain_bodies import count_open_places, fits_body
from understudy.matcher import mock_headers, normal_forms
from understudy.matcher.mock_headers import NO_SELECTORS, SelectorProblem, Selectors
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Origin, Request
from understudy.store.model.values import replace

# Total, the method itself, path, likeness, fewer wildcards, literal characters, what is preferred, an id of ours, id.
Score = tuple[int, bool, int, float, int, int, tuple[int, ...], bool, str]


class Between(NamedTuple):
    """A wildcard value between literals."""

    start: str
    end: str


Pair = tuple[str, str | Between | None]
PathPoints = Callable[[Example], int | None]
WILD = re.compile(rb"([^{}]*)\{\{([^{}]+)\}\}([^{}]*)|():([A-Za-z_][A-Za-z0-9_-]*)([^{}]*)")
WILD_VALUE = re.compile(rb"\{\{[^{}]+\}\}")
WILD_QUERY_VALUE = re.compile(WILD_VALUE.pattern + rb"|:[A-Za-z_][A-Za-z0-9_-]*")
WILD_END = re.compile(r"([^{}]*)\{\{[^{}]+\}\}")
PARTLY_WILD = re.compile(rb"([^{}]*)\{\{[^{}]+\}\}([^{}]*)")
CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
FORM = "application/x-www-form-urlencoded"


def decide(request: Request, examples: Sequence[Example], settings: MatchSettings) -> tuple[str, int] | None:
    """Return the winner's id and score, or None."""
    selectors = mock_headers.parse_selectors(request.headers) if settings.selectors else NO_SELECTORS
    if isinstance(selectors, SelectorProblem):
        return None
    found = find_best(request, examples, settings, selectors)
    return (get_answering_id(found[-1], examples, selectors, settings), found[0]) if found else None


def get_answering_id(winner: str, examples: Sequence[Example], selectors: Selectors, settings: MatchSettings) -> str:
    """Return the id of the winner or, in a sequence, of its newest example with the requested status."""
    won = next(each for each in examples if each.id == winner)
    if selectors.is_named or won.sequence is None:
        return winner
    together = (each for each in examples if identify_candidate(each, settings) == identify_candidate(won, settings))
    return max((each.id for each in together if selectors.code in (None, each.response.status)), key=order_id)


def find_best(
    request: Request,
    examples: Sequence[Example],
    settings: MatchSettings,
    selectors: Selectors = NO_SELECTORS,
) -> Score | None:
    """Score every example of the method and status, and return the best score; by distance if there is none."""
    methods = ["HEAD", "GET"] if request.method == "HEAD" else [request.method]
    if selectors.is_named:
        for method in methods:
            if named_ids := find_named_ids(request, examples, settings, method, selectors):
                return (0, False, 0, 0, 0, 0, (), False, min(named_ids, key=order_id))
        return None
    kept = [
        each
        for each in list_candidates(examples, selectors, settings)
        for method in methods
        if is_comparable(each, request, settings, method)
    ]
    scores = [compute_score(request, each, settings, selectors, make_table_points(request, settings)) for each in kept]
    if any(scores) or settings.exact_path:
        return prefer(request, kept, scores, settings, selectors)
    distant = [each for each in kept if counts(settings.distance, each)]
    return find_best_by_distance(request, distant, settings, selectors)


def counts(setting: bool | None, example: Example) -> bool:
    """Return whether ids or distance count for an example: without a setting unless its path is as recorded."""
    return not is_recorded(example, "path") if setting is None else setting


def is_recorded(example: Example, part: str) -> bool:
    """Return whether a part of the request was recorded, and edited by nobody."""
    return example.literal or part in example.unedited


def prefer(
    request: Request,
    kept: Sequence[Example],
    scores: Sequence[Score | None],
    settings: MatchSettings,
    selectors: Selectors,
) -> Score | None:
    """Return the best score: among equals the one that is preferred in its group, then among the groups."""
    best = max((score[:6] for score in scores if score), default=None)
    tied = [(each, score) for each, score in zip(kept, scores, strict=True) if score and score[:6] == best]
    groups: dict[object, list[tuple[Example, Score]]] = {}
    for example, score in tied:
        groups.setdefault(identify_group(example, request, score[2], settings), []).append((example, score))
    winners = [
        max(
            members,
            key=lambda one: prefer_one(one, request, settings, selectors, list_names(kept, one, request, settings)),
        )
        for members in groups.values()
    ]
    usual = list_usual_names(settings)
    winner = max(winners, key=lambda one: prefer_one(one, request, settings, selectors, usual), default=None)
    return winner[1] if winner else None


def identify_group(example: Example, request: Request, points: int, settings: MatchSettings) -> object:
    """Return what the examples of one group share: all paths that equal the request's by one line, or one pattern."""
    if points == 80:
        return example.request.method, tuple(parse_wild_segments(example.request.path))
    if points == 70:
        return example.request.method, identify_path(example, settings)
    return example.request.method


def list_names(
    kept: Sequence[Example], one: tuple[Example, Score], request: Request, settings: MatchSettings
) -> list[str]:
    """Return the negotiating headers of a group: the usual ones, and the first two that vary."""
    example, score = one
    together = [
        each
        for each in kept
        if each.request.method == example.request.method and is_grouped(each, example, request, score, settings)
    ]
    usual = list_usual_names(settings)
    never = {"accept-encoding", "origin", "user-agent", "cookie", "authorization", "*", "", *usual}
    never |= {name.lower() for name in settings.ignore_headers}
    named = {
        name.strip().lower()
        for each in together
        for value in each.response.headers.get_all("vary")
        for name in value.split(",")
    } - never
    varying = [name for name in sorted(named) if len({read_own_header(each, name) for each in together}) > 1]
    return usual + varying[:2] if settings.prefer_headers else []


def is_grouped(other: Example, example: Example, request: Request, score: Score, settings: MatchSettings) -> bool:
    """Return whether another example is found together with this one."""
    if score[2] == 80:
        segments = (parse_wild_segments(each.request.path) for each in (other, example))
        return not is_recorded(other, "path") and len({tuple(each) for each in segments}) == 1
    if score[2] == 70:
        return identify_path(other, settings) == identify_path(example, settings)
    a, b = normal_forms.normalize_path(other.request.path), normal_forms.normalize_path(request.path)
    return {
        100: a == b,
        95: a.rstrip("/") == b.rstrip("/"),
        90: normal_forms.fold(a) == normal_forms.fold(b),
        85: normal_forms.fold(a).rstrip("/") == normal_forms.fold(b).rstrip("/"),
        79: are_equal_without_ids(a, b),
        75: are_equal_without_ids(a.rstrip("/"), b.rstrip("/")),
    }[score[2]]


def list_usual_names(settings: MatchSettings) -> list[str]:
    """Return the listed headers and those that always negotiate."""
    if not settings.prefer_headers:
        return []
    listed = sorted(name.lower() for name in settings.preferred_headers if not is_own_header(name.lower(), settings))
    ignored = {name.lower() for name in settings.ignore_headers}
    return [*listed, *(name for name in ("accept", "accept-language") if name not in {*listed, *ignored})]


def read_header(request: Request, name: str) -> str | None:
    """Return the values of a header as one list; None without it."""
    values = [value.strip() for value in request.headers.get_all(name)]
    return ", ".join(values) if values else None


def read_own_header(example: Example, name: str) -> str | None:
    """Return the value of an example's header; "any" for one that is redacted."""
    value = read_header(example.request, name)
    redacted = {place.name for place in example.redacted if place.part is Part.HEADER}
    return "any" if value is not None and name in redacted else value


def prefer_one(
    one: tuple[Example, Score], request: Request, settings: MatchSettings, selectors: Selectors, names: Sequence[str]
) -> tuple[object, ...]:
    """Return the sort key of an example among equals."""
    example, score = one
    headers = [read_own_header(example, name) in (read_header(request, name), "any") for name in names]
    is_same = has_same_fields(example, request, (*CONDITIONS, "range", "if-range"))
    body = prefer_body(example, request, settings) if settings.prefer_body else ()
    wildcards = settings.wildcards and not is_recorded(example, "query")
    same_order = score[0] - score[2] >= 9 and has_same_order(
        list_example_pairs(example, settings, wildcards), request, settings
    )
    return (is_same, *body, *headers, same_order, *score[7:])


def prefer_body(example: Example, request: Request, settings: MatchSettings) -> tuple[int, int, int]:
    """Return whether the bodies are equal, with how many wildcards (negative), and whether the operations are."""
    same = have_same_operation(example, request)
    if fits_body(request, example, ignore_rpc_id(example, settings)):
        return 1, -count_open_places(example, settings, settings.wildcards and not is_recorded(example, "body")), same
    return 0, 0, same


def have_same_operation(example: Example, request: Request) -> bool:
    """Return whether both name one operation; the texts of a query with a redacted one do not count."""
    body = example.request.body
    loose = isinstance(body, bytes) and b"REDACTED" in body
    mine, theirs = name_operation(example.request, loose=loose), name_operation(request, loose=loose)
    return mine is not None and mine == theirs


def ignore_rpc_id(example: Example, settings: MatchSettings) -> MatchSettings:
    """Return settings under which the `id` of a JSON-RPC message does not count, where it does not."""
    body = example.request.body
    if (settings.body and not settings.spy) or not isinstance(body, bytes) or b'"jsonrpc"' not in body:
        return settings
    return replace(settings, ignore_body=settings.ignore_body | {"$.id"})


def name_operation(request: Request, *, loose: bool = False) -> object:
    """Return the operation that a request names, or None; `loose`: without the texts in a query of GraphQL."""
    if request.headers.get("x-amz-target"):
        return "target", request.headers.get("x-amz-target")
    body, media = request.body, parse_media_type(request.headers.get("content-type"))
    if not isinstance(body, bytes) or not body:
        pairs = dict(normal_forms.parse_query_pairs(request.query))
        if "Action" in pairs and "Version" in pairs:
            return "action", pairs["Action"]
        return name_graphql(read_members(request.query), loose)
    if media == FORM:
        actions = [value for name, value in normal_forms.parse_query_pairs(body) if name == "Action" and value]
        return ("action", actions[0]) if actions else None
    if media == "application/graphql":
        return name_graphql({"query": body.decode()}, loose)
    if body.startswith(b"<"):
        return name_soap(request, body)
    found = re.search(rb'name="operations"\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--', body, re.DOTALL)
    if media == "multipart/form-data" and found:
        body = found[1]
    value = parse_json(body)
    named = [name_message(each, loose) for each in (value if isinstance(value, list) else [value])]
    return (isinstance(value, list), named) if named and None not in named else None


def parse_json(text: str | bytes) -> object:
    """Return a JSON value; None for what is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def read_members(query: bytes) -> dict[str, object]:
    """Return the members of a GraphQL request that a query holds."""
    pairs = dict(normal_forms.parse_query_pairs(query))
    maps = {name: parse_json(pairs.pop(name, "")) for name in ("variables", "extensions")}
    return pairs | {name: value for name, value in maps.items() if value is not None}


def name_message(message: object, loose: bool) -> object:
    """Return the operation of a message of JSON-RPC or GraphQL, or None."""
    if not isinstance(message, dict):
        return None
    if "jsonrpc" in message and isinstance(message.get("method"), str):
        return "rpc", message["method"], "id" in message
    return name_graphql(message, loose)


def name_graphql(members: Mapping[str, object], loose: bool) -> object:
    """Return query and operation name of a request of GraphQL, or the id of the query."""
    name = members.get("operationName") or ""
    if isinstance(members.get("query"), str):
        try:
            document = print_ast(parse(str(members["query"])))
        except GraphQLError:
            return None
        return "graphql", name, re.sub(r'"[^"]*"', '""', document) if loose else document
    extensions, variables = members.get("extensions"), members.get("variables", 0)
    persisted = extensions.get("persistedQuery", {}).get("sha256Hash") if isinstance(extensions, dict) else None
    is_graphql = "operationName" in members or isinstance(extensions, dict) or isinstance(variables, dict | None)
    all_names = {"query", "operationName", "variables", "extensions", "documentId", "id", "doc_id"}
    is_alone = "documentId" in members and set(members) <= all_names
    stored = members.get("documentId") if is_graphql or is_alone else None
    known = stored or ((members.get("id") or members.get("doc_id")) if is_graphql else None)
    return ("persisted", name, persisted or known) if persisted or known else None


def name_soap(request: Request, body: bytes) -> object:
    """Return SOAPAction and the first element of the body of an envelope."""
    try:
        root = fromstring(body)
    except ParseError:
        return None
    inner = [each[0].tag for each in root if each.tag.endswith("}Body") and len(each)]
    action = request.headers.get("soapaction")
    return ("soap", action, inner) if action or inner else None


def is_in_body(request: Request) -> bool:
    """Return whether the body alone names the operation of a request."""
    return bool(request.body) and not request.headers.get("x-amz-target") and not request.headers.get("soapaction")


def find_bytes(example: Example) -> tuple[int, int, int] | None:
    """Return the first byte, the last byte and the size of a partial response that is not the whole."""
    if "range" not in example.request.headers:
        return None
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", example.response.headers.get("content-range") or "")
    if found is None or not isinstance(example.response.body, bytes):
        return None
    first, last, size = int(found[1]), int(found[2]), -1 if found[3] == "*" else int(found[3])
    return (first, last, size) if last - first + 1 == len(example.response.body) != size else None


def has_same_fields(example: Example, request: Request, names: Sequence[str]) -> bool:
    """Return whether these headers are the same, byte for byte."""
    return all(read_header(example.request, name) == read_header(request, name) for name in names)


def is_eligible(request: Request, example: Example, settings: MatchSettings) -> bool:
    """Return whether the answer makes sense to this request."""
    if settings.spy and not has_same_fields(example, request, list_spied(example)):
        return False
    if not settings.eligibility:
        return True
    was_recorded = example.literal or example.fingerprint
    named = name_operation(example.request) is not None
    if (
        (settings.prefer_body or settings.body)
        and not (settings.body and not settings.ignore_body and not settings.subset and is_in_body(example.request))
        and was_recorded
        and named
        and not have_same_operation(example, request)
    ):
        return False
    status, own = example.response.status, example.request.headers
    if status in (304, 412) and any(name in own for name in CONDITIONS):
        return has_same_fields(example, request, CONDITIONS)
    if status not in (206, 416) or "range" not in own:
        return True
    if status == 206 and (example.response.headers.get("content-range") or "").startswith("bytes 0-"):
        _, _, rest = (example.response.headers.get("content-range") or "").partition("-")
        last, _, size = rest.partition("/")
        if last.isdigit() and size.isdigit() and int(last) == int(size) - 1:
            return True
    return has_same_fields(example, request, ("range", "if-range")) or holds_range(example, request)


def list_spied(example: Example) -> list[str]:
    """Return the negotiating headers that the Vary of an example names."""
    fields = ",".join(example.response.headers.get_all("vary")).lower().split(",")
    never = {"accept-encoding", "origin", "user-agent", "cookie", "authorization", "*", ""}
    return [name.strip() for name in fields if name.strip() not in never]


def holds_range(example: Example, request: Request) -> bool:
    """Return whether the range that a GET asks for lies within the bytes of an example."""
    known, asked = find_bytes(example), re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range") or "")
    if known is None or asked is None or request.method != "GET" or not (asked[1] or asked[2]):
        return False
    first, last, size = known
    tag, wanted = example.response.headers.get("etag"), request.headers.get("if-range")
    if wanted is not None and (wanted != tag or tag.startswith("W/")):
        return False
    if size < 0 and not (asked[1] and asked[2]):
        return False
    size = size if size >= 0 else 1 << 60
    if asked[1] and asked[2] and int(asked[2]) < int(asked[1]):
        return False
    start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    end = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    return first <= start <= end <= last


def identify_candidate(example: Example, settings: MatchSettings) -> object:
    """Return what the examples of one candidate share: a sequence, and the values of the listed headers."""
    if example.sequence is None:
        return "", example.id
    listed = sorted({name.lower() for name in settings.headers}) + sorted(
        {n.lower() for n in settings.preferred_headers}
    )
    values = [read_header(example.request, name) for name in listed if not is_own_header(name, settings)]
    return example.sequence, tuple(values)


def list_candidates(examples: Sequence[Example], selectors: Selectors, settings: MatchSettings) -> list[Example]:
    """Return one example for each sequence: the one whose request is compared, if some example has the status."""
    newest: dict[object, Example] = {}
    kept: dict[object, Example] = {}
    for example in sorted(examples, key=lambda one: order_id(one.id)):
        key = identify_candidate(example, settings)
        newest[key] = example
        if selectors.code in (None, example.response.status):
            kept[key] = example
    return [newest[key] for key in kept]


def find_named_ids(
    request: Request, examples: Sequence[Example], settings: MatchSettings, method: str, selectors: Selectors
) -> list[str]:
    """Return the ids of the examples that the request names by id or by name."""
    newest = {identify_candidate(one, settings): one for one in sorted(examples, key=lambda one: order_id(one.id))}
    realm = [
        one for one in examples if is_comparable(newest[identify_candidate(one, settings)], request, settings, method)
    ]
    kept = [one for one in realm if selectors.code in (None, one.response.status)]
    if selectors.id is not None:
        whole = [one.id for one in examples if one.id == selectors.id and selectors.code in (None, one.response.status)]
        meant = selectors.ids[:1] if whole else selectors.ids[1:]
        return [one.id for one in kept if one.id in meant]
    return [one.id for one in kept if one.name.strip() == selectors.name]


def is_comparable(example: Example, request: Request, settings: MatchSettings, method: str) -> bool:
    """Return whether the method is equal and, where hosts are compared, the host."""
    if settings.host and spell_host(example.request.origin) != spell_host(request.origin):
        return False
    return example.request.method == method


def spell_host(origin: Origin | None) -> tuple[str, str, int] | None:
    """Return the one spelling of scheme, host and port."""
    if origin is None:
        return None
    host = origin.host.lower()
    host = host[:-1] if host.endswith(".") else host
    return (
        origin.scheme,
        socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host)) if (":" in host) else host,
        origin.port,
    )


def order_id(id_: str) -> tuple[bool, str]:
    """Return the order of ids: those made by Understudy, which are ULIDs, after all others."""
    return re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", id_) is not None, id_


def compute_score(
    request: Request, example: Example, settings: MatchSettings, selectors: Selectors, path_of: PathPoints
) -> Score | None:
    """Score one example by path, query and filters; None if it is filtered out."""
    recorded = example.request
    wildcards = settings.wildcards and not is_recorded(example, "query")
    path = path_of(example)
    query = compute_query_points(request, example, settings, wildcards)
    if path is None or query is None or not passes_filters(request, example, settings, selectors):
        return None
    segments = parse_wild_segments(recorded.path) if settings.wildcards and not is_recorded(example, "path") else []
    places = [place for place, segment in enumerate(segments) if not isinstance(segment, str)]
    literal_length = 0
    if places:
        before = [segment for segment in segments[: places[0]] if isinstance(segment, str)]
        literal_length = sum(len(segment) + 1 for segment in before) + len(segments[places[0]][0])
    spans = list_redacted_spans(example)
    hidden = [place for place, span in enumerate(spans) if span is not None]
    if hidden and (not places or hidden[0] < places[0]):
        first = spans[hidden[0]] or (0, 0)
        literal_length = sum(len(segment) + 1 for segment in recorded.path.split(b"/")[: hidden[0]]) + first[0]
    wild = (
        len(places)
        + len(hidden)
        + sum(not isinstance(value, str) for _, value in list_example_pairs(example, settings, wildcards))
    )
    wild += count_wild_filters(example, settings, selectors)
    points = path + query
    likeness = measure_likeness(example, request, settings) if path == 70 else 1
    order = order_id(example.id)
    return points, recorded.method == request.method, path, likeness, -wild, literal_length, (), *order


def has_same_order(mine: Sequence[Pair], request: Request, settings: MatchSettings) -> bool:
    """Return whether a request repeats a name, and the values of all repeated names without open value are in order."""
    theirs = [normal_forms.parse_query_pair(piece) for piece in request.query.split(b"&") if piece]
    theirs = [pair for pair in theirs if pair[0] not in settings.ignore_query]
    names = {name for name, _ in theirs}
    closed = names - {name for name, value in mine if not isinstance(value, str)}
    return len(names) < len(theirs) and all(
        [value for other, value in mine if other == name] == [value for other, value in theirs if other == name]
        for name in closed
    )


def count_wild_filters(example: Example, settings: MatchSettings, selectors: Selectors) -> int:
    """Return how many values of the compared headers and the compared body match anything."""
    names = {name.lower() for name in (settings.headers if selectors.headers is None else selectors.headers)}
    count = sum(
        bool(example.request.headers.get_all(name)) and is_open_header(example, name, settings)
        for name in names
        if not is_own_header(name, settings)
    )
    if not (settings.body if selectors.body is None else selectors.body):
        return count
    return count + count_open_places(example, settings, settings.wildcards and not is_recorded(example, "body"))


def is_own_header(name: str, settings: MatchSettings) -> bool:
    """Return whether a header is never compared."""
    ignored = {each.lower() for each in settings.ignore_headers | settings.key_headers}
    return name in ignored or name.startswith(("x-mock-", "x-understudy-"))


def is_open_header(example: Example, name: str, settings: MatchSettings) -> bool:
    """Return whether an example's header matches any value."""
    wildcards = settings.wildcards and not is_recorded(example, f"header {name}")
    values = [each.strip() for each in example.request.headers.get_all(name)]
    redacted = {place.name for place in example.redacted if place.part is Part.HEADER}
    return bool(values) and (name in redacted or (wildcards and bool(WILD_END.fullmatch(", ".join(values)))))


def make_table_points(request: Request, settings: MatchSettings) -> PathPoints:
    """Return a function for the points of an example's path, by every line of the path table but distance."""
    return lambda example: compute_path_points(example, request.path, settings)


def compute_path_points(example: Example, theirs: bytes, settings: MatchSettings) -> int | None:
    """Return the points of the first line of the path table that fits, or None."""
    mine, ids = fill_in(example, theirs), counts(settings.ids, example)
    wildcards = settings.wildcards and not is_recorded(example, "path")
    a, b = normal_forms.normalize_path(mine), normal_forms.normalize_path(theirs)
    short_a, short_b = a.rstrip("/"), b.rstrip("/")
    table = [
        (100, a == b),
        (95, short_a == short_b),
        (90, normal_forms.fold(a) == normal_forms.fold(b)),
        (85, normal_forms.fold(short_a) == normal_forms.fold(short_b)),
        (80, wildcards and are_equal_by_wildcards(mine, short_b)),
        (79, ids and are_equal_without_ids(a, b)),
        (75, ids and are_equal_without_ids(short_a, short_b)),
    ]
    return next((points for points, fits in table[: 1 if settings.exact_path else None] if fits), None)


def list_redacted_spans(example: Example) -> list[tuple[int, int] | None]:
    """Return where each segment of an example's path has redacted texts, from the first to the last; None without."""
    names = {place.name.encode() for place in example.redacted if place.part is Part.PATH}
    found: list[tuple[int, int] | None] = []
    for segment in normal_forms.extract_path(example.request.path).split(b"/"):
        spans = [(segment.index(name), segment.rindex(name) + len(name)) for name in names if name in segment]
        found.append((min(spans)[0], max(end for _, end in spans)) if spans else None)
    return found


def fill_in(example: Example, theirs: bytes) -> bytes:
    """Return an example's path with a request's texts in the places of the redacted ones, if all fit."""
    mine, others = (normal_forms.extract_path(path).split(b"/") for path in (example.request.path, theirs))
    if len(b"/".join(others).rstrip(b"/").split(b"/")) != len(b"/".join(mine).rstrip(b"/").split(b"/")):
        return example.request.path
    for number, span in enumerate(list_redacted_spans(example)):
        if span is not None:
            start, end = span
            tail = len(mine[number]) - end
            mine[number] = (
                mine[number][:start] + others[number][start : len(others[number]) - tail] + mine[number][end:]
                if len(others[number]) > start + tail
                else mine[number]
            )
    return b"/".join(mine)


def find_best_by_distance(
    request: Request, kept: Sequence[Example], settings: MatchSettings, selectors: Selectors
) -> Score | None:
    """Return the best score among the similar of the newest 1,000 paths with at most one other segment."""
    near: list[object] = []
    for example in sorted(kept, key=lambda one: order_id(one.id), reverse=True):
        mine = identify_path(example, settings)
        apart = list_differing_segments(example, request, settings)
        if mine not in near and apart is not None and len(apart) <= 1:
            near.append(mine)
    alike = [
        each
        for each in kept
        if identify_path(each, settings) in near[:1000] and measure_likeness(each, request, settings) >= 0.75
    ]
    scores = [compute_score(request, each, settings, selectors, lambda _: 70) for each in alike]
    return prefer(request, alike, scores, settings, selectors)


def has_wildcards(example: Example, settings: MatchSettings) -> bool:
    """Return whether a segment of an example's path is a wildcard."""
    if not settings.wildcards or is_recorded(example, "path"):
        return False
    return any(not isinstance(each, str) for each in parse_wild_segments(example.request.path))


def identify_path(example: Example, settings: MatchSettings) -> object:
    """Return what is equal for one path: its normal form, or with wildcards its segments without their names."""
    text = normal_forms.normalize_path(example.request.path)
    slashes = len(text) - len(text.rstrip("/"))
    return (tuple(parse_wild_segments(example.request.path)), slashes) if has_wildcards(example, settings) else text


def list_differing_segments(
    example: Example, request: Request, settings: MatchSettings
) -> list[tuple[str, str]] | None:
    """Return the segments that differ, without case and escapes; None for paths of another number of segments.

    None too where a wildcard does not fit.
    """
    theirs = normal_forms.fold(normal_forms.normalize_path(request.path)).split("/")
    mine: list[str | tuple[str, str]] = []
    mine += normal_forms.fold(normal_forms.normalize_path(example.request.path)).split("/")
    if has_wildcards(example, settings):
        wild = parse_wild_segments(example.request.path)
        mine[: len(wild)] = wild
    if len(mine) != len(theirs):
        return None
    wild_pairs = [(x, y) for x, y in zip(mine, theirs, strict=True) if not isinstance(x, str)]
    if not all(re.fullmatch(re.escape(x[0]) + ".+" + re.escape(x[1]), y, re.DOTALL) for x, y in wild_pairs):
        return None
    pairs = [(unescape(x), unescape(y)) for x, y in zip(mine, theirs, strict=True) if isinstance(x, str)]
    return [(x, y) for x, y in pairs if x != y]


def unescape(segment: str) -> str:
    """Return a segment with its escapes decoded."""
    return unquote(segment.encode("utf-8", "surrogateescape").decode("latin-1"), "latin-1")


def measure_likeness(example: Example, request: Request, settings: MatchSettings) -> float:
    """Return how much alike the one segment is that differs; 0 if there is none or more."""
    apart = list_differing_segments(example, request, settings)
    if apart is None or len(apart) != 1:
        return 0
    one, other = (each.encode("latin-1").decode("utf-8", "surrogateescape") for each in apart[0])
    return 1 - compute_edit_distance(one, other) / max(len(one), len(other))


def compute_edit_distance(one: str, other: str) -> int:
    """Return Levenshtein's distance, by its definition."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row = row, [at]
        for place, other_letter in enumerate(other, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (letter != other_letter)))
    return row[-1]


def are_equal_without_ids(a: str, b: str) -> bool:
    """Return whether all segments are equal, or both ids."""
    one, other = a.split("/"), b.split("/")
    return len(one) == len(other) and all(
        x == y or (normal_forms.is_id(x) and normal_forms.is_id(y)) for x, y in zip(one, other, strict=True)
    )


def parse_wild_segments(path: bytes) -> list[str | tuple[str, str]]:
    """Return each segment as a folded literal, or as prefix and suffix of a wildcard."""
    found: list[str | tuple[str, str]] = []
    for segment in normal_forms.extract_path(path).rstrip(b"/").split(b"/"):
        match = WILD.fullmatch(segment)
        prefix, suffix = (match[1] or match[4] or b"", match[3] or match[6] or b"") if match else (b"", b"")
        found.append((fold_raw_literal(prefix), fold_raw_literal(suffix)) if match else fold_raw_literal(segment))
    return found


def fold_raw_literal(raw: bytes) -> str:
    """Return a piece of a path in normal form, without case."""
    return normal_forms.fold(normal_forms.normalize_path(b"/" + raw)[1:])


def are_equal_by_wildcards(mine: bytes, theirs: str) -> bool:
    """Return whether each wildcard stands for one segment, or for what its literals leave of one."""
    expected, actual = parse_wild_segments(mine), normal_forms.fold(theirs).split("/")
    return len(expected) == len(actual) and all(
        x == y if isinstance(x, str) else re.fullmatch(re.escape(x[0]) + ".+" + re.escape(x[1]), y, re.DOTALL)
        for x, y in zip(expected, actual, strict=True)
    )


def list_example_pairs(example: Example, settings: MatchSettings, wildcards: bool) -> list[Pair]:
    """Return names and values of an example's query; None for a value that matches any."""
    redacted = {place.name for place in example.redacted if place.part is Part.QUERY}
    pairs = parse_pairs(example.request.query, redacted, wildcards)
    return [(name, value) for name, value in pairs if name not in settings.ignore_query]


def parse_pairs(raw: bytes, redacted: set[str], wildcards: bool) -> list[Pair]:
    """Return names and values of a raw query; None for a value that matches any."""
    found: list[Pair] = []
    for piece in filter(None, raw.split(b"&")):
        name, value = normal_forms.parse_query_pair(piece)
        raw_value = piece.partition(b"=")[2]
        wild = wildcards and WILD_QUERY_VALUE.fullmatch(raw_value)
        partly = PARTLY_WILD.fullmatch(raw_value) if wildcards else None
        if wild or name in redacted:
            found.append((name, None))
        elif partly:
            ends = (normal_forms.parse_query_pair(b"x=" + each)[1] for each in partly.groups())
            found.append((name, Between(*ends)))
        else:
            found.append((name, value))
    return found


def compute_query_points(request: Request, example: Example, settings: MatchSettings, wildcards: bool) -> int | None:
    """Return the points for the query, or None if it filters the example out."""
    if settings.query is QueryRule.OFF:
        return 0
    mine = list_example_pairs(example, settings, wildcards)
    theirs = [pair for pair in normal_forms.parse_query_pairs(request.query) if pair[0] not in settings.ignore_query]
    repeats = len({name for name, _ in theirs}) < len(theirs)
    is_ordered = not settings.ordered_query or not repeats or has_same_order(mine, request, settings)
    if are_same_pairs(mine, theirs) and is_ordered:
        redacted = {place.name for place in example.redacted if place.part is Part.QUERY}
        return 9 if any(not isinstance(value, str) and name not in redacted for name, value in mine) else 10
    if settings.query is QueryRule.EXACT:
        return None
    folded = [(normal_forms.fold(name), fold_value(value)) for name, value in mine]
    if are_same_pairs(folded, [(normal_forms.fold(n), normal_forms.fold(v)) for n, v in theirs]):
        return 5
    return -10 if settings.query is QueryRule.PREFER else None


def fold_value(value: str | Between | None) -> str | Between | None:
    """Return a value without case."""
    if isinstance(value, Between):
        return Between(normal_forms.fold(value.start), normal_forms.fold(value.end))
    return None if value is None else normal_forms.fold(value)


def fits_value(mine: str | Between | None, theirs: str) -> bool:
    """Return whether a value of a request fits that of an example."""
    if isinstance(mine, Between):
        return re.fullmatch(re.escape(mine.start) + ".+" + re.escape(mine.end), theirs, re.DOTALL) is not None
    return mine in (None, theirs)


def are_same_pairs(mine: Sequence[Pair], theirs: Sequence[tuple[str, str]]) -> bool:
    """Return whether some order of the request's pairs fits the example's, one by one."""
    return len(mine) == len(theirs) and any(
        all(x[0] == y[0] and fits_value(x[1], y[1]) for x, y in zip(mine, order, strict=True))
        for order in permutations(theirs)
    )


def passes_filters(request: Request, example: Example, settings: MatchSettings, selectors: Selectors) -> bool:
    """Return whether headers and body fit, where the settings or the request compare them."""
    names = settings.headers if selectors.headers is None else selectors.headers
    body = settings.body if selectors.body is None else selectors.body
    if selectors.code is None and not is_eligible(request, example, settings):
        return False
    if not all(fits_header(request, example, settings, name.lower()) for name in names):
        return False
    return not body or fits_body(request, example, ignore_rpc_id(example, settings) if settings.spy else settings)


def fits_header(request: Request, example: Example, settings: MatchSettings, name: str) -> bool:
    """Return whether one listed header has the same values; headers addressed to Understudy always fit."""
    if is_own_header(name, settings):
        return True
    mine, theirs = ([each.strip() for each in one.headers.get_all(name)] for one in (example.request, request))
    if mine and theirs and is_open_header(example, name, settings):
        redacted = {place.name for place in example.redacted if place.part is Part.HEADER}
        found = None if name in redacted else WILD_END.fullmatch(", ".join(mine))
        return ", ".join(theirs).lower().startswith(found[1].lower() if found else "")
    return (bool(mine), ", ".join(mine).lower()) == (bool(theirs), ", ".join(theirs).lower())

"""The comparison of an example's query and a request's query, and their keys (docs/matching.md, "Query")."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from operator import itemgetter

import msgspec

from understudy.matcher import normal_forms
from understudy.matcher.assignments import can_assign
from understudy.matcher.normal_forms import Pair
from understudy.matcher.scores import QueryFit
from understudy.matcher.settings import QueryRule

HIDDEN = "[redacted]"
ANY = "[any]"

Pairs = tuple[Pair, ...]
QueryKey = tuple[tuple[str, str | None], ...]


def select_pairs(query: bytes, ignored: frozenset[str], *, ordered: bool = False) -> Pairs:
    """Return the pairs of a raw query that count; if `ordered`, the values of a repeated name keep their order."""
    pairs = normal_forms.parse_ordered_pairs(query) if ordered else normal_forms.parse_query_pairs(query)
    return tuple(pair for pair in pairs if pair[0] not in ignored) if ignored else pairs


def fold_pairs(pairs: Pairs) -> Pairs:
    """Return the pairs without case, sorted again."""
    return tuple(sorted((normal_forms.fold(name), normal_forms.fold(value)) for name, value in pairs))


def find_repeats(pairs: Pairs) -> Pairs:
    """Return the pairs whose names occur more than once, sorted by name; the values of one name keep their order."""
    counts = Counter(name for name, _ in pairs)
    return tuple(sorted((pair for pair in pairs if counts[pair[0]] > 1), key=itemgetter(0)))


def build_query_key(pairs: Pairs, open_names: frozenset[str]) -> QueryKey:
    """Return the sorted pairs with the values of these names left open: equal queries have equal keys."""
    if not open_names:
        return pairs
    closed = [pair for pair in pairs if pair[0] not in open_names]
    opened = sorted(name for name, _ in pairs if name in open_names)
    return (*closed, *((name, None) for name in opened))


class OpenValue(msgspec.Struct, frozen=True, order=True):
    """A value of a query parameter with a wildcard between two literals, one of which may be empty."""

    name: str
    start: str
    end: str

    @property
    def text(self) -> str:
        """The value for people."""
        return f"{self.start}{ANY}{self.end}"

    def fits(self, value: str) -> bool:
        """Return whether a value has both literals, and at least one character between them."""
        is_long = len(value) > len(self.start) + len(self.end)
        return is_long and value.startswith(self.start) and value.endswith(self.end)

    def fold(self) -> OpenValue:
        """Return it without case."""
        return OpenValue(*map(normal_forms.fold, (self.name, self.start, self.end)))


class QueryPattern(msgspec.Struct, frozen=True):
    """An example's query: pairs with a value, and the names of those that match any value, once for each.

    `literals` are those of the open values that match only between literals. `repeats` are the pairs of repeated names
    without an open value, in their order. `has_wildcards`: some value is open because of a wildcard, not of redaction.
    """

    pairs: Pairs
    wild: tuple[str, ...] = ()
    repeats: Pairs = ()
    literals: tuple[OpenValue, ...] = ()
    has_wildcards: bool = False

    @classmethod
    def of(
        cls,
        query: bytes,
        redacted: frozenset[str],
        ignored: frozenset[str],
        *,
        wildcards: bool,
        ordered: bool = False,
        colons: bool = False,
    ) -> QueryPattern:
        """Compile a raw query: values of `redacted` names match anything, `ignored` names do not count.

        If `colons`, the value `:name` is a wildcard too, and `{{name}}` between literals, as in the query of a URL.
        If `ordered`, the order of the values of a repeated name counts.
        """
        if not query:
            return NO_QUERY
        pairs: list[Pair] = []
        wild: list[str] = []
        literals: list[OpenValue] = []
        for piece in filter(None, query.split(b"&")):
            name, value = normal_forms.parse_query_pair(piece)
            if name in ignored:
                continue
            ends = _parse_wild(piece.partition(b"=")[2], colons=colons) if wildcards else None
            if name in redacted or ends is not None:
                wild.append(name)
            else:
                pairs.append((name, value))
            if ends is not None and any(ends) and name not in redacted:
                literals.append(OpenValue(name, *ends))
        repeats = find_repeats(tuple(pair for pair in pairs if pair[0] not in wild)) if len(pairs) > 1 else ()
        in_order = tuple(sorted(pairs, key=itemgetter(0) if ordered else None))
        has_wildcards = not redacted.issuperset(wild)
        return cls(in_order, tuple(sorted(wild)), repeats, tuple(sorted(literals)), has_wildcards)

    @property
    def open_names(self) -> frozenset[str]:
        """The names of which at least one value matches anything."""
        return frozenset(self.wild)

    @property
    def is_keyed(self) -> bool:
        """Whether an equal key proves an equal query: no name has an open value and one that is spelled out."""
        if self.literals or not self.wild:
            return not self.literals
        folded = set(map(normal_forms.fold, self.wild))
        return len(folded) == len(set(self.wild)) and folded.isdisjoint(
            normal_forms.fold(name) for name, _ in self.pairs
        )

    def build_key(self) -> QueryKey:
        """Return the key that every equal request has for `open_names`."""
        pairs = (*self.pairs, *((name, "") for name in self.wild))
        return build_query_key(pairs, self.open_names)

    def fold(self) -> QueryPattern:
        """Return the pattern without case."""
        wild = tuple(sorted(map(normal_forms.fold, self.wild)))
        literals = tuple(each.fold() for each in self.literals)
        return QueryPattern(fold_pairs(self.pairs), wild, (), literals, self.has_wildcards)

    def compute_fit(self, pairs: Pairs, rule: QueryRule) -> QueryFit | None:
        """Return how well a request's pairs fit; None if the rule filters the example out.

        Under EXACT, a query that is equal only without case is unequal.
        """
        if rule is QueryRule.OFF:
            return QueryFit.OFF
        if self.covers(pairs):
            return QueryFit.WILD if self.has_wildcards else QueryFit.EQUAL
        if rule is QueryRule.EXACT:
            return None
        if self.fold().covers(fold_pairs(pairs)):
            return QueryFit.FOLDED
        return QueryFit.UNEQUAL if rule is QueryRule.PREFER else None

    def covers(self, pairs: Pairs) -> bool:
        """Return whether the pairs are exactly these: every value spelled out, and one more for each open name."""
        if not self.wild:
            return self.pairs == pairs
        open_names = self.open_names
        mine, theirs = ([pair for pair in each if pair[0] not in open_names] for each in (self.pairs, pairs))
        if mine != theirs:
            return False
        rest = Counter(pairs)
        rest.subtract(Counter(self.pairs))
        if any(count < 0 for count in rest.values()):
            return False
        is_complete = Counter(name for name, _ in rest.elements()) == Counter(self.wild)
        return is_complete and (not self.literals or _can_assign(self.literals, list(rest.elements())))

    def list_unfit(self, pairs: Iterable[Pair]) -> list[OpenValue]:
        """Return the open values between literals that none of these pairs fits, each pair taken once."""
        left = list(pairs)
        unfit: list[OpenValue] = []
        # The one with more literals leaves fewer choices, so it comes first.
        for each in sorted(self.literals, key=lambda one: len(one.start) + len(one.end), reverse=True):
            found = next((pair for pair in left if pair[0] == each.name and each.fits(pair[1])), None)
            if found is None:
                unfit.append(each)
            else:
                left.remove(found)
        return unfit

    def has_same_order(self, repeats: Pairs) -> bool:
        """Return whether the repeated values of an equal query come in the same order, where none is open."""
        open_names = self.open_names
        return self.repeats == tuple(pair for pair in repeats if pair[0] not in open_names)

    def list_differences(self, pairs: Pairs, redacted: frozenset[str]) -> tuple[list[str], list[str]]:
        """Return the pairs of the example alone and of the request alone, as `name=value`, without redacted values."""
        mine, theirs = Counter(self.pairs), Counter(pairs)
        missing = [f"{name}={HIDDEN if name in redacted else value}" for name, value in (mine - theirs).elements()]
        extra: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in (theirs - mine).elements():
            extra[name].append(HIDDEN if name in redacted else value)
        unfit = self.list_unfit((theirs - mine).elements())
        missing += [f"{each.name}={each.text}" for each in unfit]
        for name, count in (Counter(self.wild) - Counter(each.name for each in unfit)).items():
            open_values = extra.get(name, [])
            missing += [f"{name}={HIDDEN if name in redacted else ANY}"] * (count - len(open_values))
            del open_values[:count]
        return missing, [f"{name}={value}" for name, values in extra.items() for value in values]


NO_QUERY = QueryPattern(())


def _parse_wild(value: bytes, *, colons: bool) -> tuple[str, str] | None:
    if colons:
        return normal_forms.parse_wild_query_value(value)
    return ("", "") if normal_forms.is_wild_value(value) else None


def _can_assign(literals: tuple[OpenValue, ...], pairs: list[Pair]) -> bool:
    """Return whether each of the open values fits a pair of its own."""
    return can_assign(
        [[at for at, pair in enumerate(pairs) if pair[0] == one.name and one.fits(pair[1])] for one in literals]
    )

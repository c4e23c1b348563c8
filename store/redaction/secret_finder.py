"""Find secrets in values and texts, by name, by form and by earlier finds, and replace them by placeholders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from math import inf
from typing import NamedTuple
from urllib.parse import quote_plus

from understudy.store.redaction.placeholders import PATTERN, PlaceholderFactory
from understudy.store.redaction.recognition.markup_values import find_in_markup
from understudy.store.redaction.recognition.meanings import shows_other_meaning
from understudy.store.redaction.recognition.named_values import (
    Coding,
    NamedValue,
    find_beside_markup,
    find_in_text,
    find_in_value,
)
from understudy.store.redaction.recognition.secret_values import is_filler, is_reference, looks_like_secret
from understudy.store.redaction.recognition.seen_secrets import SeenSecrets
from understudy.store.redaction.rules import ANYWHERE, Rules
from understudy.store.redaction.secret_names import (
    Secrecy,
    classify_container,
    classify_name,
    json_may_have_secret_names,
    may_have_secret_names,
)
from understudy.store.redaction.secret_patterns import SecretPatterns, drop_overlaps
from understudy.store.redaction.text_edits import apply_edits


class FoundEdit(NamedTuple):
    """Start and end of a secret in a text, and its replacement.

    `pattern` is the one that found it; "" if its value is known. `element` is the place of the XML element whose text
    it is; "" for other secrets.
    """

    start: int
    end: int
    new: str
    pattern: str
    element: str = ""


# Characters that stay unescaped in forms, and in queries as clients write them.
SAFE_IN_PAIRS = "-._~!$'()*,;:@/?"

# Segments of paths before a token in a link of a mail.
_BEFORE_TOKENS = frozenset({"reset", "verify", "activate", "confirm", "magic-link", "unsubscribe", "invite"})

# RFC 9110, sections 11.6.2 and 11.7.2.
_CREDENTIAL_FIELDS = frozenset({"authorization", "proxy-authorization"})


class SecretFinder:
    """A search for secrets by `rules` and, with `built_in`, by the built-in names and patterns.

    With `remembers` a secret that was found once is recognised later as a whole value under any name, such as a token
    of a response that a request sends back. Without `remembers` a finder does not change.
    """

    def __init__(
        self, rules: Rules, placeholder: PlaceholderFactory, *, built_in: bool = True, remembers: bool = False
    ) -> None:
        self.rules = rules
        self.built_in = built_in
        self.has_json_rules = bool(rules.json)
        self._placeholder = placeholder
        self._remembers = remembers
        self._seen = SeenSecrets()
        self._patterns = SecretPatterns(rules.patterns, built_in=built_in)
        self._anywhere = frozenset(path[len(ANYWHERE) :] for path in rules.json if path.startswith(ANYWHERE))
        self._paths = tuple(path for path in sorted(rules.json) if not path.startswith(ANYWHERE))

    def copy_for_comparing(self, places: Rules, placeholder: PlaceholderFactory) -> SecretFinder:
        """Return a finder that finds the same secrets, and these places and all placeholders too."""
        rules = self.rules | places | Rules(patterns=(PATTERN,))
        other = SecretFinder(rules, placeholder, built_in=self.built_in)
        other._seen = self._seen
        return other

    def copy_for_display(self, placeholder: PlaceholderFactory) -> SecretFinder:
        """Return a finder that finds the same secrets, including those this one finds later, and adds none itself."""
        other = SecretFinder(self.rules, placeholder, built_in=self.built_in)
        other._seen = self._seen
        return other

    def classify_header(self, name: str) -> Secrecy:
        """Return how secret the whole value of the header field with this name, in lower case, is."""
        if name in self.rules.headers or (self.built_in and name in _CREDENTIAL_FIELDS):
            return Secrecy.ALWAYS
        return self.classify_json_name(name)

    def classify_field(self, name: str) -> Secrecy:
        """Return how secret the value of the query parameter or form field with this name is."""
        return Secrecy.ALWAYS if name in self.rules.query else self.classify_json_name(name)

    def classify_json_name(self, name: str) -> Secrecy:
        """Return how secret a value under this name of a JSON object is."""
        return classify_name(name) if self.built_in else Secrecy.NONE

    def classify_json_container(self, name: str) -> Secrecy:
        """Return how secret the texts directly below this name of a JSON object are."""
        return classify_container(name) if self.built_in else Secrecy.NONE

    def classify_segment(self, segment: str) -> Secrecy:
        """Return how secret the segment of a path after this one is: `/reset-password/k3J...`."""
        if not self.built_in or (segment.lower() not in _BEFORE_TOKENS and not classify_name(segment)):
            return Secrecy.NONE
        return Secrecy.BY_LOOKS

    def has_rule_for(self, name: str | None, path: str) -> bool:
        """Whether a rule names this place of a JSON document, or a container of it."""
        return name in self._anywhere or any(
            path == rule or path.startswith((f"{rule}.", f"{rule}[")) for rule in self._paths
        )

    def may_find_in_json(self, body: bytes) -> bool:
        """Whether a JSON document may contain a secret: a fast check."""
        if self.has_json_rules or (self.built_in and json_may_have_secret_names(body)):
            return True
        return self.may_find_in_values(body.decode("latin-1"))

    def may_find_in(self, text: str) -> bool:
        """Whether a text may contain a secret, whatever its name: a fast check."""
        return (self.built_in and "=" in text) or self.may_find_in_values(text)

    def may_find_in_values(self, text: str) -> bool:
        """Whether the values of a document may contain a secret of a known form, or an earlier find."""
        return self._patterns.may_match(text) or self._seen.may_occur(text)

    def find_suspects(self, text: str) -> Iterator[float]:
        """Yield, in order, where in a JSON text secrets of a known form and earlier finds begin; then infinity.

        Values with escapes may contain others. If a pattern needs the ends of a value, all values may contain secrets:
        minus infinity is yielded.
        """
        if self._patterns.may_need_ends:
            yield -inf
        yield from sorted(start for start, *_ in self._patterns.find_spans(text) + self._seen.find_spans(text))
        yield inf

    def redact_value(self, value: str, secrecy: Secrecy) -> str | None:
        """Return the value without its secrets, None if it contains no secret.

        All of the value is a secret if its name tells; otherwise only what its form or an earlier find tells.
        """
        if value and is_secret(secrecy, value):
            return self.replace_secret(value)
        if value in self._seen:
            return self._placeholder(value)
        is_compound = self.built_in and ("=" in value or ('"' in value and ":" in value))
        edits = self._merge(self._find_named(find_in_value(value)) if is_compound else [], value)
        return apply_edits(value, [edit[:3] for edit in edits]) if edits else None

    def redact_cookie(self, value: str) -> str | None:
        """Return the placeholder of the value of a cookie, None if it is empty.

        Cookies also hold languages and colours: only a value that looks like a secret is remembered.
        """
        if not value or looks_like_secret(value):
            return self.replace_secret(value) if value else None
        return self._placeholder(value)

    def find_edits(self, text: str) -> list[FoundEdit]:
        """Return the edits that redact a text by names, forms, and earlier finds, in order and without overlap."""
        may_have_names = self.built_in and may_have_secret_names(text.encode("utf-8", "surrogatepass"))
        return self._merge(self._find_named(self._find_values(text)) if may_have_names else [], text)

    def _find_values(self, text: str) -> Iterator[NamedValue]:
        if not text.lstrip("\ufeff \t\r\n").startswith("<"):
            return find_in_text(text)
        return chain(find_beside_markup(text), find_in_markup(text, lambda name: bool(self.classify_field(name))))

    def find_form_edits(self, text: str) -> list[FoundEdit]:
        """Return the edits that redact a text by forms and earlier finds alone."""
        return self._merge([], text)

    def _merge(self, named: list[FoundEdit], text: str) -> list[FoundEdit]:
        by_form = self._patterns.find_spans(text)
        seen = [(*span, "") for span in self._seen.find_spans(text)]
        if not (named or by_form or seen):
            return []
        by_place = {edit[:2]: edit for edit in reversed(named)}
        # Of equal spans the first counts: a pattern also finds another secret in a later request.
        spans = [*((edit.start, edit.end, edit.pattern) for edit in named), *by_form, *seen]
        return [
            by_place.get((start, end)) or FoundEdit(start, end, self.replace_secret(text[start:end]), pattern)
            for start, end, pattern in drop_overlaps(spans)
        ]

    def _find_named(self, values: Iterable[NamedValue]) -> list[FoundEdit]:
        edits: list[FoundEdit] = []
        for found in values:
            secrecy = self.classify_field(found.name)
            if found.is_loose:
                secrecy = min(secrecy, Secrecy.BY_LOOKS)
            if not (found.value and secrecy and is_secret(secrecy, found.value)) or is_filler(found.value):
                continue
            if found.value == found.name.rpartition(".")[2]:  # `self.password = password` in a program
                continue
            if secrecy is Secrecy.BY_LOOKS and shows_other_meaning(found.name, found.siblings):
                continue
            new = _write(self.replace_secret(found.value), found.coding)
            edits.append(FoundEdit(found.start, found.end, new, found.pattern, found.element))
        return edits

    def remembers(self, secret: str) -> bool:
        """Whether this secret is recognised by its value alone."""
        return secret in self._seen

    def replace_secret(self, secret: str) -> str:
        """Return the placeholder of a secret, and remember the secret if this finder remembers."""
        placeholder = self._placeholder(secret)
        if self._remembers and placeholder != secret:
            self._seen.add(secret)
        return placeholder


def is_secret(secrecy: Secrecy, value: str) -> bool:
    """Whether a value is a secret under a name of this secrecy."""
    if secrecy is Secrecy.ALWAYS:
        return not is_reference(value)
    return secrecy is Secrecy.BY_LOOKS and looks_like_secret(value)


def _write(placeholder: str, coding: Coding) -> str:
    if coding is Coding.URL:
        return quote_plus(placeholder, SAFE_IN_PAIRS)
    return escape(placeholder) if coding is Coding.MARKUP else placeholder

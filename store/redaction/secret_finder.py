"""Find secrets in values and texts, by name, by form and by earlier finds, and replace them by placeholders."""

from __future__ import annotations

import re

from understudy.store.redaction.placeholders import PATTERN, PlaceholderFactory
from understudy.store.redaction.rules import ANYWHERE, Rules
from understudy.store.redaction.secret_names import has_secret_texts, is_secret_name, may_have_secret_names
from understudy.store.redaction.secret_patterns import SecretPatterns, drop_overlaps
from understudy.store.redaction.text_edits import apply_edits

REMEMBERED = 10_000
"""The number of earlier secrets that are recognised by their value alone."""

# A secret is recognised by its value alone only if it cannot be a word or number with another meaning.
_UNMISTAKABLE = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[!#-%(-+\--:=?-\[\]-~]{12,4096}")
# The runs in a JSON document that can be such a secret: between quotes and other characters that it cannot contain.
_RUN = re.compile(r"[!#-%(-+\--:=?-\[\]-~]{12,}")
# A slash may be part of a secret or its end, in paths and in the texts of logs.
_WORDS = (re.compile(r"[A-Za-z0-9+/_.~=-]{12,4096}"), re.compile(r"[A-Za-z0-9_~-]{12,4096}"))


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
        self._seen: dict[str, None] = {}
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

    def is_secret_header(self, name: str) -> bool:
        """Whether the whole value of the header field with this name, in lower case, is secret."""
        return name in self.rules.headers or (self.built_in and is_secret_name(name))

    def is_secret_field(self, name: str) -> bool:
        """Whether the value of the query parameter or form field with this name is secret."""
        return name in self.rules.query or (self.built_in and is_secret_name(name))

    def is_secret_json_name(self, name: str, *, text: bool) -> bool:
        """Whether a text or a number under this name of a JSON object is secret."""
        return self.built_in and (has_secret_texts(name) if text else is_secret_name(name))

    def has_rule_for(self, name: str | None, path: str) -> bool:
        """Whether a rule names this place of a JSON document, or a container of it."""
        return name in self._anywhere or any(
            path == rule or path.startswith((f"{rule}.", f"{rule}[")) for rule in self._paths
        )

    def may_find_in_json(self, body: bytes) -> bool:
        """Whether a JSON document may contain a secret: a fast check without false negatives."""
        if self.has_json_rules or (self.built_in and may_have_secret_names(body)):
            return True
        return self.may_find_in_values(body.decode("latin-1"))

    def may_find_in(self, text: str) -> bool:
        """Whether a text may contain a secret, whatever its name: a fast check without false negatives."""
        return bool(self._seen) or self._patterns.may_match(text)

    def may_find_in_values(self, text: str) -> bool:
        """Whether the values of a JSON document may contain a secret: as `may_find_in`, but exact for earlier finds.

        Documents are long, so looking for earlier secrets is worth its time.
        """
        if self._patterns.may_match(text):
            return True
        return bool(self._seen) and ("\\" in text or not self._seen.keys().isdisjoint(_RUN.findall(text)))

    def redact_value(self, value: str, *, secret: bool) -> str | None:
        """Return the value without its secrets, None if it contains no secret; with `secret` all of it is one."""
        if secret and value:
            return self.replace_secret(value)
        if value in self._seen:
            return self._placeholder(value)
        spans = self._patterns.find_spans(value)
        edits = [(start, end, self.replace_secret(value[start:end])) for start, end, _ in spans]
        return apply_edits(value, edits) if edits else None

    def find_spans(self, text: str) -> list[tuple[int, int, str]]:
        """Return start and end of each secret in a text, in order, with the pattern that found it.

        The pattern is "" for a secret that was recognised by its value.
        """
        spans = self._patterns.find_spans(text)
        if self._seen:
            matching = (pattern for pattern in _WORDS if not self._seen.keys().isdisjoint(pattern.findall(text)))
            words = (word for pattern in matching for word in pattern.finditer(text))
            seen = [(*word.span(), "") for word in words if word[0] in self._seen]
            return drop_overlaps([*spans, *seen])
        return spans

    def replace_secret(self, secret: str) -> str:
        """Return the placeholder of a secret, and remember the secret if this finder remembers."""
        placeholder = self._placeholder(secret)
        if self._remembers and secret not in self._seen and placeholder != secret and _UNMISTAKABLE.fullmatch(secret):
            if len(self._seen) >= REMEMBERED:
                del self._seen[next(iter(self._seen))]
            self._seen[secret] = None
        return placeholder

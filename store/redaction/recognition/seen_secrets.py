"""Secrets that were found before, recognised by their value alone."""

from __future__ import annotations

import re

from understudy.store.redaction.recognition.secret_values import is_certainly_secret

REMEMBERED = 10_000
"""The number of earlier secrets that are recognised by their value alone."""

_RUN = re.compile(r"[A-Za-z0-9]{3,}")


class SeenSecrets:
    """The last secrets that were found, for a search that does not depend on their number.

    They are indexed by their longest run of letters and digits, which is a whole run also in a text that contains the
    secret between other characters.
    """

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._by_run: dict[str, list[str]] = {}

    def __contains__(self, value: str) -> bool:
        return value in self._secrets

    def add(self, secret: str) -> None:
        """Remember the secret, if its value alone shows that it is one; forget the oldest of too many."""
        if secret in self._secrets or not is_certainly_secret(secret):
            return
        run = max(_RUN.findall(secret), key=len, default="")
        if not run:
            return
        if len(self._secrets) >= REMEMBERED:
            self._forget(next(iter(self._secrets)))
        self._secrets[secret] = run
        self._by_run.setdefault(run, []).append(secret)

    def may_occur(self, text: str) -> bool:
        """Whether a text may contain one of the secrets: a fast check without false negatives."""
        return bool(self._by_run) and not self._by_run.keys().isdisjoint(_RUN.findall(text))

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of each secret that stands between characters that are no letters or digits."""
        if not self._by_run:
            return []
        runs = self._by_run.keys() & set(_RUN.findall(text))
        secrets = (secret for run in runs for secret in self._by_run[run])
        return [span for secret in secrets for span in _find_whole(secret, text)]

    def _forget(self, secret: str) -> None:
        run = self._secrets.pop(secret)
        remaining = [other for other in self._by_run[run] if other != secret]
        if remaining:
            self._by_run[run] = remaining
        else:
            del self._by_run[run]


def _find_whole(secret: str, text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = text.find(secret)
    while start >= 0:
        end = start + len(secret)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            spans.append((start, end))
        start = text.find(secret, end)
    return spans

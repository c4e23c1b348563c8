"""The headings under which help lists the options of a command that has many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

Record = tuple[str, str]
"""An option as help writes it, and its text."""

OTHERS = "Options"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Selection": (
        *("mock", "session", "collection", "requests", "entries", "filters", "search"),
        *("date", "tz", "since", "until", "before", "after", "limit", "keep_secrets"),
    ),
    "Request": ("method", "path", "request_query", "request_headers", "removed_request_headers", "request_body"),
    "Response": ("status", "body", "headers", "removed", "templates"),
    "Listening": ("listen", "port", "host", "certfile", "keyfile", "workers", "allow_remote"),
    "Starting": ("ready_file", "detach", "log_file"),
    "Upstream": ("upstream", "upstream_ca", "resolve", "insecure", "client_cert", "parent_proxy"),
    "Recording": ("on_loss", "sync", "large_body", "max_body", "redact", "ignore_host"),
    "Matching": (
        *("match_body", "body_rule", "header_rule", "subset", "query", "wildcards", "ids", "distance", "match_header"),
        *("ignore_query", "ignore_header", "ignore_body", "no_match_header", "no_ignore_query", "no_ignore_header"),
        *("no_ignore_body", "usual_ids", "usual_distance"),
    ),
    "Answers": (
        *("once", "replay_failures", "hold", "miss", "seed", "explain_header", "no_shift_dates", "no_rewrite"),
        *("rewrite_bodies", "cors", "private"),
    ),
    "Delays, faults and pace": (
        *("delay", "no_delay", "bytes_per_second", "no_bytes_per_second", "fault", "no_fault", "rate_limit"),
        *("no_rate_limit", "timing", "no_timing"),
    ),
    "COMMAND": ("java_truststore", "no_env", "allow_misses"),
}
"""The names of options, as parameters of commands, by heading; all others come first, without one of their own."""


def group_options(options: Iterable[tuple[str, Record]]) -> list[tuple[str, list[Record]]]:
    """Return the options of a command, each with the name of its parameter, by heading."""
    headings = {name: heading for heading, names in GROUPS.items() for name in names}
    grouped: defaultdict[str, list[Record]] = defaultdict(list)
    for name, record in options:
        grouped[headings.get(name, OTHERS)].append(record)
    return [(heading, grouped[heading]) for heading in (*GROUPS, OTHERS) if heading in grouped]

"""GraphQL requests compared by what they ask: the query however it is laid out, its variables, its operation's name."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LENGTH = 64 * 1024  # longer queries are compared as text: graphql-core is slow, and no client writes such
MAX_DEPTH = 48  # so are deeper ones: the parser is recursive, and must not depend on the stack it is called from

_BRACKET = re.compile(r"[{}()\[\]]")


def normalize_graphql(value: object) -> dict[str, object] | None:
    """A JSON request that holds GraphQL, in normal form (graphql.github.io/graphql-over-http, "Request parameters").

    No variables are the same as none needed, no operation name is `null`; other members do not count. None for what
    holds no GraphQL.
    """
    if not isinstance(value, dict) or not isinstance(value.get("query"), str):
        return None
    query = normalize_query(value["query"])
    if query is None:
        return None
    variables = value.get("variables")
    return {
        "operationName": value.get("operationName"),
        "query": query,
        "variables": None if variables == {} else variables,
    }


def normalize_query(text: str) -> str | None:
    """The query without the liberties of its layout; None if it is no executable document, or too long or deep."""
    if "{" not in text or len(text) > MAX_LENGTH or _is_too_deep(text):
        return None
    return _print_query(text)


@lru_cache(maxsize=256)
def _print_query(text: str) -> str | None:
    # A tenth of a second to import, so only where a query is met.
    from graphql import ExecutableDefinitionNode, GraphQLError, parse, print_ast

    try:
        document = parse(text, no_location=True)
    except GraphQLError:
        return None
    if not all(isinstance(definition, ExecutableDefinitionNode) for definition in document.definitions):
        return None
    return print_ast(document)


def _is_too_deep(text: str) -> bool:
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found[0] in "{([" else -1
        if depth > MAX_DEPTH:
            return True
    return False

"""Normal forms of GraphQL requests: query without its layout, variables, operation name."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LENGTH = 64 * 1024  # characters; longer queries are compared as text: graphql-core is slow, clients send no such
MAX_DEPTH = 48  # deeper ones are compared as text too: the parser recurses, and must not depend on the caller's stack

_BRACKET = re.compile(r"[{}()\[\]]")


def normalize_graphql(value: object) -> dict[str, object] | None:
    """Return the normal form of a JSON value that is a GraphQL request; None for any other value.

    Empty variables equal missing ones, a missing operation name is `null`, and other members do not count
    (graphql.github.io/graphql-over-http, "Request parameters").
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
    """Return a query in uniform layout; None if it is not an executable document, or too long or deep."""
    if "{" not in text or len(text) > MAX_LENGTH or _is_too_deep(text):
        return None
    return _print_query(text)


@lru_cache(maxsize=256)
def _print_query(text: str) -> str | None:
    # The import takes a tenth of a second, so it waits for the first query.
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


_TEXT = re.compile(r'"""(?:[^"]|"(?!""))*"""|"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"\s*(?:(?:query|mutation|subscription)\s+(\w+)|[^{]*\{\s*(\w+))")


def blank_texts(query: str) -> str:
    """Return a query in uniform layout with every text that it spells out left empty."""
    return _TEXT.sub('""', query)


def name_operation(query: str) -> str:
    """Return the name of the first operation of a query in uniform layout, or its first field."""
    found = _NAME.match(query)
    return found[1] or found[2] if found else ""

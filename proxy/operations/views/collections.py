"""Collections, examples and environments as JSON."""

from __future__ import annotations

from typing import Any

from understudy.proxy.operations.collections.collections import CollectionContents
from understudy.proxy.operations.collections.environments import EnvironmentUse
from understudy.proxy.operations.collections.examples import ExampleContents
from understudy.proxy.operations.views.behaviours import behaviour_json
from understudy.proxy.operations.views.messages import iso_time, request_json, response_json
from understudy.store.model.collections import Example
from understudy.store.repositories.collections import CollectionSummary


def collection_json(summary: CollectionSummary) -> dict[str, Any]:
    """Return a collection with its variables and its numbers of requests and examples."""
    collection = summary.collection
    return {
        "id": collection.id,
        "name": collection.name,
        "created_at": iso_time(collection.created_at),
        "variables": dict(collection.variables),
        "requests": summary.items,
        "examples": summary.examples,
    }


def collection_contents_json(contents: CollectionContents) -> dict[str, Any]:
    """Return a collection with the names of its examples and of their requests."""
    names = {item.id: item.name for item in contents.items}
    examples = [{"id": one.id, "name": one.name, "request": names[one.item_id]} for one in contents.examples]
    return {**collection_json(contents.summary), "example_list": examples}


def example_json(example: Example) -> dict[str, Any]:
    """Return an example without its messages."""
    return {
        "id": example.id,
        "name": example.name,
        "method": example.request.method,
        "host": example.request.origin.authority if example.request.origin else None,
        "url": example.request.url,
        "status": example.response.status,
        "sequence": example.sequence,
        "edited": example.edited,
        "templates": example.templates,
        **behaviour_json(example.behaviour),
        "redacted": [{"part": place.part, "name": place.name} for place in sorted(example.redacted)],
    }


def example_contents_json(contents: ExampleContents) -> dict[str, Any]:
    """Return an example with its request and its response."""
    return {
        **example_json(contents.example),
        "request": request_json(contents.example.request, contents.request_body),
        "response": response_json(contents.example.response, contents.response_body),
    }


def environment_json(use: EnvironmentUse) -> dict[str, Any]:
    """Return an environment with its variables and the names of the mock servers that use it."""
    environment = use.environment
    return {
        "id": environment.id,
        "name": environment.name,
        "variables": dict(environment.variables),
        "used_by": list(use.used_by),
    }

"""The labelled places: every secret is found, and nearly nothing else is touched."""

from __future__ import annotations

import pytest

from tests.unit.store.redaction.labelled_api_places import API_SHAPES
from tests.unit.store.redaction.labelled_places import SHAPES, Shape
from tests.unit.store.redaction.labelled_service_places import SERVICE_SHAPES
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.redaction.placeholders import Placeholders
from understudy.store.redaction.redactor import Redactor

ALL_SHAPES = (*SHAPES, *API_SHAPES, *SERVICE_SHAPES)
MOST_TOUCHED = 0.01
"""The share of harmless places that may be touched."""


def redact(shape: Shape) -> str:
    redactor = Redactor(placeholder=Placeholders(b"k"), remembers=True)
    if shape.part == "target":
        return redactor.redact_request(Request("GET", shape.text.encode()), b"")[0].target.decode()
    kind, _, name = shape.part.partition(" ")
    if kind == "header":
        response = Response(200, Headers.of([(name, shape.text)]))
        return str(redactor.redact_response(response, b"")[0].headers.get(name))
    body = shape.text.encode()
    redacted = redactor.redact_response(Response(200, Headers.of([("Content-Type", shape.part)]), body), body)[0].body
    assert isinstance(redacted, bytes)
    return redacted.decode()


def test_the_set_is_large_enough_and_its_values_stand_in_their_texts() -> None:
    labelled = [(shape, value) for shape in ALL_SHAPES for value in (*shape.secret, *shape.harmless)]
    assert len(labelled) >= 1000
    assert [value for shape, value in labelled if value not in shape.text] == []


@pytest.mark.parametrize("shape", ALL_SHAPES, ids=lambda shape: shape.name)
def test_every_secret_is_found(shape: Shape) -> None:
    redacted = redact(shape)
    assert [value for value in shape.secret if value in redacted] == []


def test_nearly_no_harmless_place_is_touched() -> None:
    redacted = [(shape, redact(shape)) for shape in ALL_SHAPES]
    touched = [(shape.name, value) for shape, text in redacted for value in shape.harmless if value not in text]
    assert len(touched) <= MOST_TOUCHED * sum(len(shape.harmless) for shape in ALL_SHAPES), touched

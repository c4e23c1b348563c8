"""Responses with templates, which are parsed when an index is compiled and filled in for each request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import time

from understudy.matcher.decision import Decision
from understudy.matcher.parts.candidate import BodyLoader
from understudy.serving.templates.dynamic_variables import prepare
from understudy.serving.templates.parser import Template, TemplateValues, parse_template
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.request_values import LiveRequest
from understudy.store.content_codings import remove_codings
from understudy.store.errors import UnderstudyError
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Response
from understudy.store.model.values import replace

# A line end in a value would start another header (RFC 9110, section 5.5); other control characters are invalid too.
_NO_CONTROLS = dict.fromkeys((*range(9), *range(10, 32), 127))


@dataclass(frozen=True, slots=True)
class ResponseTemplate:
    """The templates of a response: one, or None, for each header in order, and for the body."""

    headers: tuple[Template | None, ...]
    body: Template | None

    @classmethod
    def of(cls, response: Response, body: bytes) -> ResponseTemplate | None:
        """Parse a response with this body; None if it has no fields.

        Its body can be a template if it is UTF-8 without its content codings.
        """
        headers = tuple(parse_template(value.decode("latin-1")) for _, value in response.headers.fields)
        text = _decode_text(response.headers, body)
        parsed = parse_template(text, in_json=_is_json(response.headers)) if text is not None else None
        return cls(headers, parsed) if parsed or any(headers) else None

    @property
    def names(self) -> frozenset[str]:
        """The names of its fields."""
        return frozenset().union(*(template.names for template in (*self.headers, self.body) if template))

    def fill(self, response: Response, values: TemplateValues) -> Response:
        """Return the response with its fields filled in; a body that is filled in has no content coding."""
        fields = zip(response.headers.fields, self.headers, strict=True)
        headers = Headers(
            tuple((name, _fill_header(template, values) if template else value) for (name, value), template in fields)
        )
        if self.body is None:
            return replace(response, headers=headers)
        body = self.body.fill(values).encode("utf-8", "replace")
        return replace(response, headers=headers.drop(("content-encoding",)), body=body, chunks=())


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of an index by example id, with their variables and random values."""

    by_example: Mapping[str, ResponseTemplate] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    random_source: RandomSource = field(default_factory=lambda: RandomSource(time))

    def apply(self, example: Example, decision: Decision) -> Example:
        """Return the example with its template filled in for a request; the same object if it is not a template."""
        template = self.by_example.get(example.id)
        if template is None:
            return example
        values = TemplateValues(
            LiveRequest(decision.request),
            self.random_source.next(example.name),
            self.random_source.now(),
            self.variables,
            decision.captures,
        )
        return replace(example, response=template.fill(example.response, values))


def compile_templates(examples: Iterable[Example], load_body: BodyLoader) -> dict[str, ResponseTemplate]:
    """Parse the templates among examples, by id, and load the modules that their fields need.

    It reads the bodies of examples with `templates` only. A body that cannot be read is skipped: its answer fails.
    """
    templates: dict[str, ResponseTemplate] = {}
    for example in examples:
        template = _compile_template(example, load_body) if example.templates else None
        if template is not None:
            prepare(template.names)
            templates[example.id] = template
    return templates


def _compile_template(example: Example, load_body: BodyLoader) -> ResponseTemplate | None:
    try:
        return ResponseTemplate.of(example.response, load_body(example.response.body))
    except (UnderstudyError, OSError):
        return None


def _decode_text(headers: Headers, body: bytes) -> str | None:
    plain = remove_codings(",".join(headers.get_all("content-encoding")), body)
    if plain is None or b"{{" not in plain:
        return None
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return None


def _is_json(headers: Headers) -> bool:
    media_type = (headers.get("content-type") or "").partition(";")[0].strip().lower()
    return media_type.endswith(("/json", "+json"))


def _fill_header(template: Template, values: TemplateValues) -> bytes:
    return template.fill(values, _escape_header).encode("latin-1")


def _escape_header(value: str) -> str:
    return value.translate(_NO_CONTROLS).encode("utf-8", "replace").decode("latin-1")

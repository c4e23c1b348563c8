"""The comparison of an example's body and a request's body (docs/matching.md, "Bodies")."""

from __future__ import annotations

from understudy.matcher.body_forms.body_trees import UNREADABLE
from understudy.matcher.body_forms.wild_texts import fits_value
from understudy.matcher.parts.bodies import EXTENSIBLE, BodyPattern
from understudy.matcher.parts.normal_request import NormalRequest


def is_equal_body(body: BodyPattern, request: NormalRequest, *, contains: bool = False) -> bool:
    """Return whether a request's body is equal to an example's; with `contains`, it may hold more."""
    if body.media is None or not request.body:
        return body.media is None and not request.body
    pattern = body.select_pattern(request.body_type)
    if pattern is None:
        return False
    if pattern.tree is not None:
        tree = request.read_tree(pattern.kind, pattern.places)
        may_hold_more = contains and pattern.kind in EXTENSIBLE
        return tree is not UNREADABLE and fits_value(pattern.tree, tree, contains=may_hold_more)
    if pattern.key != request.digest_body(pattern.reading, pattern.places).key:
        return False
    return pattern.form is None or pattern.form.covers(request.form_pairs)

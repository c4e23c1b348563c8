"""Errors as the command line prints them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy import matcher, serving
from understudy.proxy.cli.hints import HINTS, render_error
from understudy.store.errors import Hint, UserError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("no such thing"), "no such thing"),
        (UserError("takes a file, not x", field="upstream_ca"), "--upstream-ca takes a file, not x"),
        (UserError("no port", field="listen"), "--listen: no port"),
        (UserError("takes an absolute URL", field="url"), "URL takes an absolute URL"),
        (
            UserError("a miss", hint=Hint("ignore_places", {"body": "$.at\n//Id", "header": "date", "query": "t"})),
            "a miss; leave out what differs with --ignore-query t --ignore-header date"
            " --ignore-body '$.at' --ignore-body //Id",
        ),
        (
            UserError("a miss", hint=Hint("find_by_ids", {"example": "01", "path": "/users/{{id}}"})),
            "a miss; answer by ids with --ids, or give the example a path template:"
            " understudy examples set 01 --path '/users/{{id}}'",
        ),
        (UserError("not a store", hint=Hint("choose_store")), "not a store; choose another with --store"),
    ],
)
def test_an_error_is_printed_with_its_option_and_its_hint(error: UserError, line: str) -> None:
    assert render_error(error) == line


def test_each_hint_of_an_answer_can_be_rendered() -> None:
    folders = (Path(package.__path__[0]) for package in (matcher, serving))
    sources = "".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
    actions = set(re.findall(r'Hint\("(\w+)"', sources))
    assert actions
    assert actions <= HINTS.keys()

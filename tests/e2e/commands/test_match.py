"""`understudy match`, as a person uses it on a collection."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.factories.messages import make_example, make_request, make_response
from tests.factories.stored import collect
from understudy.proxy.cli import main
from understudy.store.model.collections import Example
from understudy.store.sql.open_store import open_store

JSON = "Content-Type: application/json"


def examples() -> list[Example]:
    """Users by page, an order, and a failure."""
    order = make_request("POST", "/orders", body=b'{"item": 1}', content_type="application/json")
    return [
        make_example("/users", id="01", name="List users", item_id="a"),
        make_example("/users?page=2", id="02", name="Page two", item_id="b"),
        make_example("/users/1", id="03", name="Ada", item_id="c"),
        make_example(make_request(target="/me", headers=[("X-Team", "red")]), id="04", name="Me", item_id="d"),
        make_example(order, id="05", name="Order one", item_id="e"),
        make_example("/users/1", id="06", name="Broken", item_id="c", response=make_response(500)),
    ]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the collection `shop`."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'understudy.db'}"
    store = open_store(url)
    collect(store, *examples())
    store.close()
    return url


def run(url: str, *arguments: str) -> Result:
    """What the command does."""
    return CliRunner().invoke(main, ["match", *arguments, "--mock", "shop", "--store", url])


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["GET", "/users?page=2"], ['answered by "Page two"', "path   +100  as it is", "score   110"]),
        (
            ["GET", "/users?page=3"],
            ['"Page two"', "query   -10  differs", "same score, but the winner has the higher id"],
        ),
        (["get", "/Users/"], ['"Page two"', "ignoring case"]),
        (["GET", "/users/1"], ['"Broken"', "Runners-up", '"Ada"']),
        (["GET", "/users/1", "-H", "x-mock-response-code: 200"], ['"Ada"', "200, as x-mock-response-code asks"]),
        (["POST", "/orders", "-d", "{}"], ['"Order one"']),
        (["POST", "/orders", "-H", JSON, "-d", '{ "item": 1.0 }', "--match-body"], ["equal, as JSON values"]),
        (["POST", "/orders", "-H", JSON, "-d", '{"item": 1, "b": 2}', "--match-body", "--subset"], ["contains"]),
        (["POST", "/orders", "-H", JSON, "-d", "{}", "--match-body", "--ignore-json", "$.item"], ["Order one"]),
        (["GET", "/me", "-H", "x-team: RED", "--match-header", "X-Team"], ["equal: x-team"]),
        (["GET", "/users?page=3", "--query", "off"], ["not compared"]),
        (["GET", "/users?t=1", "--query", "require", "--ignore-query", "t"], ["List users"]),
        (["GET", "/users/7", "--ids"], ['"Broken"', "without ids"]),
        (["GET", "/uers", "--distance"], ["by document distance"]),
        (["GET", "http://api.example.com/users"], ["host", "equal"]),
    ],
)
def test_hits(url: str, arguments: list[str], shown: list[str]) -> None:
    """Which example, and why."""
    done = run(url, *arguments)
    assert done.exit_code == 0, done.output
    assert all(text in done.output for text in shown), done.output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["GET", "/uers"], ["No example answers GET /uers", "path    expected  /users"]),
        (
            ["GET", "/users/7"],
            [
                '  ids would find "Broken" of "GET /users/7" (06), but do not count for it',
                "Hint: answer by ids with --ids, or give the example a path template:"
                " understudy examples set 06 --path '/users/{{id}}'",
            ],
        ),
        (["DELETE", "/users/1"], ["method  expected  GET", "actual    DELETE"]),
        (["GET", "/users?page=3", "--query", "require"], ["query   expected  page=2", "actual    page=3"]),
        (["POST", "/orders", "-H", JSON, "-d", '{"item": 2}', "--match-body"], ['body    expected  {"item":1}']),
        (
            ["POST", "/orders", "-H", JSON, "-d", "{", "--match-body"],
            ["note      the request's body is compared as bytes"],
        ),
        (["GET", "/me", "--match-header", "X-Team"], ["header  expected  x-team: red", "actual    x-team: (none)"]),
        (["GET", "/users/1", "-H", "x-mock-response-name: Adam"], ['asks for the name "Adam"']),
        (["GET", "https://other.test/users"], ["host    expected  http://api.example.com"]),
    ],
)
def test_misses(url: str, arguments: list[str], shown: list[str]) -> None:
    """What the nearest examples differ in; the exit code is 1."""
    done = run(url, *arguments)
    assert done.exit_code == 1, done.output
    assert all(text in done.output for text in shown), done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["GET", "/users", "-H", "x-mock-response-code: soon"], "x-mock-response-code takes one status code"),
        (["GET", "/users", "--ignore-body", "$.a["], "--ignore-body: expected a JSON path like $.user.token"),
        (["GET", "users"], "URL is a path such as /users/1"),
    ],
)
def test_mistakes(url: str, arguments: list[str], said: str) -> None:
    """They are named; the exit code is 2."""
    done = run(url, *arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_the_suggested_path_template_answers(url: str, tmp_path: Path) -> None:
    """The hint of a miss is a command that makes it a hit."""
    copy = str(shutil.copy(url.removeprefix("sqlite:///"), tmp_path / "copy.db"))
    hint = run(copy, "GET", "/users/7").output.partition("template: understudy ")[2].strip()
    done = CliRunner().invoke(main, [*shlex.split(hint), "--store", copy])
    assert done.exit_code == 0, done.output
    assert "with wildcards" in run(copy, "GET", "/users/7").output


def test_json(url: str) -> None:
    """The same for programs."""
    told = json.loads(run(url, "GET", "/users/1", "--json").stdout)
    assert (told["matched"], told["example"]["name"], told["score"]) == (True, "Broken", 110)


def test_a_failed_look_leaves_the_store_alone(url: str, tmp_path: Path) -> None:
    """Matching serves nothing and changes nothing."""
    assert run(url, "GET", "/users/1").output == run(url, "GET", "/users/1").output

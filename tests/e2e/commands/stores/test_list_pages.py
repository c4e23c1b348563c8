"""Lists by pages: -n, --after and --before of the list commands, and the line that says how a list goes on."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.e2e.inside import quick_json, refused, run_here
from tests.factories.messages import make_example
from tests.factories.stored import additions, make_call, make_exchange, make_mock_server, make_server_error
from tests.programs import Understudy
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import ApiKey
from understudy.store.repositories.store import Store
from understudy.store.sql.open_store import open_store

pytestmark = pytest.mark.once

NAMES = ["a", "b c", "d", "e"]
LISTS = ["sessions list", "collections list", "environments list", "mocks list", "mocks errors list a", "keys list"]
"""The lists whose first column is a name."""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with four of everything that lists show; not to be changed."""
    understudy = Understudy(tmp_path_factory.mktemp("listed"))
    store = open_store(str(understudy.store))
    for name in NAMES:
        collection = store.collections.create(name)
        store.environments.save(Environment(new_id(), name))
        store.mock_servers.create(make_mock_server(collection, name, id=new_id()))
        store.keys.add(ApiKey(new_id(), name, "0" * 64, "1234", 1_000.0))
        store.sessions.create(name, None)
    fill_first(store)
    store.close()
    return understudy


def fill_first(store: Store) -> None:
    """Fill the first collection, mock server and session with four of everything."""
    collection, mock = store.collections.find("a"), store.mock_servers.find("a")
    examples = [make_example(id=new_id(), name=name) for name in NAMES]
    store.collections.update(collection.id, additions(collection, *examples))
    for name in NAMES:
        store.mock_servers.save_server_error(make_server_error(mock, name))
    store.calls.add([make_call(mock) for _ in NAMES], {})
    session_id = store.sessions.find("a").id
    store.history.add([make_exchange(session_id, started=float(number)) for number in range(len(NAMES))])


def list_page(understudy: Understudy, typed: str) -> tuple[list[str], str]:
    """Return the lines of a table below its head, and what is on standard error."""
    done = run_here(understudy, shlex.split(typed))
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()[1:], done.stderr


def names_of(understudy: Understudy, typed: str) -> list[str]:
    return [one["name"] for one in quick_json(understudy, typed)]


@pytest.mark.parametrize("command", LISTS)
def test_a_list_of_names_by_pages(listed: Understudy, command: str) -> None:
    """The line below a page is what is typed for the next one, forward and back."""
    lines, more = list_page(listed, f"{command} -n 2")
    assert ([line[0] for line in lines], more) == (["a", "b"], "More: --after 'b c'\n")
    lines, more = list_page(listed, f"{command} -n 2 {more.removeprefix('More: ')}")
    assert ([line[0] for line in lines], more) == (["d", "e"], "")
    lines, more = list_page(listed, f"{command} -n 2 --before e")
    assert ([line[0] for line in lines], more) == (["b", "d"], "More: --before 'b c'\n")
    lines, more = list_page(listed, f"{command} -n 2 {more.removeprefix('More: ')}")
    assert ([line[0] for line in lines], more) == (["a"], "")


@pytest.mark.parametrize("command", [*LISTS, "examples list a"])
def test_json_of_a_page_is_a_list(listed: Understudy, command: str) -> None:
    everything = quick_json(listed, command)
    assert [one["name"] for one in everything] == NAMES
    assert quick_json(listed, f"{command} -n 3") == everything[:3]
    key = everything[1]["id"] if command.startswith("examples") else "'b c'"
    assert quick_json(listed, f"{command} --after {key}") == everything[2:]
    assert quick_json(listed, f"{command} -n 1 --before {key}") == everything[:1]


@pytest.mark.parametrize("command", LISTS)
def test_a_page_beyond_the_end_is_empty(listed: Understudy, command: str) -> None:
    done = run_here(listed, [*command.split(), "--after", "e"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, "No more.\n", "")


@pytest.mark.parametrize("command", [one for one in LISTS if not one.startswith("sessions")])
def test_any_text_is_a_bound_of_names(listed: Understudy, command: str) -> None:
    assert names_of(listed, f"{command} --after c") == ["d", "e"]
    assert names_of(listed, f"{command} --before -x") == []
    line = "'c'; the list goes on after where it would be.\n"
    warned = list_page(listed, f"{command} --after c")[1]
    assert warned.endswith(line)


def test_sessions_and_examples_go_by_ids_too(listed: Understudy) -> None:
    for command in ("sessions list", "examples list a"):
        ids = [one["id"] for one in quick_json(listed, command)]
        assert names_of(listed, f"{command} --after {ids[2]}") == ["e"]
        assert names_of(listed, f"{command} --after d") == ["e"]
        assert names_of(listed, f"{command} --before {new_id()}") == NAMES
    assert names_of(listed, f"examples list a --before {ids[1][-6:]}") == ["a"]


@pytest.mark.parametrize("command", ["history list", "mocks logs a"])
def test_a_list_whose_newest_come_last_goes_on_before_them(listed: Understudy, command: str) -> None:
    count = "2 of 4. " if command.startswith("history") else ""
    lines, more = list_page(listed, f"{command} -n 2")
    assert ([line.split()[0] for line in lines], more) == (["3", "4"], f"{count}More: --before 3\n")
    lines, more = list_page(listed, f"{command} -n 2 --before 3")
    assert ([line.split()[0] for line in lines], more) == (["1", "2"], "")
    lines, more = list_page(listed, f"{command} -n 2 --after 1")
    assert ([line.split()[0] for line in lines], more) == (["2", "3"], f"{count}More: --after 3\n")
    done = run_here(listed, [*command.split(), "-n", str(2**70), "--after", "3", "--json"])
    assert [one["id"] for one in json.loads(done.stdout)] == [4]


BOTH = "--before: choose a page after a key or before one, not both"
MISTAKES = [
    *((f"{command} --after a --before b", BOTH) for command in LISTS),
    ("mocks logs a --after 1 --before 3", "--before: choose calls before one or after one, not both"),
    ("mocks logs a --after -1", "--after takes a whole number from 0 on, not -1"),
    ("keys list -n 0", "--limit takes a whole number from 1 on, not 0"),
    ("keys list -n many", "--limit takes a whole number from 1 on, not 'many'"),
    ("sessions list --after nowhere", "there is no session 'nowhere'; there are: a, b c, d, e"),
    ("examples list a --before nowhere", "there is no example 'nowhere'; give its id, the end of its id or its name"),
    ("examples list a --after 'b c' --before d", BOTH),
]


@pytest.mark.parametrize(("typed", "line"), MISTAKES)
def test_mistakes(listed: Understudy, typed: str, line: str) -> None:
    assert line in refused(listed, typed)

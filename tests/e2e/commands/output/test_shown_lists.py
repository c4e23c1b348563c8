"""The output of every list and show command on terminals of 80 and 160 columns, compared with files.

UPDATE_GOLDEN=1 writes the files anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.cli_reference import commands
from tests.e2e.commands.output.terminals import show, terminal
from tests.factories.shown_store import LONG_NAME, LONG_PATH, PATH_OF_40, RIGHT_TO_LEFT_PATH, SHOP, make_shown_store
from tests.programs import Understudy
from tests.programs.terminal import run_on_terminal
from understudy.proxy.cli.tables.table import measure

__all__ = ["terminal"]
pytestmark = pytest.mark.usefixtures("terminal")

GOLDEN = Path(__file__).parents[3] / "golden" / "output"
NARROW, WIDE = 80, 160
LISTS = [
    "sessions list",
    "sessions show shop",
    "history list",
    "history list --session shop",
    "collections list",
    "collections show shop",
    "examples list shop",
    "environments list",
    "environments show stage",
    "mocks list",
    "mocks show shop",
    "mocks errors list shop",
    "mocks logs shop",
    "keys list",
    "redaction list",
]
OTHERS = ["history show 2", "history show 7", "examples show 'GET /orders/7 - 200'", "mocks logs shop --call 1"]
OTHERS += ["mocks policy", "mocks list -n 1"]
ELSEWHERE = {"understudy mode": "its gateways have to run", "understudy store info": "its sizes differ"}
COPIED = {
    "sessions list": [str(SHOP)],
    "history list": [PATH_OF_40, RIGHT_TO_LEFT_PATH],
    "history list --session shop": [f"GET {PATH_OF_40}"],
    "examples list shop": [f"OPTIONS {PATH_OF_40} - 201"],
    "collections show shop": [f"OPTIONS {PATH_OF_40} - 201"],
    "environments show stage": ["https://stage.shop.example.com/v1/"],
    "mocks list": ["http://127.0.0.1:4000/mocks/shop/", f"http://127.0.0.1:4000/mocks/{LONG_NAME}/"],
    "mocks show shop": ["http://127.0.0.1:4000/mocks/shop/", "http://shop.localhost:4000/"],
    "mocks logs shop": [PATH_OF_40],
    "redaction list": ["x-session-id", "$.user.name"],
}
"""What is to be copied from each list, and stands on one line of it."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with something of everything; not to be changed."""
    understudy = Understudy(tmp_path_factory.mktemp("shown"))
    make_shown_store(understudy.store)
    return understudy


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_output_is_as_it_was(shown: Understudy, columns: int) -> None:
    printed = "".join(f"$ understudy {typed}\n{show(shown, typed, columns)}\n" for typed in LISTS + OTHERS)
    file = GOLDEN / f"{columns}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(printed, encoding="utf-8")
    assert printed == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [NARROW, WIDE])
@pytest.mark.parametrize("typed", LISTS)
def test_no_line_of_a_list_is_longer_than_the_terminal(shown: Understudy, typed: str, columns: int) -> None:
    lines = show(shown, typed, columns).splitlines()
    assert [line for line in lines if measure(line) > columns] == []


@pytest.mark.parametrize(("typed", "text"), [(typed, text) for typed, texts in COPIED.items() for text in texts])
def test_what_is_to_be_copied_is_on_one_line(shown: Understudy, typed: str, text: str) -> None:
    assert [line for line in show(shown, typed, NARROW).splitlines() if text in line and measure(line) <= NARROW]


IDS = {
    "sessions list": ("sessions show", 2),
    "collections list": ("collections show", 2),
    "examples list shop": ("examples show", 6),
    "environments list": ("environments show", 1),
    "mocks list": ("mocks show", 3),
}


@pytest.mark.parametrize("typed", IDS)
def test_a_listed_id_is_taken_by_a_command(shown: Understudy, typed: str) -> None:
    command, number = IDS[typed]
    _, *lines = show(shown, typed, NARROW).splitlines()
    ids = re.findall(r"\b[0-9A-HJKMNP-TV-Z]{6}\b", "\n".join(lines))
    assert len(ids) == number
    for id in ids:
        assert show(shown, f"{command} {id}", NARROW) == show(shown, f"{command} {id.lower()}", NARROW)
        assert "Error" not in show(shown, f"{command} {id}", NARROW)


def test_a_long_path_is_cut_in_its_middle(shown: Understudy) -> None:
    [line] = [line for line in show(shown, "history list", NARROW).splitlines() if "…" in line and "DELETE" in line]
    assert LONG_PATH[:12] in line
    assert LONG_PATH[-12:] in line


@pytest.mark.parametrize("typed", LISTS)
def test_to_a_pipe_nothing_is_cut(shown: Understudy, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.proxy.cli.terminal_text._is_terminal", lambda _: False)
    printed = show(shown, typed, NARROW)
    assert "…" not in printed
    assert {len(id) for id in re.findall(r"\b01[0-9A-HJKMNP-TV-Z]{5,}\b", printed)} <= {26}


def test_every_command_that_lists_or_shows_is_here() -> None:
    wanted = {one for one in commands() if one.split()[-1] in ("list", "show", "logs", "info", "mode", "policy")}
    covered = {f"understudy {typed}" for typed in LISTS + OTHERS}
    missing = [one for one in wanted - set(ELSEWHERE) if not any(f"{each} ".startswith(f"{one} ") for each in covered)]
    assert missing == []


def test_a_terminal_shows_the_same(shown: Understudy) -> None:
    """This one is real: a pseudo-terminal of 80 columns, with colours."""
    printed = run_on_terminal(shown, "mocks", "list", columns=NARROW)
    assert "\x1b[1mMOCK SERVER" in printed
    assert re.sub("\x1b\\[[0-9]+m", "", printed) == show(shown, "mocks list", NARROW)

"""Mistakes at the command line: one line that names what was expected and the nearest to that, and an exit code."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.e2e.inside import run_here
from tests.programs import Understudy

QUOTES = "put a text with spaces in quotes:"
FORM = "'METHOD PATH [STATUS [BODY]]', such as 'GET /users/1 200 {\"id\": 1}'"
FROM_FILE = "a body from a file, @FILE, may be anything"

# On a store with the session, the collection and the environment "shop": what is typed, the line, and the exit code.
MISTAKES = [
    # Commands
    ("recrod", "understudy has no command 'recrod'; did you mean 'understudy record'?", 2),
    ("session list", "understudy has no command 'session'; did you mean 'understudy sessions'?", 2),
    ("serve", "understudy has no command 'serve'; did you mean 'understudy mocks serve'?", 2),
    ("sessions ls", "understudy sessions has no command 'ls'; did you mean 'understudy sessions list'?", 2),
    ("examples remove x", "understudy examples has no command 'remove'; did you mean 'understudy examples delete'?", 2),
    ("mocks lgos shop", "understudy mocks has no command 'lgos'; did you mean 'understudy mocks logs'?", 2),
    ("dance", "understudy has no command 'dance'; understudy --help lists the commands", 2),
    # Options
    ("record --lisen :1", "understudy record has no option --lisen; did you mean --listen?", 2),
    ("promote --sesion shop --to x", "understudy promote has no option --sesion; did you mean --session?", 2),
    ("history list --colour", "understudy history list has no option --colour; understudy history list --help lists"
     " its options", 2),
    ("--session shop record", "understudy has no option --session; options of a command go behind its name", 2),
    ("--stor x record", "understudy has no option --stor; did you mean --store?", 2),
    ("history list --limit", "--limit takes N, and nothing follows it", 2),
    ("history list --limit many", "--limit takes a whole number from 1 on, not 'many'", 2),
    ("sessions list --json=1", "--json takes no value", 2),
    ("record --on-loss stpo", "--on-loss takes stop or continue, not 'stpo'; did you mean stop?", 2),
    ("promote --session shop", "understudy promote needs --to COLLECTION", 2),
    # Arguments
    ("collections show", "NAME is missing: understudy collections show [OPTIONS] NAME", 2),
    ("history list shop", "understudy history list takes no arguments, got 'shop'; did you mean '--session shop'?", 2),
    ("examples show GET /users/1 - 200", "understudy examples show takes EXAMPLE, got also '/users/1 - 200';"
     f" {QUOTES} 'GET /users/1 - 200'", 2),
    ("examples add shop GET /new", "understudy examples add takes COLLECTION 'METHOD PATH', got also '/new';"
     f" {QUOTES} 'GET /new'", 2),
    ("environments list x", "understudy environments list takes no arguments, got 'x'; understudy environments list"
     " --help shows what it takes", 2),
    # A COMMAND without --
    ("record env true", "-- has to stand before a command to run: understudy record -- env true", 2),
    ("record -s shop env --ignore-environment true", "-- has to stand before a command to run: understudy record -s"
     " shop -- env --ignore-environment true", 2),
    ("replay shop env true", "-- has to stand before a command to run: understudy replay shop -- env true", 2),
    ("mock shop env true", "-- has to stand before a command to run: understudy mock shop -- env true", 2),
    ("record shop", "understudy record takes no arguments, got 'shop'; did you mean '--session shop'?", 2),
    ("record --", "a command to run has to follow --", 2),
    ("record -- no-such-program", "cannot run no-such-program: there is no such command", 127),
    # Names
    ("sessions show shpo", "there is no session 'shpo'; did you mean 'shop'?", 2),
    ("collections show shop2", "there is no collection 'shop2'; did you mean 'shop'?", 2),
    ("mocks show sohp", "there is no mock server 'sohp'; did you mean 'shop'?", 2),
    ("mock sho", "there is no mock server or collection 'sho'; did you mean 'shop'?", 2),
    ("environments show shp", "there is no environment 'shp'; did you mean 'shop'?", 2),
    ("mocks create x --collection shop --environment shp", "--environment: there is no environment 'shp'; did you mean"
     " 'shop'? Or create it with: understudy environments set NAME KEY=VALUE", 2),
    ("environments unset shop bse", "there is no variable 'bse'; did you mean 'base'?", 2),
    ("examples show 'GET /user/1 - 200'", "there is no example 'GET /user/1 - 200'; did you mean 'GET /users/1 - 200'"
     " or 'GET /users/2 - 200'?", 2),
    ("sessions show nowhere", "there is no session 'nowhere'; there are: shop", 2),
    # Modes
    ("mode rply shop", "there is no mode 'rply'; did you mean 'replay'?", 2),
    ("mode mock shop", "no gateway is running on this store; understudy gateway starts one", 2),
    ("mode mock shop --mock other", "'shop' and --mock 'other' are two names for one thing; give one of them", 2),
    # Requests and bodies that are typed
    ("mocks create x --request '/users'", f"a request is typed as {FORM}, not '/users'; did you mean 'GET /users'?", 2),
    ("mocks create x --request 'GET users'", f"a request is typed as {FORM}, not 'GET users'; did you mean"
     " 'GET /users'?", 2),
    ("mocks create x --request 'GTE /users'", "there is no method GTE; did you mean GET?", 2),
    ("examples add shop 'PSOT /new'", "there is no method PSOT; did you mean POST?", 2),
    ("examples add shop 'GET /new/{{id'", "the path /new/{{id has {{ without }} after it, at '{{id'; a variable is"
     " written {{name}}", 2),
    ("mocks create x --request 'GET /a 200 {\"a\": 1'", "the body of GET /a is not JSON: } is missing at its end;"
     f" {FROM_FILE}", 2),
    ("examples add shop 'GET /new' --body '{\"a\": [1,]}'", "the body of the response is not JSON: expecting value at"
     f" line 1, column 10; {FROM_FILE}", 2),
    ("examples add shop 'GET /new' --body '{\"a\": \"{{b}\"}'", "the body of the response has {{ without }} after it,"
     " at '{{b}\"}'; a variable is written {{name}}", 2),
    ("mocks create x --request 'GET /a 200 1' --request 'GET /a 200 2'", "GET /a 200 is given twice; give each request"
     " once for each status", 2),
    ("examples add shop 'GET /new' --name 'GET /users/1 - 200'", "shop has an example 'GET /users/1 - 200' already;"
     " change it with: understudy examples set 'GET /users/1 - 200', or choose another name with --name", 2),
    # What is not as expected, without a mistake
    ("match GET /nothing --mock shop", "", 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(promoted_once: Understudy, tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """The store of all these mistakes, of which none changes it."""
    understudy = Understudy(tmp_path_factory.mktemp("mistakes"))
    shutil.copy(promoted_once.store, understudy.store)
    for line in ("environments set shop base=1", "mocks create shop --collection shop"):
        assert run_here(understudy, shlex.split(line)).exit_code == 0
    return understudy


@pytest.mark.parametrize(("typed", "line", "code"), MISTAKES, ids=[typed for typed, *_ in MISTAKES])
def test_a_mistake_is_met(shop: Understudy, typed: str, line: str, code: int) -> None:
    done = run_here(shop, shlex.split(typed), prog_name="understudy")
    assert (done.stderr, done.exit_code) == (f"Error: {line}\n" if line else "", code)


def test_broken_json_is_edited_again(promoted: Understudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: the editor gets the text as it was left; without one the text is kept."""
    editor, example = tmp_path / "editor", "GET /users/1 - 200"
    editor.write_text(
        "#!/bin/sh\n"
        """if grep -q '"broken"$' "$1"; then sed -i 's/"broken"/"whole"}/' "$1"; """
        """else sed -i 's/"name":.*/"name": "broken"/' "$1"; fi\n"""
    )
    editor.chmod(0o755)
    environment = promoted.environment | {"EDITOR": str(editor), "VISUAL": ""}
    refused = run_here(promoted, ["examples", "edit", example], env=environment)
    problem, _, kept = refused.stderr.partition("; your text is kept in ")
    assert (problem, refused.exit_code) == ("Error: the body of the response is not JSON: } is missing at its end", 2)
    Path(kept.strip()).unlink()
    monkeypatch.setattr("understudy.proxy.cli.questions.can_ask", lambda: True)
    done = run_here(promoted, ["examples", "edit", example], env=environment, input="y\n")
    assert "The body of the response is not JSON: } is missing at its end. Edit it again? [Y/n]" in done.stderr
    assert done.exit_code == 0
    assert '"name": "whole"}' in promoted.run("examples", "show", example)

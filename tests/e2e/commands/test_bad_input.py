"""Bad input and bad luck: exit code 2 and one clear line with what was expected, never a traceback."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_reference import commands
from tests.e2e.inside import quick_json, quickly, refused, run_here
from tests.e2e.shop import call
from tests.programs import Understudy, free_port

START = "--upstream http://127.0.0.1:9 --listen 127.0.0.1:0"
USERS_1 = "'GET /users/1 - 200'"

# Each on a store with the session and the collection "shop": what is typed, and a part of the line.
MISTAKES = [
    ("record --upstream localhost:3000", "expected a URL like http://127.0.0.1:3000"),
    ("record --upstream ftp://127.0.0.1", "expected a URL like http://127.0.0.1:3000"),
    ("record --upstream http://127.0.0.1:70000", "expected a URL like http://127.0.0.1:3000"),
    ("record --upstream http://127.0.0.1:3000/v1", "takes scheme, host and port only, such as http://127.0.0.1:3000"),
    (f"record {START} --upstream-ca {__file__}", f"--upstream-ca takes a PEM file of certificates, not {__file__}"),
    (f"record {START} --upstream-ca /nowhere/ca.pem", "not /nowhere/ca.pem: No such file or directory"),
    (f"record {START} --client-cert {__file__}", f"of a certificate and its key, not {__file__}: OpenSSL"),
    (f"record {START} --client-cert /nowhere/me.pem", "not /nowhere/me.pem: No such file or directory"),
    (f"record {START} --parent-proxy socks5://h:1", "--parent-proxy: a parent proxy is a URL such as"),
    (
        f"record {START} --parent-proxy foo",
        "--parent-proxy: a parent proxy is a URL such as http://proxy.example:3128,",
    ),
    (f"record {START} --parent-proxy http://h/path", "--parent-proxy: a parent proxy is a URL such as"),
    ("record --listen nonsense", "--listen takes HOST:PORT, such as 127.0.0.1:8080, got 'nonsense'"),
    ("record --listen 127.0.0.1:65536", "--listen takes HOST:PORT"),
    ("record --listen ''", "--listen takes HOST:PORT, such as 127.0.0.1:8080, got ''"),
    ("record --listen 'a b:80'", "--listen takes HOST:PORT"),
    ("record --listen '[::1:80'", "--listen takes HOST:PORT"),
    ("record --listen 192.0.2.1:80", "Error: cannot listen on 192.0.2.1:80: Cannot assign requested address"),
    ("record --listen nope.invalid:80", "Error: cannot listen on nope.invalid:80: that name cannot be resolved"),
    (f"record {START} --name ''", "a gateway needs a name that is not empty"),
    (f"record {START} --resolve ''", "--resolve takes HOST:PORT:ADDRESS"),
    ("replay shop --ignore-query ''", "--ignore-query takes the name of a query parameter, got ''"),
    ("match GET / --mock shop --ignore-query ' '", "--ignore-query takes names, got ' '"),
    ("record --on-loss maybe", "--on-loss takes stop or continue, not 'maybe'"),
    ("gateway --mode dance", "there is no mode 'dance'; the modes are pass, record, mock, spy, replay"),
    ("gateway --mode mock", "--mock: mode mock needs a mock server or a collection to answer from"),
    ("gateway --mode spy", "--mock: mode spy needs a mock server or a collection to answer from"),
    ("gateway --mode replay", "--session: mode replay needs a session to answer from"),
    ("gateway --mode pass --session shop", "--session: mode pass uses no session; leave it out"),
    ("gateway --mode record --mock shop", "--mock: mode record does not answer from a collection; leave it out"),
    ("redaction add", "no rule was given; give --header NAME, --query NAME, --json-path PATH or --pattern REGEX"),
    ("redaction add --header 'two words'", "a rule for headers is the name of a header field"),
    ("redaction add --json-path user.ssn", "a rule for JSON is a path such as $.user.ssn"),
    ("redaction add --pattern '('", "a pattern is a regular expression such as"),
    ("redaction remove", "no rule was given; give --header NAME"),
    ("redaction remove --query sid", "the store has no rule 'sid'; understudy redaction list shows the rules"),
    ("mock nowhere", "there is no mock server or collection 'nowhere'; there are: shop"),
    ("replay nowhere", "there is no session 'nowhere'; there are: shop"),
    ("mode dance", "there is no mode 'dance'; the modes are pass, record, mock, spy, replay"),
    ("mode mock --mock shop", "no gateway is running on this store; understudy gateway starts one"),
    ("mode --mock shop", "--mock and --session go with a MODE"),
    ("sessions show nowhere", "there is no session 'nowhere'; there are: shop"),
    ("sessions set nowhere --reset", "there is no session 'nowhere'; there are: shop"),
    (
        "sessions set shop",
        "nothing to keep was given; give --ignore-query NAME, --ignore-body PLACE, --match-header NAME",
    ),
    ("sessions set shop --ignore-body $.at[", "--ignore-body: "),
    ("sessions set shop --ignore-header Date", "--ignore-header: this takes headers out of all headers, but not all"),
    ("sessions delete nowhere", "there is no session 'nowhere'; there are: shop"),
    ("history list --session nowhere", "there is no session 'nowhere'; there are: shop"),
    ("history list --filter colour=red", "one of the names method, host, path, status, type, got 'colour=red'"),
    ("history list --limit 0", "--limit takes a whole number from 1 on, not 0"),
    ("history show 4711", "there is no history entry 4711; understudy history list shows the entries"),
    ("history show first", "ENTRY_ID takes a whole number, not 'first'"),
    ("collections show nowhere", "there is no collection 'nowhere'; there are: shop"),
    ("collections delete nowhere", "there is no collection 'nowhere'; there are: shop"),
    ("examples list nowhere", "there is no collection 'nowhere'; there are: shop"),
    ("examples show nothing", "there is no example 'nothing'; give its id, the end of its id or its name"),
    ("examples edit nothing", "there is no example 'nothing'"),
    ("examples set nothing --status 200", "there is no example 'nothing'"),
    ("examples delete nothing", "there is no example 'nothing'"),
    ("examples show 'GET /orders/next - 200'", "2 examples are called 'GET /orders/next - 200'; give an id: "),
    (f"examples show {USERS_1} --collection nowhere", "there is no collection 'nowhere'"),
    (
        f"examples set {USERS_1}",
        "nothing to change: give --name, --method, --path, --query, --request-header, --request-body",
    ),
    (f"examples set {USERS_1} --status 99", "a status is a number from 200 to 599, not '99'"),
    (f"examples set {USERS_1} --status ok", "--status takes a whole number, not 'ok'"),
    (f"examples set {USERS_1} --header nonsense", "a header is written Name: value, not 'nonsense'"),
    (f"examples set {USERS_1} --header 'A B: c'", "a header is written Name: value, not 'A ...'"),
    (f"examples set {USERS_1} --header 'A: b\r\nC: d'", "the value of a header is one line"),
    (f"examples set {USERS_1} --header 'A: 5 €'", "hold Latin-1 characters only"),
    (f"examples set {USERS_1} --body @/nowhere/body", "--body: cannot read /nowhere/body: No such file or directory"),
    (
        "promote --to shop",
        "nothing to promote was chosen; give entry ids, --session NAME, --date YYYY-MM-DD or --filter",
    ),
    ("promote --session shop", "understudy promote needs --to COLLECTION"),
    ("promote --session shop --to 'x\x1b[31m'", "a collection needs a name without control characters"),
    ("promote --session shop --to ''", "a collection needs a name that is not empty"),
    ("promote 4711 --to shop", "there is no history entry 4711"),
    ("promote --session nowhere --to shop", "there is no session 'nowhere'; there are: shop"),
    ("promote --date yesterday --to shop", "--date takes a day such as 2026-01-31, got 'yesterday'"),
    ("promote --date 2026-02-30 --to shop", "--date takes a day such as 2026-01-31, got '2026-02-30'"),
    ("promote --date 9999-12-31 --to shop", "--date takes a day such as 2026-01-31, got '9999-12-31'"),
    ("promote --date 1999-12-31 --to shop", "nothing to promote"),
    ("promote --filter path=/nowhere --to shop", "nothing to promote"),
    ("promote --filter path --to shop", "--filter takes NAME=VALUE"),
    ("promote --filter status=9xx --to shop", "a status such as 404 or a class such as 5xx, got '9xx'"),
    ("promote --session shop --repeats some --to shop", "--repeats takes sequence, all or newest, not 'some'"),
    ("match GET users/1 --mock shop", "URL is a path such as /users/1, or an http or https URL"),
    ("match GET ftp://127.0.0.1/users/1 --mock shop", "URL is a path such as /users/1, or an http or https URL"),
    ("match GET /users/1 --mock nowhere", "there is no mock server or collection 'nowhere'; there are: shop"),
    ("match GET /users/1 --mock shop -H nonsense", "a header is written Name: value, not 'nonsense'"),
    ("match GET /users/1 --mock shop -d @/nowhere/body", "--data: cannot read /nowhere/body"),
    ("dance", "understudy has no command 'dance'; understudy --help lists the commands"),
    ("sessions list --store mysql://127.0.0.1/u", "this version stores its data in SQLite only"),
    ("keys create --store /proc/nowhere/u.db ci", "--store: the folder /proc/nowhere does not exist; create it"),
    ("sessions list --store /dev/null", "--store takes a file, and /dev/null is a device or the like"),
    ("sessions list --store /proc", "--store takes a file, and /proc is a folder"),
]


@pytest.mark.parametrize(("typed", "output"), MISTAKES, ids=[typed for typed, _ in MISTAKES])
def test_mistakes_are_explained(promoted_once: Understudy, typed: str, output: str) -> None:
    """A user's mistake gets exit code 2 and one line with what was expected. In this process: they are many."""
    assert output in refused(promoted_once, typed)


def test_mistake_ends_the_program(promoted_once: Understudy) -> None:
    """The same for a real process."""
    line = promoted_once.mistake("mock", "nowhere")
    assert line == "Error: there is no mock server or collection 'nowhere'; there are: shop"


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_answers_help(understudy: Understudy, name: str) -> None:
    """--help works for every command, without a store."""
    printed = understudy.run(*name.split()[1:], "--help", UNDERSTUDY_STORE="/proc/nowhere/u.db")
    assert "Usage: " in printed
    assert "--help" in printed


def test_help_lists_every_command(understudy: Understudy) -> None:
    """`understudy --help` names each command with what it does."""
    listed = understudy.run("--help").partition("Commands:")[2].splitlines()
    names = {line.split()[0]: line.split()[1:] for line in listed if line.strip()}
    assert set(names) == {name.split()[1] for name in commands() if " " in name}
    assert all(names.values())


def test_port_that_is_taken(understudy: Understudy) -> None:
    """The line names it, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        line = understudy.mistake("record", "--upstream", "http://127.0.0.1:9", "--listen", address)
    assert line == f"Error: {address} is taken by another server or program; choose another with --listen HOST:PORT"


@pytest.mark.parametrize("options", ["record --resolve nonsense", "gateway --mode record --timing never"])
def test_a_mistake_leaves_no_session(understudy: Understudy, options: str) -> None:
    """It is made once everything else has been read."""
    refused(understudy, options)
    assert quick_json(understudy, "sessions list") == []


def test_upstream_that_cannot_be_reached(understudy: Understudy) -> None:
    """The client gets a 502 with the reason, history a failed exchange; a replay answers the same, and has no miss."""
    nobody = f"http://127.0.0.1:{free_port()}"
    with understudy.serving("record", "--upstream", nobody, "--session", "down") as gateway:
        status, body = call(f"{gateway.url}/users/1")
    error = json.loads(body)["error"]
    assert (status, error["name"]) == (502, "upstreamUnreachableError")
    assert error["message"].startswith(f"cannot reach {nobody}: ")
    [entry] = understudy.json("history", "list")
    assert (entry["url"], entry["status"]) == (f"{nobody}/users/1", None)
    assert entry["error"] == "cannot be reached: connection refused"
    with understudy.serving("replay", "down") as gateway:
        assert call(f"{gateway.url}/users/1") == (status, body)
    assert "no answer" not in gateway.log


def test_store_that_is_no_database(understudy: Understudy) -> None:
    """A text file in the place of the store is left alone."""
    understudy.store.write_text("Dear diary,\n" * 1000)
    line = understudy.mistake("sessions", "list")
    assert line == f"Error: {understudy.store} is not an Understudy store; choose another with --store"
    assert understudy.store.read_text() == "Dear diary,\n" * 1000


READING = """
sessions list, sessions show x, history list, history show 1, promote 1 --to x, collections list, collections show x,
collections delete x, examples list x, examples show x, environments list, environments show x, redaction list,
redaction remove --query x, match GET / --mock x, mocks list, mocks show x, mocks logs x,
mocks verify x --called 'GET /', keys list, mode, replay x, mock x
"""


def test_a_store_that_is_not_there_is_not_made_by_reading(understudy: Understudy) -> None:
    """Every command that needs something to be there names a name that was mistyped, and creates nothing."""
    line = f"Error: there is no store at {understudy.store}; understudy record creates one"
    result = {typed.strip(): refused(understudy, typed) for typed in READING.split(",")}
    assert result == dict.fromkeys(result, line)
    typo = understudy.home / "folder" / "typo.db"
    assert "there is no store at" in refused(understudy, f"history list --store {typo}")
    assert "there is no store at" in refused(understudy, f"history list --store sqlite:///{typo}")
    assert not list(understudy.home.iterdir())


def test_only_ones_own_store_comes_with_its_folder(understudy: Understudy) -> None:
    """The default one; its folder is for its owner alone."""
    named = understudy.home / "named" / "u.db"
    assert f"the folder {named.parent} does not exist" in refused(
        understudy, f"environments set stage key=value --store {named}"
    )
    assert not named.parent.exists()
    data = understudy.home / "data"
    environment = {"UNDERSTUDY_STORE": "", "XDG_DATA_HOME": str(data)}
    assert run_here(understudy, ["environments", "list"], env=understudy.environment | environment).exit_code == 0
    assert (data / "understudy" / "understudy.db").exists()
    assert (data / "understudy").stat().st_mode & 0o077 == 0


def test_what_writes_first_makes_its_store(understudy: Understudy) -> None:
    """Such as a variable of an environment."""
    quickly(understudy, "environments", "set", "stage", "key=value")
    assert understudy.store.exists()


def test_store_of_another_program(understudy: Understudy) -> None:
    """A database with other tables is left alone."""
    with sqlite3.connect(understudy.store) as connection:
        connection.execute("create table birds (name text)")
    connection.close()
    assert "is a database of another program" in understudy.mistake("record")


def test_store_that_is_newer_than_the_program(shop: Understudy) -> None:
    """It is not changed, and the line asks for an upgrade."""
    with sqlite3.connect(shop.store) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    line = shop.mistake("sessions", "list")
    assert "was written by a newer Understudy (schema 9999, this one knows " in line
    assert line.endswith("upgrade the program")


# Root writes where it wants, unless it has given that right away; any other user has not got it (capabilities(7)).
OBEY_FILE_MODES = """
import ctypes
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
import os, sys
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("typed", [f"record {START}", "promote 1 --to shop", "sessions delete shop"])
@pytest.mark.parametrize("folder_mode", [0o755, 0o555], ids=["file", "file and folder"])
def test_store_that_is_read_only(shop: Understudy, folder_mode: int, typed: str) -> None:
    """A command that writes ends with one line."""
    done = run_where_writing_is_forbidden(shop, folder_mode, typed)
    line = f"Error: the store {shop.store} is read-only; make it writable, or choose another with --store\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_store_that_is_read_only_can_be_read(shop: Understudy) -> None:
    """What lies in a file that may not be written is shown; SQLite needs the folder for that (sqlite.org/wal.html)."""
    done = run_where_writing_is_forbidden(shop, 0o755, "sessions list")
    assert (done.returncode, "shop" in done.stdout) == (0, True), done.stderr


def run_where_writing_is_forbidden(shop: Understudy, folder_mode: int, typed: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", OBEY_FILE_MODES, *shop.command(*typed.split())]
    shop.store.chmod(0o444)
    shop.home.chmod(folder_mode)
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=shop.environment, check=False)
    finally:
        shop.home.chmod(0o755)


def test_gateway_name_that_is_in_use(understudy: Understudy) -> None:
    """The second gateway of a name is refused while the first one runs."""
    with understudy.serving("gateway", "--name", "east") as gateway:
        line = understudy.mistake("gateway", "--name", "east", "--listen", "127.0.0.1:0")
    assert line == f"Error: a gateway called 'east' is running already (process {gateway.process.pid})"


def test_mode_switch_that_is_ambiguous(promoted: Understudy) -> None:
    """Two gateways on one store: the line lists them, and --gateway chooses one."""
    with promoted.serving("gateway", "--name", "east") as east, promoted.serving("gateway", "--name", "west") as west:
        line = promoted.mistake("mode", "mock", "--mock", "shop")
        stranger = promoted.mistake("mode", "pass", "--gateway", "north")
        output = promoted.run("mode", "mock", "--mock", "shop", "--gateway", "west")
        modes = {gateway["name"]: gateway["mode"] for gateway in promoted.json("mode")}
    names = f"east ({east.listen}), west ({west.listen})"
    assert line == f"Error: --gateway: 2 gateways are running; choose one of {names}"
    assert stranger == f"Error: there is no running gateway 'north'; there are: {names}"
    assert output == "west: mode mock, answering from collection shop.\n"
    assert modes == {"east": "pass", "west": "mock"}


def test_mode_switch_without_what_the_mode_needs(promoted: Understudy) -> None:
    """The gateway stays in its mode, and the line names the missing option."""
    with promoted.serving("gateway"):
        lines = [
            promoted.mistake("mode", "mock"),
            promoted.mistake("mode", "replay"),
            promoted.mistake("mode", "mock", "--mock", "nowhere"),
            promoted.mistake("mode", "replay", "--session", "nowhere"),
        ]
        [gateway] = promoted.json("mode")
    assert lines == [
        "Error: --mock: mode mock needs a mock server or a collection to answer from",
        "Error: --session: mode replay needs a session to answer from",
        "Error: there is no mock server or collection 'nowhere'; there are: shop",
        "Error: there is no session 'nowhere'; there are: shop",
    ]
    assert gateway["mode"] == "pass"


def test_edited_text_that_cannot_be_read(promoted: Understudy, tmp_path: Path) -> None:
    """The line names the mistake and the file that keeps the text; the example stays as it was."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'an hour of work' > \"$1\"\n")
    editor.chmod(0o755)
    before = promoted.json("examples", "show", "GET /users/1 - 200")
    line = promoted.mistake("examples", "edit", "GET /users/1 - 200", EDITOR=str(editor), VISUAL="")
    problem, _, rescued = line.partition("; your text is kept in ")
    assert problem == "Error: the edited text must keep the lines '=== request ===' and '=== response ==='"
    assert Path(rescued).read_text() == "an hour of work\n"
    Path(rescued).unlink()
    assert promoted.json("examples", "show", "GET /users/1 - 200") == before


def test_gateway_that_cannot_start_makes_no_session(understudy: Understudy) -> None:
    """A recording that never began leaves no empty session behind."""
    line = understudy.mistake("record", "--listen", "192.0.2.1:1", "--session", "never")
    assert line.startswith("Error: cannot listen on 192.0.2.1:1: ")
    assert understudy.json("sessions", "list") == []


def test_promotion_of_nothing_makes_no_collection(shop: Understudy) -> None:
    """A filter that selects nothing leaves no empty collection behind."""
    shop.mistake("promote", "--filter", "path=/nowhere", "--to", "empty")
    assert shop.json("collections", "list") == []

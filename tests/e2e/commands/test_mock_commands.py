"""The commands about mock servers, environments, keys and what examples do on purpose, while nothing serves them."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.inside import quick_json, quickly, refused
from tests.e2e.shop import CALLS, FAILED, TOKEN
from tests.programs import Understudy

SETTINGS = (
    "--environment stage --delay 2G --match-body --match-header X-Team --rate-limit 10/60 --log-limit 5 --no-cors"
)
MADE = [
    "environments set stage base=http://127.0.0.1:9 limit=20",
    f"mocks create shop --collection shop {SETTINGS}",
    "mocks create secret --collection shop --private",
    "mocks errors add shop down --status 503 --header 'Retry-After: 5' --body '{\"error\": 1}' --activate",
    "mocks errors add shop other",
    "keys create ci",
    "collections set shop --variable base=http://127.0.0.1:1",
]
URL = "http://127.0.0.1:4000/mocks/shop/"


@pytest.fixture(scope="session")
def mocked_once(promoted_once: Understudy, tmp_path_factory: pytest.TempPathFactory) -> Understudy:
    """A store with two mock servers of the collection "shop", for tests that change nothing in it."""
    understudy = Understudy(tmp_path_factory.mktemp("mocked"))
    shutil.copy(promoted_once.store, understudy.store)
    for typed in MADE:
        run(understudy, typed)
    return understudy


@pytest.fixture
def mocked(understudy: Understudy, mocked_once: Understudy) -> Understudy:
    """The same, for tests that change it."""
    shutil.copy(mocked_once.store, understudy.store)
    return understudy


def run(understudy: Understudy, typed: str) -> str:
    """What a command prints, typed as in a shell."""
    return quickly(understudy, *shlex.split(typed))


def shown(understudy: Understudy, name: str = "shop") -> Any:
    """A mock server as JSON."""
    return quick_json(understudy, f"mocks show {name}")


TABLES = [
    ("mocks list", "MOCK SERVER COLLECTION ENVIRONMENT ACCESS DELAY ID URL", ["shop", "stage", "public", "2G", URL]),
    ("mocks list", "MOCK SERVER COLLECTION ENVIRONMENT ACCESS DELAY ID URL", ["secret", "-", "private", "none"]),
    ("mocks show shop", "SETTING VALUE", ["url", URL]),
    ("mocks show shop", "SETTING VALUE", ["slug", "shop"]),
    ("mocks show shop", "SETTING VALUE", ["http://shop.localhost:4000/"]),
    ("mocks show shop", "SETTING VALUE", ["headers", "X-Team"]),
    ("mocks show shop", "SETTING VALUE", ["rate limit", "10/60"]),
    ("mocks show shop", "SETTING VALUE", ["server error", "down active, 2 saved"]),
    ("mocks show shop", "SETTING VALUE", ["call log", "newest 5 calls"]),
    ("mocks errors list shop", "SERVER ERROR STATUS BYTES ACTIVE ID", ["down", "503", "12", "active"]),
    ("environments list", "ENVIRONMENT VARIABLES USED BY ID", ["stage", "2", "shop"]),
    ("environments show stage", "VARIABLE VALUE", ["limit", "20"]),
    ("keys list", "KEY ENDS IN CREATED ID", ["ci", "..."]),
]
JSON_KEYS = [
    ("mocks list", "id name slug url host_url collection environment private delay bytes_per_second fault rate_limit"),
    ("mocks show shop", "matching server_error server_errors cors log_limit created_at updated_at"),
    ("mocks errors list shop", "id name status active headers body body_size"),
    ("mocks policy", "public public_mock_servers"),
    ("environments list", "id name variables used_by"),
    ("environments show stage", "id name variables used_by"),
    ("keys list", "id name ending created_at"),
    ("examples list shop", "delay bytes_per_second fault rate_limit"),
]


@pytest.mark.parametrize(("typed", "columns", "row"), TABLES)
def test_tables_show_what_there_is(mocked_once: Understudy, typed: str, columns: str, row: list[str]) -> None:
    """A list has a header and a line for each thing."""
    lines = run(mocked_once, typed).splitlines()
    assert any(line.split() == columns.split() for line in lines)
    assert any(all(cell in line for cell in row) for line in lines)


@pytest.mark.parametrize(("typed", "keys"), JSON_KEYS)
def test_json_names_everything(mocked_once: Understudy, typed: str, keys: str) -> None:
    """--json gives the same to programs."""
    told = quick_json(mocked_once, typed)
    for one in told if isinstance(told, list) else [told]:
        assert set(keys.split()) <= set(one)


@pytest.mark.parametrize("typed", ["mocks list", "environments list", "keys list"])
def test_an_empty_store_says_how_to_begin(understudy: Understudy, typed: str) -> None:
    """Nothing to show is a sentence for people and an empty list for programs."""
    run(understudy, "redaction add --query sid")
    assert run(understudy, typed).startswith("No ")
    assert quick_json(understudy, typed) == []


MISTAKES = [
    ("mocks show nowhere", "there is no mock server 'nowhere'; there are: secret, shop"),
    ("mocks edit nowhere --delay 2G", "there is no mock server 'nowhere'"),
    ("mocks delete nowhere", "there is no mock server 'nowhere'"),
    ("mocks reset nowhere", "there is no mock server 'nowhere'"),
    ("mocks create shop --collection shop", "there is a mock server 'shop' already"),
    ("mocks create new --collection nowhere", "there is no collection 'nowhere'; there are: shop"),
    ("mocks create ' ' --collection shop", "a mock server needs a name that is not empty"),
    ("mocks create new", "a mock server answers from one source: --collection NAME, --request"),
    ("mocks create new --collection shop --from-entry 1", "a mock server answers from one source: "),
    (
        "mocks create new --collection shop --environment live",
        "--environment: there is no environment 'live'; there are: stage; create it with: understudy environments set",
    ),
    ("mocks create new --collection shop --slug A", "a slug is made of a-z, 0-9 and - between them"),
    ("mocks create new --collection shop --slug shop", "there is a mock server with the slug 'shop' already"),
    ("mocks create new --collection shop --delay 4G", "a delay is 2G, 3G, milliseconds from 1 to 180000"),
    ("mocks create new --collection shop --delay 180001", "a delay is 2G, 3G, milliseconds from 1 to 180000"),
    ("mocks create new --collection shop --fault boom", "a fault is one of reset, empty, garbage, cut, error"),
    ("mocks create new --collection shop --rate-limit 10", "a rate limit is CALLS/SECONDS, such as 10/60"),
    ("mocks create new --collection shop --bytes-per-second 0", "bytes per second are a whole number from 1, not '0'"),
    ("mocks create new --collection shop --log-limit -1", "--log-limit takes a whole number from 0 to 1000000, not -1"),
    ("mocks create new --collection shop --query maybe", "--query takes prefer, require or off, not 'maybe'"),
    ("mocks create new --collection shop --ignore-body //", "--ignore-body: "),
    ("mocks create new --collection shop --tz UTC", "--tz goes with --from-entry, --from-session and --from-date"),
    ("mocks create new --collection shop --keep-secrets", "--keep-secrets goes with --from-entry, --from-session"),
    (
        "mocks create stage --collection shop --save-url base",
        "--save-url: environment 'stage' has another 'base' already; remove it first: understudy environments unset",
    ),
    (f"mocks create {'a' * 201} --collection shop", "a mock server needs a name of at most 200 characters, got 201"),
    ("mocks serve --host ''", "--host takes an address or a name, such as 127.0.0.1"),
    ("mocks serve --certfile /nowhere/c.pem", "and its key, not /nowhere/c.pem: No such file or directory"),
    (f"mocks serve --certfile {__file__}", f"and its key, not {__file__}: OpenSSL cannot read its content"),
    ("mocks verify shop --called 'GET /a' --within nan", "--within takes a number from 0 to 86400, not 'nan'"),
    ("mocks logs shop --path users", "--path takes a glob of a path, such as '/users/*', got 'users'"),
    ("mocks create new --slug shop --request 'GET /b 200'", "there is a mock server with the slug 'shop' already"),
    ("mocks create new --slug shop --from-entry 1", "there is a mock server with the slug 'shop' already"),
    ("mocks create stage --request 'GET /b 200' --save-url base", "environment 'stage' has another 'base' already"),
    ("mocks create stage --from-session shop --save-url base", "environment 'stage' has another 'base' already"),
    ("mocks create new --request 'GET users'", "a request is typed as 'METHOD PATH [STATUS [BODY]]'"),
    ("mocks create new --request 'GET /users 99'", "a status is a number from 200 to 599, not '99'"),
    ("mocks create new --request 'GET /users 200 @/nowhere/body'", "--request: cannot read /nowhere/body"),
    ("mocks create new --from-entry 4711", "there is no history entry 4711"),
    (
        f"mocks create new --from-entry {len(CALLS)}",
        f"nothing of that can be an example: entry {len(CALLS)}, GET /broken",
    ),
    ("mocks create new --from-session nowhere", "there is no session 'nowhere'; there are: shop"),
    ("mocks create new --from-date today", "--from-date takes a day such as 2026-01-31, got 'today'"),
    ("mocks create new --from-date 1999-12-31", "nothing to promote: there is no exchange at that time"),
    (
        "mocks create new --from-date 1999-12-31 --tz Mars",
        "--tz takes a time zone such as Europe/Berlin or UTC, got 'Mars'",
    ),
    ("mocks edit shop", "nothing to change: give an option; understudy mocks edit --help lists them"),
    (
        "mocks edit shop --collection other",
        "cannot be changed; create a new mock server: understudy mocks create NAME --c",
    ),
    ("mocks edit shop --name secret", "there is a mock server 'secret' already"),
    ("mocks edit shop --environment stage --no-environment", "give --environment or --no-environment, not both"),
    ("mocks edit shop --delay 5 --no-delay", "give --delay or --no-delay, not both"),
    ("mocks edit shop --no-ids --usual-ids", "give --no-ids or --usual-ids, not both"),
    ("mocks edit shop --distance --usual-distance", "give --distance or --usual-distance, not both"),
    ("mocks policy --public maybe", "--public takes allow or forbid, not 'maybe'"),
    ("mocks errors list nowhere", "there is no mock server 'nowhere'"),
    ("mocks errors add shop bad --status 404", "--status takes a whole number from 500 to 599, not 404"),
    ("mocks errors add shop down", "there is a server error 'down' already"),
    ("mocks errors add shop new --header nonsense", "a header is written Name: value, not 'nonsense'"),
    ("mocks errors activate shop nowhere", "shop has no server error 'nowhere'; there are: down, other"),
    ("mocks errors delete secret down", "secret has no server error 'down'; there are none yet"),
    ("mocks errors off secret", "no server error of secret is active"),
    ("keys create ci", "there is a key 'ci' already"),
    ("keys revoke nobody", "there is no key 'nobody'; there are: ci"),
    ("environments show nowhere", "there is no environment 'nowhere'; there are: stage"),
    ("environments set stage base", "a variable is written KEY=VALUE, not 'base'"),
    ("environments set '' a=1", "an environment needs a name that is not empty"),
    ("environments unset stage nothing", "there is no variable 'nothing'; there are: base, limit"),
    ("environments delete stage", "the environment stage is used by the mock server shop; detach it first: understudy"),
    ("collections create shop", "there is a collection 'shop' already"),
    ("collections delete shop", "the collection shop is used by the mock servers secret, shop; delete the mock"),
    ("collections set shop", "nothing to change: give --variable KEY=VALUE or --remove-variable KEY"),
    ("collections set shop --remove-variable nothing", "there is no variable 'nothing'; there are: base"),
    ("examples add nowhere 'GET /a'", "there is no collection 'nowhere'"),
    ("examples add shop 'GET a'", "a request is typed as 'METHOD PATH', such as 'GET /users/1', not 'GET a'"),
    ("examples add shop 'GET /a 200'", "the status and body of an example are options: --status 200 --body TEXT"),
    ("examples add shop 'GET /a' --status 99", "a status is a number from 200 to 599, not '99'"),
    ("examples add shop 'GET /a' --request-body @/nowhere", "--request-body: cannot read /nowhere"),
    ("examples set 'GET /users/1 - 200'", "or what it does on purpose: --delay, --bytes-per-second"),
    ("examples set 'GET /users/1 - 200' --delay slow", "a delay is 2G, 3G"),
    ("send GET /users", "URL is an absolute http or https URL such as https://api.example.com/users/1, got '/users'"),
    ("send GET ftp://127.0.0.1/", "URL is an absolute http or https URL"),
    ("send GET http://127.0.0.1:9/ --timeout nan", "--timeout takes a number from 0.001 to 86400, not 'nan'"),
    ("send GET http://127.0.0.1:9/ --timeout inf", "--timeout takes a number from 0.001 to 86400, not inf"),
    ("send GET http://ada:secret@127.0.0.1/", "a URL with a user name is not sent"),
    ("send GET http://127.0.0.1:9/ --name one", "--name and --keep-secrets go with --save-to COLLECTION"),
    ("send GET http://127.0.0.1:9/ --timeout 0", "--timeout takes a number from 0.001 to 86400, not 0.0"),
    (
        "match GET /users/1 --mock nowhere",
        "there is no mock server or collection 'nowhere'; there are: secret, shop",
    ),
    ("promote 1 --to shop --tz UTC", "--tz goes with --date"),
]


@pytest.mark.parametrize(("typed", "said"), MISTAKES, ids=[typed for typed, _ in MISTAKES])
def test_mistakes_are_explained(mocked_once: Understudy, typed: str, said: str) -> None:
    """In one line with what was expected."""
    assert said in refused(mocked_once, typed)


def test_mistakes_leave_everything_as_it_was(mocked: Understudy) -> None:
    """No half-made collection, mock server or environment."""
    before = [quick_json(mocked, f"{noun} list") for noun in ("collections", "mocks", "environments", "keys")]
    for typed, _ in MISTAKES:
        if typed.startswith(("mocks create", "examples add")):
            refused(mocked, typed)
    assert [quick_json(mocked, f"{noun} list") for noun in ("collections", "mocks", "environments", "keys")] == before


# Creating


def test_a_new_mock_server_says_where_it_answers(promoted: Understudy) -> None:
    """By path first, which works everywhere."""
    said = promoted.run("mocks", "create", "Shop API", "--collection", "shop")
    assert said.splitlines() == [
        "Created mock server Shop API, answering from collection shop.",
        "  http://127.0.0.1:4000/mocks/shop-api/",
        "  http://shop-api.localhost:4000/",
    ]


def test_a_mock_server_has_the_settings_it_was_made_with(mocked_once: Understudy) -> None:
    """Those that were not given are the usual ones."""
    told = shown(mocked_once)
    assert (told["environment"], told["delay"], told["rate_limit"], told["fault"]) == ("stage", "2G", "10/60", None)
    assert (told["private"], told["cors"], told["log_limit"], told["server_error"]) == (False, False, 5, "down")
    matching = told["matching"]
    assert (matching["body"], matching["headers"], matching["query"], matching["distance"]) == (
        "require",
        ["X-Team"],
        "prefer",
        None,
    )


def test_typed_in_requests_make_a_collection(understudy: Understudy) -> None:
    """Of examples with wildcards, and of requests that still need one."""
    typed = "mocks create users --request 'GET /users/{{id}} 200 {\"id\": \"{{id}}\"}' --request 'DELETE /users/:id'"
    run(understudy, typed)
    assert quick_json(understudy, "collections show users")["requests"] == 2
    assert 'is answered by "GET /users/{{id}} - 200"' in run(understudy, "match GET /users/7 --mock users")
    missed = understudy.run("match", "DELETE", "/users/7", "--mock", "users", code=1)
    assert 'the request "DELETE /users/:id" has no example' in missed


def test_an_answer_is_read_from_a_file(understudy: Understudy, tmp_path: Path) -> None:
    """As everywhere else."""
    (tmp_path / "body.json").write_bytes(b'{"from": "file"}')
    quickly(understudy, "mocks", "create", "a", "--request", f"GET /a 200 @{tmp_path / 'body.json'}")
    assert quick_json(understudy, "examples show 'GET /a - 200'")["response"]["body"] == '{"from": "file"}'


@pytest.mark.parametrize(
    ("source", "examples"),
    [("--from-entry 1 --from-entry 8", 2), ("--from-session shop", 7), ("--from-date {day} --tz UTC", 7)],
)
def test_history_makes_a_collection(shop: Understudy, source: str, examples: int) -> None:
    """What is no example is named, what is secret is not taken over."""
    day = shop.run("history", "list", "--json").partition('"started_at": "')[2][:10]
    said = run(shop, f"mocks create day {source.format(day=day)}")
    assert f"Promoted to day: {examples} new examples" in said
    assert ("skipped entry 9, GET /broken: failed: " in said) == (examples == 7)
    assert shown(shop, "day")["collection"] == "day"
    assert not any(TOKEN in str(one) for one in quick_json(shop, "examples list day"))


def test_what_was_skipped_is_told_to_programs_too(shop: Understudy) -> None:
    """With --json, as `promote` prints it."""
    told = quick_json(shop, "mocks create day --from-session shop")
    assert [one["id"] for one in told["promoted"]["skipped"]] == [FAILED]
    assert quick_json(shop, "mocks create more --collection day")["promoted"] is None


def test_secrets_of_history_are_kept_when_asked(shop: Understudy) -> None:
    """--keep-secrets works as it does for promote."""
    run(shop, "mocks create day --from-session shop --keep-secrets")
    assert any(TOKEN in one["url"] for one in quick_json(shop, "examples list day"))


def test_a_new_collection_does_not_take_the_place_of_one_that_is_there(promoted: Understudy) -> None:
    """It gets a name of its own."""
    assert "answering from collection shop 2." in run(promoted, "mocks create shop --request 'GET /a 200'")


def test_the_url_is_saved_as_a_variable(promoted: Understudy) -> None:
    """In a new environment that is named after the mock server."""
    assert "Its URL is {{base}} in environment api." in run(
        promoted, "mocks create api --collection shop --save-url base"
    )
    assert quick_json(promoted, "environments show api")["variables"] == {"base": "http://127.0.0.1:4000/mocks/api"}


# Editing


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ("--name 'Shop 2'", {"name": "Shop 2", "slug": "shop"}),
        ("--slug other", {"slug": "other", "url": "http://127.0.0.1:4000/mocks/other/"}),
        ("--private", {"private": True}),
        ("--no-environment", {"environment": None}),
        ("--no-delay --no-rate-limit", {"delay": None, "rate_limit": None}),
        ("--delay lognormal:200:0.5 --fault cut:5", {"delay": "lognormal:200:0.5", "fault": "cut:5"}),
        ("--cors --log-limit 0", {"cors": True, "log_limit": 0}),
        ("--bytes-per-second 512", {"bytes_per_second": 512}),
    ],
)
def test_an_edit_changes_what_it_names(mocked: Understudy, options: str, changed: dict[str, Any]) -> None:
    """And nothing else."""
    before = shown(mocked)
    assert run(mocked, f"mocks edit shop {options}").startswith("Saved mock server ")
    after = quick_json(mocked, f"mocks show {before['id']}")
    assert after == {**before, **changed, "host_url": after["host_url"], "updated_at": after["updated_at"]}


def test_how_it_compares_is_edited(mocked: Understudy) -> None:
    """A list is given whole, or emptied."""
    run(
        mocked,
        "mocks edit shop --no-match-body --match-header a,b --query off --no-ids --distance --ignore-json '$.at'",
    )
    matching = shown(mocked)["matching"]
    assert (matching["body"], matching["headers"], matching["query"]) == ("prefer", ["a", "b"], "off")
    assert (matching["ids"], matching["distance"], matching["ignore_body"]) == (False, True, ["$.at"])
    run(mocked, "mocks edit shop --no-match-header --usual-distance --no-ignore-json")
    matching = shown(mocked)["matching"]
    assert (matching["headers"], matching["distance"], matching["ignore_body"]) == ([], None, [])


def test_match_decides_as_the_mock_server_does(mocked: Understudy) -> None:
    """And its options change that for this once."""
    run(mocked, "mocks edit shop --no-match-body --query require")
    mocked.run("match", "GET", "/users/1?a=1", "--mock", "shop", code=1)
    mocked.run("match", "GET", "/users/1?a=1", "--mock", "shop", "--query", "prefer", "--no-match-header")


def test_a_deleted_mock_server_leaves_its_collection(mocked: Understudy) -> None:
    """It is gone with its server errors."""
    assert run(mocked, "mocks delete shop") == "Deleted mock server shop. Undo: understudy undo 1\n"
    assert [one["name"] for one in quick_json(mocked, "mocks list")] == ["secret"]
    assert [one["name"] for one in quick_json(mocked, "collections list")] == ["shop"]


def test_sequences_start_over(mocked: Understudy) -> None:
    """On command."""
    assert run(mocked, "mocks reset shop") == "The sequences of shop start over.\n"


# Privacy


def test_public_mock_servers_are_forbidden_by_policy(mocked: Understudy) -> None:
    """Making one, or making one public, is refused; what is public is listed."""
    said = run(mocked, "mocks policy --public forbid")
    assert said.startswith("Public mock servers are forbidden.\nStill public: shop; change that with: ")
    line = (
        "Error: public mock servers are forbidden on this store;"
        " use --private, or allow public ones with: understudy mocks policy --public allow"
    )
    assert refused(mocked, "mocks create new --collection shop") == line
    assert refused(mocked, "mocks create new --request 'GET /a 200'") == line
    assert refused(mocked, "mocks edit secret --public") == line
    assert [one["name"] for one in quick_json(mocked, "collections list")] == ["shop"]
    run(mocked, "mocks create new --collection shop --private")
    run(mocked, "mocks policy --public allow")
    run(mocked, "mocks edit secret --public")


def test_a_key_is_shown_once(understudy: Understudy) -> None:
    """Alone on standard output, for scripts; what is listed are its last characters."""
    key = run(understudy, "keys create ci")
    assert key.startswith("usk_")
    assert len(key.strip()) > 40
    assert key.strip() not in understudy.store.read_bytes().decode("latin-1")
    [told] = quick_json(understudy, "keys list")
    assert told["ending"] == key.strip()[-4:]
    assert key.strip() not in run(understudy, "keys list")


def test_a_key_comes_as_json_too(understudy: Understudy) -> None:
    """With its id."""
    assert set(quick_json(understudy, "keys create ci")) == {"id", "name", "ending", "created_at", "key"}


def test_a_revoked_key_is_gone(mocked: Understudy) -> None:
    """Its name may be used again."""
    assert run(mocked, "keys revoke ci") == "Revoked key ci.\n"
    assert quick_json(mocked, "keys list") == []
    run(mocked, "keys create ci")


# Server errors


def test_one_server_error_is_active(mocked: Understudy) -> None:
    """Or none."""
    run(mocked, "mocks errors activate shop other")
    assert [(one["name"], one["active"]) for one in quick_json(mocked, "mocks errors list shop")] == [
        ("down", False),
        ("other", True),
    ]
    run(mocked, "mocks errors off shop")
    assert shown(mocked)["server_error"] is None


def test_a_deleted_server_error_is_active_no_more(mocked: Understudy) -> None:
    """The mock server answers from its examples again."""
    run(mocked, "mocks errors delete shop down")
    assert (shown(mocked)["server_error"], shown(mocked)["server_errors"]) == (None, 1)


def test_a_server_error_is_kept_as_it_was_given(mocked_once: Understudy) -> None:
    """With the type that its body looks like."""
    down = quick_json(mocked_once, "mocks errors list shop")[0]
    assert (down["status"], down["body"]) == (503, '{"error": 1}')
    assert down["headers"] == [["Retry-After", "5"], ["Content-Type", "application/json"]]


# Variables


def test_variables_are_set_and_unset(mocked: Understudy) -> None:
    """One by one."""
    assert run(mocked, "environments set stage limit=30 new=a=b") == "Saved environment stage: 3 variables.\n"
    run(mocked, "environments unset stage base")
    assert quick_json(mocked, "environments show stage")["variables"] == {"limit": "30", "new": "a=b"}


def test_an_environment_that_nobody_uses_is_deleted(mocked: Understudy) -> None:
    """After its mock server let go of it."""
    run(mocked, "mocks edit shop --no-environment")
    assert run(mocked, "environments delete stage") == "Deleted environment stage. Undo: understudy undo 1\n"


def test_variables_of_a_collection(understudy: Understudy) -> None:
    """They are shown with it."""
    run(understudy, "collections create shop --variable a=1 --variable b=2")
    run(understudy, "collections set shop --variable b=3 --remove-variable a")
    assert quick_json(understudy, "collections show shop")["variables"] == {"b": "3"}
    assert "  b = 3\n" in run(understudy, "collections show shop")


# Examples


def test_an_example_is_typed_in(promoted: Understudy) -> None:
    """It has wildcards, is a template, and has the faults that it is given."""
    said = run(
        promoted,
        "examples add shop 'POST /orders/{{id}}' --status 201 --body '[{{id}}]' --header 'X-A: 1' --name ordered"
        " --request-body '{\"a\": 1}' --request-header 'X-B: 2' --delay 100-300",
    )
    assert said.startswith("Added ordered (")
    told = quick_json(promoted, "examples show ordered")
    assert (told["status"], told["templates"], told["delay"]) == (201, True, "100-300")
    assert told["request"]["headers"] == [["X-B", "2"], ["Content-Type", "application/json"]]
    assert told["response"]["headers"] == [["X-A", "1"], ["Content-Type", "application/json"]]
    assert 'is answered by "ordered"' in run(promoted, "match POST /orders/7 --mock shop")


def test_an_example_gets_faults_and_loses_them(promoted: Understudy) -> None:
    """They are listed with it."""
    run(promoted, "examples set 'GET /users/1 - 200' --delay 3G --fault reset:10 --bytes-per-second 9 --rate-limit 1/2")
    assert "delay 3G, bytes per second 9, fault reset:10, rate limit 1/2" in run(promoted, "examples list shop")
    run(promoted, "examples set 'GET /users/1 - 200' --no-delay --no-fault --no-bytes-per-second --no-rate-limit")
    told = quick_json(promoted, "examples show 'GET /users/1 - 200'")
    assert [told[name] for name in ("delay", "bytes_per_second", "fault", "rate_limit")] == [None] * 4


# In the gateway


def test_a_gateway_answers_as_a_mock_server(mocked: Understudy) -> None:
    """It is named where the gateway prints what it does, and is not deleted while it does."""
    with mocked.serving("mock", "secret", "--name", "east") as gateway:
        assert "mode mock, answering from mock server secret" in gateway.log
        [told] = mocked.json("mode")
        line = mocked.mistake("mocks", "delete", "secret")
    assert (told["mock_server"], told["collection"]) == ("secret", "shop")
    switch = "understudy mode pass --gateway east"
    assert line == f"Error: gateway east is using mock server secret; switch it first: {switch}"


def test_a_saved_url_follows_its_mock_server(mocked: Understudy) -> None:
    """Whoever uses the variable calls what the slug is now; and the environment can be used again."""
    run(mocked, "mocks create new --collection shop --save-url base")
    printed = run(mocked, "mocks edit new --slug newer")
    assert "Its new URL is in environment new." in printed
    assert quick_json(mocked, "environments show new")["variables"] == {"base": "http://127.0.0.1:4000/mocks/newer"}
    run(mocked, "mocks delete new")
    run(mocked, "mocks create new --collection shop --slug newer --save-url base")


def test_a_name_without_letters_gets_a_hint(mocked: Understudy) -> None:
    assert "choose a slug: understudy mocks edit NAME --slug TEXT" in run(mocked, "mocks create 日本 --collection shop")

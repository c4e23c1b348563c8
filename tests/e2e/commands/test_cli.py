"""What every command prints when all goes well: tables for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.inside import Inside, quickly
from tests.e2e.shop import CALLS, COOKIE, FAILED, LOGO, PASSWORD, TOKEN, call, record, shop_api
from tests.programs import Understudy, upstream

USERS_1 = "GET /users/1 - 200"
ORDERS = "GET /orders/next - 200"
# What the recording becomes: one example for each answer that differs, none for the failed exchange.
NAMES = [
    USERS_1,
    "GET /users/2 - 200",
    ORDERS,
    ORDERS,
    "GET /logo.bin?api_key=REDACTED - 200",
    "POST /login - 200",
    "GET /missing - 404",
]
REQUESTS = 6
LOGIN = 1 + [target for _, target, _ in CALLS].index("/login")
LOGO_ENTRY = LOGIN - 1
LOGIN_SECRETS = (TOKEN, COOKIE, PASSWORD)

# Each on the store with the session and the collection "shop": the columns of its table, and a row.
TABLES = [
    ("sessions list", "SESSION UPSTREAM EXCHANGES FAILED LAST ID", ["shop", str(len(CALLS)), "1"]),
    ("sessions show shop", "ENTRY TIME SESSION REQUEST STATUS BYTES MS", ["1", "shop", "/users/1", "200"]),
    ("history list", "ENTRY TIME SESSION REQUEST STATUS BYTES MS", [str(FAILED), "/broken", "failed:"]),
    ("collections list", "COLLECTION REQUESTS EXAMPLES CREATED ID", ["shop", str(REQUESTS), str(len(NAMES))]),
    (
        "collections show shop",
        "ID HOST EXAMPLE STATUS TYPE BYTES TURN MARKS",
        [USERS_1, "200", "application/json", "24"],
    ),
    (
        "examples list shop",
        "ID HOST EXAMPLE STATUS TYPE BYTES TURN MARKS",
        ["GET /missing - 404", "404", "text/plain", "12"],
    ),
]
JSON_KEYS = [
    ("sessions list", "id name upstream created_at replay exchanges failed last_at"),
    ("sessions show shop", "id name upstream created_at replay exchanges failed last_at"),
    ("history list", "id session_id started_at method url status error request_size response_size milliseconds"),
    ("history show 1", "id session_id method url status error request response"),
    ("collections list", "id name created_at variables requests examples"),
    ("collections show shop", "id name created_at variables requests examples example_list"),
    ("examples list shop", "id name method url status sequence edited redacted"),
    (f"examples show '{USERS_1}'", "id name method url status sequence edited redacted request response"),
]


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store, most of it run here: so many commands would take long."""
    return Inside(tmp_path)


def example_names(understudy: Understudy, collection: str = "shop") -> list[str]:
    """The names of a collection's examples, in the order of their ids."""
    return [one["name"] for one in understudy.json("examples", "list", collection)]


def response_body(understudy: Understudy, example: str) -> str:
    """The body of an example's response."""
    return str(understudy.json("examples", "show", example)["response"]["body"])


@pytest.mark.parametrize(("typed", "columns", "row"), TABLES, ids=[typed for typed, _, _ in TABLES])
def test_tables_show_what_there_is(promoted_once: Understudy, typed: str, columns: str, row: list[str]) -> None:
    """A list has a header and a line for each thing; piped, lines are whole and have no colour codes."""
    printed = promoted_once.run(*typed.split(), TERM="xterm-256color")
    lines = printed.splitlines()
    assert any(line.split() == columns.split() for line in lines)
    assert any(all(cell in line for cell in row) for line in lines)
    assert "\x1b" not in printed


@pytest.mark.parametrize(("typed", "keys"), JSON_KEYS, ids=[typed for typed, _ in JSON_KEYS])
def test_json_names_everything(promoted_once: Understudy, typed: str, keys: str) -> None:
    """--json gives the same to programs."""
    result = json.loads(quickly(promoted_once, *shlex.split(typed), "--json"))
    for one in result if isinstance(result, list) else [result]:
        assert set(keys.split()) <= set(one)


@pytest.mark.parametrize("typed", ["sessions list", "history list", "collections list", "mode"])
def test_an_empty_store_says_how_to_begin(understudy: Understudy, typed: str) -> None:
    """Nothing to show is a sentence for people and an empty list for programs."""
    quickly(understudy, "keys", "create", "ci")
    assert quickly(understudy, *typed.split()).startswith("No ")
    assert quickly(understudy, *typed.split(), "--json") == "[]\n"


def test_the_first_look_finds_nothing_and_no_mistake(understudy: Understudy) -> None:
    """In the user's own data folder, whose name is not typed."""
    assert understudy.run("sessions", "list", UNDERSTUDY_STORE="").startswith("No sessions yet. Record one: ")


def test_store_option_in_both_places(shop: Understudy, tmp_path: Path) -> None:
    """--store before and after the command names the store, and beats the environment."""
    empty = Understudy(tmp_path / "empty")
    before = empty.run("--store", shop.store, "sessions", "list", "--json")
    after = empty.run("sessions", "list", "--json", "--store", shop.store)
    assert [one["name"] for one in json.loads(before)] == [one["name"] for one in json.loads(after)] == ["shop"]
    assert "there is no store" in empty.mistake("sessions", "list")


def test_version(understudy: Understudy) -> None:
    """--version prints the program's name and version."""
    assert "version 0." in understudy.run("--version")


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_history_masks_secrets(promoted_once: Understudy, options: list[str]) -> None:
    """Tokens, passwords and cookies are hidden, in text and in JSON."""
    shown = promoted_once.run("history", "show", LOGIN, *options)
    assert [secret for secret in LOGIN_SECRETS if secret in shown] == []
    assert "Bearer REDACTED" in shown
    assert TOKEN not in promoted_once.run("history", "list", *options)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_history_shows_secrets_when_asked(promoted_once: Understudy, options: list[str]) -> None:
    """--secrets shows them as they were sent."""
    shown = promoted_once.run("history", "show", LOGIN, "--secrets", *options)
    assert [secret for secret in LOGIN_SECRETS if secret not in shown] == []


@pytest.mark.parametrize(("entry", "which", "body"), [(LOGO_ENTRY, "response", LOGO), (LOGIN, "request", CALLS[6][2])])
def test_history_writes_raw_bodies(promoted_once: Understudy, entry: int, which: str, body: bytes) -> None:
    """--body writes the bytes as they came and nothing else."""
    assert promoted_once.output("history", "show", entry, "--body", which) == body


def test_history_says_why_an_exchange_failed(promoted_once: Understudy) -> None:
    """A failed exchange is shown with its reason and without a response."""
    assert "Failed: " in promoted_once.run("history", "show", FAILED)
    assert promoted_once.json("history", "show", FAILED)["response"] is None


@pytest.mark.parametrize(
    ("conditions", "entries"),
    [
        (["method=post"], [LOGIN]),
        (["path=/users/*"], [1, 2, 3]),
        (["status=404"], [8]),
        (["status=2xx", "path=/o*"], [4, 5]),
        (["host=127.0.0.1", "method=GET", "path=/logo.bin"], [LOGO_ENTRY]),
        (["host=elsewhere"], []),
    ],
)
def test_history_filters(promoted_once: Understudy, conditions: list[str], entries: list[int]) -> None:
    """--filter selects by method, host, path and status; all must hold."""
    options = [word for condition in conditions for word in ("--filter", condition)]
    listed = json.loads(quickly(promoted_once, "history", "list", "--json", *options))
    assert [one["id"] for one in listed] == entries


def test_history_limit_takes_the_newest(promoted_once: Understudy) -> None:
    """--limit shows the last ones, in order."""
    assert [one["id"] for one in promoted_once.json("history", "list", "--limit", 2)] == [FAILED - 1, FAILED]


def test_deleting_a_session_leaves_what_was_promoted(promoted: Understudy) -> None:
    """Its exchanges go, its examples stay whole."""
    assert promoted.run("sessions", "delete", "shop") == "Deleted session shop. Undo: understudy undo 1\n"
    assert (promoted.json("sessions", "list"), promoted.json("history", "list")) == ([], [])
    assert json.loads(response_body(promoted, USERS_1)) == {"id": 1, "name": "Ada"}


def test_deleting_a_collection_leaves_history(promoted: Understudy) -> None:
    """Its examples go, the exchanges stay."""
    assert promoted.run("collections", "delete", "shop") == "Deleted collection shop. Undo: understudy undo 1\n"
    assert promoted.json("collections", "list") == []
    assert len(promoted.json("history", "list")) == len(CALLS)


def test_deleting_an_example(promoted: Understudy) -> None:
    """It goes, and with it the request whose only example it was."""
    assert promoted.run("examples", "delete", USERS_1).startswith(f"Deleted {USERS_1} (")
    assert example_names(promoted) == NAMES[1:]
    assert promoted.json("collections", "show", "shop")["requests"] == REQUESTS - 1


def test_an_example_is_found_by_the_end_of_its_id(promoted_once: Understudy) -> None:
    """The whole id, its end and the name mean the same."""
    [example] = [one for one in promoted_once.json("examples", "list", "shop") if one["name"] == USERS_1]
    shown = [promoted_once.run("examples", "show", text) for text in (USERS_1, example["id"], example["id"][-8:])]
    assert len(set(shown)) == 1


def test_an_example_is_changed_by_options(promoted: Understudy) -> None:
    """`set` changes name, status, headers and body, and marks the example as edited."""
    change = ["--name", "busy", "--status", "503", "--header", "Retry-After: 5", "--remove-header", "server"]
    promoted.run("examples", "set", USERS_1, *change, "--body", "@-", stdin=b"come back later")
    changed = promoted.json("examples", "show", "busy")
    headers = {name.lower(): value for name, value in changed["response"]["headers"]}
    assert (changed["status"], changed["edited"]) == (503, True)
    assert (headers["retry-after"], "server" in headers) == ("5", False)
    assert changed["response"]["body"] == "come back later"


def test_match_explains_a_hit(promoted_once: Understudy) -> None:
    """A hit names the example and exits with 0."""
    assert f'is answered by "{USERS_1}"' in promoted_once.run("match", "GET", "/users/1", "--mock", "shop")


def test_match_explains_a_miss(promoted_once: Understudy) -> None:
    """A miss names what is nearest and exits with 1."""
    assert "No example answers" in promoted_once.run("match", "PATCH", "/nothing/like/it", "--mock", "shop", code=1)


def test_addon_path_is_a_file(understudy: Understudy) -> None:
    """It can be given to mitmdump -s."""
    assert Path(understudy.run("addon-path").strip()).is_file()


def test_promotion_of_a_session(shop: Understudy) -> None:
    """All of it but the failed exchange, which is named, as are the redacted places."""
    output = shop.run("promote", "--session", "shop", "--to", "shop")
    assert output.startswith(f"Promoted to shop: {len(NAMES)} new examples, {REQUESTS} new requests.\n")
    assert f"skipped entry {FAILED}, GET /broken: failed: " in output
    assert "Set-Cookie value in 1 response" in output
    assert example_names(shop) == NAMES


def test_promotion_by_id(shop: Understudy) -> None:
    """Only the entries that are named, in one command or several."""
    shop.run("promote", "1", "8", "--to", "some")
    shop.run("promote", LOGIN, "--to", "some")
    assert example_names(shop, "some") == [USERS_1, "GET /missing - 404", "POST /login - 200"]


def test_promotion_by_date(shop: Understudy) -> None:
    """All of one day in this machine's time zone."""
    started = shop.json("history", "show", 1)["started_at"]
    day = datetime.fromisoformat(started).astimezone().strftime("%Y-%m-%d")
    shop.run("promote", "--date", day, "--to", "shop")
    assert set(example_names(shop)) == set(NAMES)


def test_promotion_by_filter(shop: Understudy) -> None:
    """By path and status."""
    shop.run("promote", "--filter", "path=/users/*", "--filter", "status=2xx", "--to", "users")
    assert example_names(shop, "users") == [USERS_1, "GET /users/2 - 200"]


@pytest.mark.parametrize(
    ("repeats", "orders", "in_turn"), [("sequence", [1, 2], True), ("all", [1, 2], False), ("newest", [2], False)]
)
def test_promotion_of_repeats(shop: Understudy, repeats: str, orders: list[int], in_turn: bool) -> None:
    """Different answers to one request: in turn, side by side, or the newest alone."""
    shop.run("promote", "--session", "shop", "--repeats", repeats, "--to", "shop")
    examples = [one for one in shop.json("examples", "list", "shop") if one["name"] == ORDERS]
    bodies = [json.loads(response_body(shop, one["id"])) for one in examples]
    assert bodies == [{"order": number} for number in orders]
    assert [one["sequence"] is not None for one in examples] == [in_turn] * len(orders)


def test_promotion_keeps_secrets_when_asked(shop: Understudy) -> None:
    """--keep-secrets takes everything as it was recorded, and prints nothing about redaction."""
    output = shop.run("promote", LOGIN, "--to", "shop", "--keep-secrets")
    shown = shop.run("examples", "show", "POST /login - 200")
    assert "redacted" not in output
    assert [secret for secret in LOGIN_SECRETS if secret not in shown] == []


def test_promotion_redacts_secrets(shop: Understudy) -> None:
    """Without it, none of them is in the example."""
    shop.run("promote", LOGIN, "--to", "shop")
    shown = shop.run("examples", "show", "POST /login - 200")
    assert [secret for secret in LOGIN_SECRETS if secret in shown] == []


def test_promoting_again_changes_nothing(promoted: Understudy) -> None:
    """The same promotion adds nothing and prints how much was there."""
    before = promoted.json("examples", "list", "shop")
    result = promoted.json("promote", "--session", "shop", "--to", "shop")
    assert (result["new_examples"], result["promoted_before"]) == (0, len(CALLS) - 1)
    assert promoted.json("examples", "list", "shop") == before


def test_an_edit_outlives_promoting_again(promoted: Understudy) -> None:
    """What a person changed stays, and no second example appears beside it."""
    promoted.run("examples", "set", USERS_1, "--body", "edited by hand")
    promoted.run("promote", "--session", "shop", "--to", "shop")
    assert response_body(promoted, USERS_1) == "edited by hand"
    assert example_names(promoted) == NAMES


def test_only_new_exchanges_are_added(understudy: Understudy) -> None:
    """After more recording, the same promotion adds what is new."""
    with upstream(shop_api()) as url:
        record(understudy, url, ("GET", "/users/1", b""))
        understudy.run("promote", "--session", "shop", "--to", "shop")
        record(understudy, url, ("GET", "/users/1", b""), ("GET", "/users/3", b""))
    result = understudy.json("promote", "--session", "shop", "--to", "shop")
    assert (result["new_examples"], result["identical"], result["promoted_before"]) == (1, 1, 1)
    assert example_names(understudy) == [USERS_1, "GET /users/3 - 200"]


def test_a_deleted_example_stays_deleted(promoted: Understudy) -> None:
    """Promoting again does not bring it back; --again does."""
    promoted.run("examples", "delete", "GET /missing - 404")
    promoted.run("promote", "--session", "shop", "--to", "shop")
    without = example_names(promoted)
    promoted.run("promote", "--session", "shop", "--to", "shop", "--again")
    assert (without, example_names(promoted)) == (NAMES[:-1], NAMES)


def test_mode_shows_the_gateways(promoted: Understudy) -> None:
    """`understudy mode` lists what runs and what it does, for people and for programs."""
    with promoted.serving("mock", "shop", "--name", "east") as gateway:
        table = promoted.run("mode")
        [result] = promoted.json("mode")
    [row] = [line for line in table.splitlines() if line.startswith("east")]
    assert f"{gateway.listen}" in row
    assert "mode mock, answering from collection shop" in row
    assert (result["name"], result["listen"], result["mode"], result["collection"]) == (
        "east",
        gateway.listen,
        "mock",
        "shop",
    )
    assert result["pid"] == gateway.process.pid


def test_mode_switches_a_gateway(promoted: Understudy) -> None:
    """It prints what is in force, as text and as JSON."""
    with promoted.serving("gateway", "--name", "east"):
        output = promoted.run("mode", "record", "--session", "more")
        result = promoted.json("mode", "replay", "--session", "shop")
    assert output == "east: mode record, recording to session more.\n"
    assert result == {"gateway": "east", "mode": "replay", "in_force": True}


def test_a_verbose_gateway_prints_each_request(shop: Understudy) -> None:
    """--verbose prints a line for each request, and never its query."""
    with shop.serving("replay", "shop", "--verbose") as gateway:
        call(f"{gateway.url}/users/1?api_key={TOKEN}")
    assert "GET /users/1" in gateway.log
    assert TOKEN not in gateway.log


def test_help_is_quick(understudy: Understudy) -> None:
    """`understudy --help` loads none of the heavy libraries, and so answers at once."""
    heavy = {"mitmproxy", "sqlalchemy", "alembic", "rich", "asyncio", "faker"}
    watched = Understudy(
        understudy.home,
        preamble=f"import atexit, sys; atexit.register(lambda: print({heavy} & set(sys.modules)));",
    )
    assert watched.run("--help").splitlines()[-1] == "set()"

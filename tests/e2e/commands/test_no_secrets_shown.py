"""No log and no terminal line holds a secret, whatever the mode and the command; commands for raw data print it."""

from __future__ import annotations

import shlex
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from tests.e2e.inside import quickly, run_here
from tests.programs import Understudy, answer, free_port, upstream

# Known by their names, by their looks, and by a rule of the store. None of them was ever a key to anything.
SECRETS = {
    "header": "sesame-of-a-header",
    "cookie": "sesame-of-a-cookie",
    "query": "sesame-of-a-query",
    "form": "sesame-of-a-form",
    "JSON": "sesame-of-json",
    "answer": "sesame-of-an-answer",
    "Set-Cookie": "sesame-of-set-cookie",
    "path": "sk-" + "a1B2c3D4e5" * 3,
    "text": "ghp_" + "a1B2c3D4e5" * 4,
    "rule": "sesame-of-a-rule",
    "URL": "sesame-of-a-url",
}
COMMANDS = (
    "history list",
    "history list --json",
    "history show 1",
    "history show 1 --json",
    "history show 4",
    "sessions show kept",
    "promote --session kept --to shop",
    "examples list shop",
    "examples show 'POST /form - 200'",
    "mocks logs served",
    "mocks logs served --json",
    "mocks logs served --call 1",
    "mocks logs served --call 3",
    "mocks verify served --called 'GET /nothing?pin={query}' --header 'X-Api-Key: {header}'",
    "match GET '/keys/{path}?api_key={query}' --mock shop -H 'Authorization: Bearer {header}'",
    'match POST /json --mock shop --match-body -d \'{{"password": "{JSON}", "n": 2}}\'',
    "send GET 'ann:{URL}@x?pin={query}'",
    "send GET 'http://ann:{URL}@127.0.0.1:9/?pin={query}'",
    "send GET '/only?pin={query}'",
    "send GET 'http://127.0.0.1:1/{path}?pin={query}'",
    "send GET http://127.0.0.1:9/ -H 'Authorization Bearer {header}'",
    "send GET http://127.0.0.1:9/ -H 'X-Api-Key: {header}\r\nX: y'",
    "send GET http://127.0.0.1:9/ -H 'X-Api-Key: {header}\x01'",
    "record --upstream 'http://ann:{URL}@x/path?pin={query}'",
    "record --upstream 'ftp://ann:{URL}@x'",
    "history list --filter 'key={text}'",
)


def api(handler: BaseHTTPRequestHandler) -> None:
    body = f'{{"password": "{SECRETS["answer"]}", "note": "{SECRETS["text"]}"}}'.encode()
    answer(handler, body, Content_Type="application/json", Set_Cookie=f"sid={SECRETS['Set-Cookie']}; Path=/")


def call_with_secrets(url: str, *, more: str = "") -> list[httpx.Response]:
    """Requests with every secret that a client can send; `more` makes others of them."""
    headers = {
        "Authorization": f"Bearer {SECRETS['header']}",
        "Cookie": f"a={SECRETS['cookie']}",
        "X-Session": SECRETS["rule"],
    }
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        return [
            client.get(f"/keys/{SECRETS['path']}{more}", params={"api_key": SECRETS["query"], "page": 1}),
            client.post("/form", data={"password": SECRETS["form"], "n": f"1{more}"}),
            client.post("/json", json={"password": SECRETS["JSON"], "n": f"1{more}"}),
            client.post("/text", content=f"it is {SECRETS['text']}{more}"),
        ]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that is shown and logged while secrets are recorded as they are, replayed, missed, mocked and looked at."""
    understudy = Understudy(tmp_path_factory.mktemp("secrets"))
    found: dict[str, str] = {}
    quickly(understudy, "redaction", "add", "--header", "X-Session")
    nowhere = f"http://127.0.0.1:{free_port()}"
    with upstream(api) as url, understudy.serving("record", "--upstream", url, "-s", "kept", "-v") as gateway:
        call_with_secrets(gateway.url)
    found["log of record"] = gateway.log
    with understudy.serving("record", "--upstream", nowhere, "-s", "failed", "-v") as gateway:
        found["answer of record"] = call_with_secrets(gateway.url)[0].text
    found["log of a record that fails"] = gateway.log
    with understudy.serving("replay", "kept", "-v") as gateway:
        call_with_secrets(gateway.url)
        missed = call_with_secrets(gateway.url, more="-more")
        assert {one.status_code for one in missed} == {404}
        found["misses of replay"] = "".join(one.text for one in missed)
    found["log of replay"] = gateway.log
    quickly(understudy, "mocks", "create", "served", "--from-session", "kept", "--match-body")
    with understudy.mocks_serving("served") as gateway:
        missed = call_with_secrets(gateway.url, more="-more")
        found["misses of a mock server"] = "".join(one.text for one in missed)
    found["log of a mock server"] = gateway.log
    for typed in COMMANDS:
        done = run_here(understudy, shlex.split(typed.format(**SECRETS)))
        assert done.exit_code != 1 or "verify" in typed or "match" in typed, done.output
        found[typed] = done.output
    for raw in ("history show 1 --secrets", "history show 1 --body response"):
        assert SECRETS["answer"] in quickly(understudy, *raw.split())
    return found


LOGS = (
    "log of record",
    "answer of record",
    "log of a record that fails",
    "misses of replay",
    "log of replay",
    "misses of a mock server",
    "log of a mock server",
)


@pytest.mark.parametrize("output", [*LOGS, *COMMANDS])
def test_no_secret_is_shown(shown: dict[str, str], output: str) -> None:
    assert shown[output].strip()
    assert [kind for kind, secret in SECRETS.items() if secret in shown[output]] == []

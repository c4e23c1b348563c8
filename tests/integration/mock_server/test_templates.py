"""From a recorded answer to one that is filled in for each request."""

from __future__ import annotations

import http.client
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.inside import Inside
from tests.programs import Serving, Understudy, answer, upstream

pytestmark = pytest.mark.once

BODY = """{"id": {{$pathSegments '1'}}, "page": "{{$queryParams 'page' '1'}}", "by": "{{$headers 'X-By'}}",
"name": "{{$randomFullName}}", "at": {{$timestamp}}, "as": "{{written}}"}"""


@pytest.fixture
def understudy(tmp_path: Path) -> Understudy:
    """The command line on a fresh store, most of it run here: so many commands would take long."""
    return Inside(tmp_path)


def ada(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, b'{"id": 1, "name": "Ada"}', Content_Type="application/json")


def get(gateway: Serving, target: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    client.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = client.getresponse()
    body = response.read()
    client.close()
    return response, body


def told(gateway: Serving, target: str = "/users/7", **headers: str) -> Any:
    return json.loads(get(gateway, target, **headers)[1])


def recorded(understudy: Understudy) -> None:
    """A collection `shop` with one example, `GET /users/1 - 200`."""
    with upstream(ada) as url, understudy.serving("record", "--upstream", url, "-s", "shop") as gateway:
        get(gateway, "/users/1")
    understudy.run("promote", "--session", "shop", "--to", "shop")


def set_example(understudy: Understudy, *options: str) -> None:
    understudy.run("examples", "set", "GET /users/1 - 200", *options)


def test_recorded_promoted_and_filled_in(understudy: Understudy) -> None:
    """A promoted answer is given as it is, until its example is switched on; and a running gateway takes that over."""
    recorded(understudy)
    set_example(
        understudy, "--path", "/users/{{id}}", "--body", BODY, "--header", "X-Trace: {{$headers 'X-By' 'nobody'}}"
    )
    with understudy.serving("mock", "shop") as gateway:
        assert get(gateway, "/users/7")[1] == BODY.encode()
        set_example(understudy, "--templates")
        response, body = get(gateway, "/users/7?page=2", X_By='"me"\\')
        value = json.loads(body)
        assert (value["id"], value["page"], value["by"], value["as"]) == (7, "2", '"me"\\', "{{written}}")
        assert " " in value["name"]
        assert (response.headers["X-Trace"], response.headers["Content-Length"]) == ('"me"\\', str(len(body)))
        assert (told(gateway)["page"], get(gateway, "/users/7")[0].headers["X-Trace"]) == ("1", "nobody")
        set_example(understudy, "--no-templates")
        assert get(gateway, "/users/7")[1] == BODY.encode()
    [example] = understudy.json("examples", "list", "shop")
    assert (example["templates"], example["edited"]) == (False, True)


def test_seed_repeats_a_run(understudy: Understudy) -> None:
    """Two runs with one seed give the same names in the same order; within a run they differ."""
    recorded(understudy)
    set_example(understudy, "--templates", "--body", '{"name": "{{$randomFullName}}", "id": "{{$guid}}"}')
    runs = []
    for command in (("mock", "shop"), ("gateway", "--mode", "mock", "--mock", "shop")):
        with understudy.serving(*command, "--seed", "7", "--ids") as gateway:
            runs.append([told(gateway), told(gateway)])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


def test_editor_switches_templates(understudy: Understudy) -> None:
    """`examples edit` shows the switch as a line, and takes it over."""
    recorded(understudy)
    understudy.run("examples", "edit", "GET /users/1 - 200", EDITOR="sed -i 's/^templates: off$/templates: on/'")
    assert understudy.json("examples", "show", "GET /users/1 - 200")["templates"] is True
    wrong = "sed -i 's/^templates: on$/templates: perhaps/'"
    assert "on or off" in understudy.mistake("examples", "edit", "GET /users/1 - 200", EDITOR=wrong)

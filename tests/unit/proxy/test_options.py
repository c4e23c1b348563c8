"""Parsing what a user types on the command line."""

from __future__ import annotations

import pytest

from understudy.proxy.cli.options import (
    current_user,
    day_bounds,
    history_filter,
    url_request,
    variable,
)
from understudy.store.errors import UserError
from understudy.store.model.messages import Origin
from understudy.store.repositories.history import HistoryFilter


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((), HistoryFilter()),
        (("method=get",), HistoryFilter(method="get")),
        (("host=*.example",), HistoryFilter(host="*.example")),
        (("path=/a?b=c",), HistoryFilter(path="/a?b=c")),
        (("status=404",), HistoryFilter(status="404")),
        (("status=5XX",), HistoryFilter(status="5xx")),
        (("method=PUT", "status=2xx"), HistoryFilter(method="PUT", status="2xx")),
    ],
)
def test_conditions_of_a_filter(conditions: tuple[str, ...], expected: HistoryFilter) -> None:
    assert history_filter(conditions) == expected


def test_a_filter_has_other_conditions_too() -> None:
    expected = HistoryFilter(frozenset({1}), "s", 1.0, 2.0, "GET")
    assert history_filter(("method=GET",), ids=frozenset({1}), session_id="s", since=1.0, until=2.0) == expected


@pytest.mark.parametrize("condition", ["", "GET", "method", "method=", "=GET", "verb=GET"])
def test_a_text_that_is_not_a_condition(condition: str) -> None:
    with pytest.raises(UserError, match="--filter takes NAME=VALUE with one of the names method, host, path, status"):
        history_filter((condition,))


@pytest.mark.parametrize("status", ["4", "40", "4040", "xxx", "6xx", "0xx", "4x4", "40x", "-40", "4²4", "٤٠٤", "abc"])
def test_a_text_that_is_not_a_status(status: str) -> None:
    with pytest.raises(UserError, match="--filter status= takes a status such as 404 or a class such as 5xx"):
        history_filter((f"status={status}",))


@pytest.mark.parametrize(
    ("text", "read"),
    [("a=1", ("a", "1")), ("a=", ("a", "")), (" a =b=c ", ("a", "b=c ")), ("a b={{c}}", ("a b", "{{c}}"))],
)
def test_a_variable(text: str, read: tuple[str, str]) -> None:
    assert variable(text) == read


@pytest.mark.parametrize("text", ["", "a", "=1", " =1", "{{a}}=1", "a\nb=1"])
def test_a_text_that_is_not_a_variable(text: str) -> None:
    """Its name could not be written between braces."""
    with pytest.raises(UserError, match="a variable is written KEY=VALUE, not "):
        variable(text)


@pytest.mark.parametrize(
    ("date", "zone", "begins", "hours"),
    [
        ("1970-01-02", "UTC", 86_400.0, 24),
        ("1970-01-02", "Asia/Tokyo", 86_400.0 - 9 * 3_600, 24),
        ("2026-03-29", "Europe/Berlin", 1_774_738_800.0, 23),
        ("2026-10-25", "Europe/Berlin", 1_792_879_200.0, 25),
    ],
)
def test_a_day_is_as_long_as_its_zone_says(date: str, zone: str, begins: float, hours: int) -> None:
    assert day_bounds(date, zone, "--date") == (begins, begins + hours * 3_600)


def test_without_a_day_there_are_no_bounds() -> None:
    assert day_bounds(None, None, "--date") == (None, None)


@pytest.mark.parametrize(
    ("date", "zone", "line"),
    [
        ("today", None, "--date takes a day such as 2026-01-31, got 'today'"),
        ("2026-02-30", "UTC", "--date takes a day such as 2026-01-31, got '2026-02-30'"),
        ("9999-12-31", "UTC", "--date takes a day such as 2026-01-31, got '9999-12-31'"),
        ("2026-01-31", "Mars", "--tz takes a time zone such as Europe/Berlin or UTC, got 'Mars'"),
        ("2026-01-31", "../etc", "--tz takes a time zone such as Europe/Berlin or UTC, got '../etc'"),
    ],
)
def test_a_text_that_is_not_a_day(date: str, zone: str | None, line: str) -> None:
    with pytest.raises(UserError, match=line):
        day_bounds(date, zone, "--date")


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("/users?a=1", None, b"/users?a=1"),
        ("http://a", Origin("http", "a", 80), b"/"),
        ("https://A:8/b?c#d", Origin("https", "a", 8), b"/b?c"),
    ],
)
def test_a_url_is_a_request(url: str, origin: Origin | None, target: bytes) -> None:
    request = url_request("get", url, ("A: 1",), "body")
    assert (request.method, request.origin, request.target) == ("GET", origin, target)
    assert (list(request.headers), request.body) == ([("A", "1")], b"body")


def test_the_actor_is_the_system_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert current_user() == "ada"


def test_the_actor_without_a_system_user_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert current_user() == "unknown"

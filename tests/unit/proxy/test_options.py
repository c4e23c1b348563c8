"""Reading what a person typed on the command line."""

from __future__ import annotations

import pytest

from proxy.cli.options import history_filter, listen_address, upstream_origin
from store.errors import UserError
from store.messages import Origin
from store.repository import HistoryFilter


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8080", ("::1", 8080)),
        (":8080", ("127.0.0.1", 8080)),
        ("8080", ("127.0.0.1", 8080)),
        ("a:65535", ("a", 65535)),
    ],
)
def test_an_address_to_listen_on(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == address


@pytest.mark.parametrize("text", ["", ":", "a", "a:", "a:b", "a:-1", "a:65536", "a:8²", "[::1]", "http://a:80/"])
def test_no_address_to_listen_on(text: str) -> None:
    with pytest.raises(UserError, match=r"--listen takes HOST:PORT, such as 127\.0\.0\.1:8080, got "):
        listen_address(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (None, None),
        ("http://a", Origin("http", "a", 80)),
        ("http://a/", Origin("http", "a", 80)),
        ("HTTPS://A:8443/", Origin("https", "a", 8443)),
        ("http://[::1]:3000", Origin("http", "::1", 3000)),
    ],
)
def test_an_upstream(text: str | None, origin: Origin | None) -> None:
    assert upstream_origin(text) == origin


@pytest.mark.parametrize("text", ["", "a", "a:80", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:b"])
def test_an_upstream_that_is_no_url(text: str) -> None:
    with pytest.raises(UserError, match="--upstream: expected a URL like"):
        upstream_origin(text)


@pytest.mark.parametrize(
    "text", ["http://a/x", "http://a/x/", "http://a?x=1", "http://a/?x", "http://a#x", "http://me:secret@a", "http://me@a/"]
)  # fmt: skip
def test_an_upstream_with_more_than_we_would_use(text: str) -> None:
    """What cannot be honoured is not dropped in silence."""
    with pytest.raises(UserError, match="--upstream takes scheme, host and port only, such as http://a"):
        upstream_origin(text)


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


@pytest.mark.parametrize("condition", ["", "GET", "method", "method=", "=GET", "Method=GET", "verb=GET"])
def test_a_condition_that_is_none(condition: str) -> None:
    with pytest.raises(UserError, match="--filter takes NAME=VALUE with one of the names method, host, path, status"):
        history_filter((condition,))


@pytest.mark.parametrize("status", ["4", "40", "4040", "xxx", "6xx", "0xx", "4x4", "40x", "-40", "4²4", "٤٠٤", "abc"])
def test_a_status_that_is_none(status: str) -> None:
    with pytest.raises(UserError, match="--filter status= takes a status such as 404 or a class such as 5xx"):
        history_filter((f"status={status}",))

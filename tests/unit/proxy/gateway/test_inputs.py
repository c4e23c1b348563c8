"""What a user gives a gateway as text."""

from __future__ import annotations

import pytest

from understudy.proxy.gateway.inputs import (
    parse_listen_address,
    parse_parent_proxy,
    parse_upstream,
    read_parent_proxies,
)
from understudy.serving.gateway.parent_proxies import NO_PARENTS
from understudy.store.errors import UserError
from understudy.store.model.messages import Origin


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
    assert parse_listen_address(text) == address


@pytest.mark.parametrize("text", ["", ":", "a", "a:", "a:b", "a:-1", "a:65536", "a:8²", "[::1]", "http://a:80/"])
def test_a_text_that_is_not_an_address(text: str) -> None:
    with pytest.raises(UserError, match=r"^takes HOST:PORT, such as 127\.0\.0\.1:8080, got "):
        parse_listen_address(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://a", Origin("http", "a", 80)),
        ("http://a/", Origin("http", "a", 80)),
        ("HTTPS://A:8443/", Origin("https", "a", 8443)),
        ("http://[::1]:3000", Origin("http", "::1", 3000)),
    ],
)
def test_an_upstream(text: str, origin: Origin) -> None:
    assert parse_upstream(text) == origin


@pytest.mark.parametrize("text", ["", "a", "a:80", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:b"])
def test_a_text_that_is_not_a_url(text: str) -> None:
    with pytest.raises(UserError, match=r"^expected a URL like"):
        parse_upstream(text)


@pytest.mark.parametrize(
    "text", ["http://a/x", "http://a/x/", "http://a?x=1", "http://a/?x", "http://a#x", "http://me:secret@a", "http://me@a/"]
)  # fmt: skip
def test_an_upstream_with_more_than_an_origin(text: str) -> None:
    """The rest would have no effect, so it is refused."""
    with pytest.raises(UserError, match=r"^takes scheme, host and port only, such as http://a"):
        parse_upstream(text)


# Parent proxies

PROXY = "http://proxy.test:3128"


def test_a_parent_proxy_is_for_every_scheme() -> None:
    parents = parse_parent_proxy(PROXY, {})
    assert parents.http == parents.https is not None


def test_none_is_no_parent_proxy() -> None:
    assert parse_parent_proxy("none", {}) is NO_PARENTS


@pytest.mark.parametrize("text", ["proxy", "socks5://proxy:1", "http://proxy/path"])
def test_a_text_that_is_not_a_parent_proxy(text: str) -> None:
    with pytest.raises(UserError, match=r"a parent proxy is a URL such as .*, or none$") as refused:
        parse_parent_proxy(text, {})
    assert refused.value.field == "parent_proxy"


def test_the_environment_names_parent_proxies() -> None:
    parents = read_parent_proxies({"HTTPS_PROXY": PROXY}, 8080)
    assert (parents.http, str(parents.https)) == (None, PROXY)


def test_a_gateway_is_not_its_own_parent_proxy() -> None:
    assert read_parent_proxies({"HTTP_PROXY": "http://127.0.0.1:8080"}, 8080) is NO_PARENTS


def test_an_environment_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(UserError):
        read_parent_proxies({"HTTP_PROXY": "socks5://proxy:1"}, 8080)

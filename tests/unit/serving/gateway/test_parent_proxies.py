"""The choice of a parent proxy for an origin."""

from __future__ import annotations

import pytest

from understudy.serving.gateway.parent_proxies import ParentProxies, ParentProxy
from understudy.store.model.messages import Origin

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "parent"),
    [
        (PROXY, ParentProxy("proxy.example", 3128)),
        ("http://Proxy.example/", ParentProxy("proxy.example", 80)),
        ("http://[::1]:9", ParentProxy("::1", 9)),
        ("http://ann:p%40ss@proxy.example:1", ParentProxy("proxy.example", 1, b"Basic YW5uOnBAc3M=")),
        ("http://ann@proxy.example:1", ParentProxy("proxy.example", 1, b"Basic YW5uOg==")),
    ],
)
def test_a_url_names_a_parent(url: str, parent: ParentProxy) -> None:
    assert ParentProxy.parse(url) == parent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "proxy",
        "hunter2@proxy:3128",
        "//proxy:3128",
        "socks5://ann:hunter2@h:1",
        "https://ann:hunter2@h:1",
        "http://ann:hunter2@h:99999",
        "http://h/path",
        "http://a b:1",
    ],
)
def test_an_invalid_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="a parent proxy is a URL such as") as caught:
        ParentProxy.parse(url)
    assert "hunter2" not in str(caught.value)


def test_no_text_of_a_parent_has_a_password() -> None:
    parent = ParentProxy.parse("http://ann:hunter2@proxy.example:1")
    text = f"{parent} {parent!r} {ParentProxies(parent)} {ParentProxies(parent)!r}"
    assert "http://proxy.example:1" in text
    assert not any(secret in text for secret in ("hunter2", "YW5u", "ann"))


@pytest.mark.parametrize(
    ("environment", "http", "https"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": PROXY}, PROXY, None),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, None, PROXY),
        ({"ALL_PROXY": PROXY, "http_proxy": "http://other:1"}, "http://other:1", PROXY),
        ({"HTTP_PROXY": ""}, None, None),
        ({"HTTP_PROXY": "proxy.example:3128", "HTTPS_PROXY": "proxy"}, PROXY, "http://proxy:80"),
    ],
)
def test_the_environment_sets_the_parents(environment: dict[str, str], http: str | None, https: str | None) -> None:
    parents = ParentProxies.from_environment(environment)
    assert [parent and str(parent) for parent in (parents.http, parents.https)] == [http, https]
    assert bool(parents) is bool(http or https)


def test_an_invalid_variable_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY: a parent proxy is"):
        ParentProxies.from_environment({"https_proxy": "ftp://x"})


@pytest.mark.parametrize(
    ("exempt", "url", "through"),
    [
        ("", "http://api.example.com", True),
        ("*", "http://api.example.com", False),
        ("example.com", "http://api.example.com", False),
        (".example.com", "http://example.com", False),
        ("*.example.com", "http://api.example.com", False),
        ("ample.com", "http://example.com", True),
        ("other.org, API.example.com ", "http://api.example.com", False),
        ("api.example.com:80", "http://api.example.com", False),
        ("api.example.com:81", "http://api.example.com", True),
        ("10.0.0.0/8", "http://10.1.2.3:8000", False),
        ("10.0.0.0/8", "http://11.1.2.3:8000", True),
        ("10.0.0.1", "http://10.0.0.1", False),
        ("fd00::/8", "http://[fd00::1]", False),
        ("[fd00::1]:80", "http://[fd00::1]", False),
        ("fd00::1", "http://[fd00::1]:8080", False),
        ("nonsense/99", "http://10.0.0.1", True),
        ("", "http://localhost:3000", False),
        ("", "http://127.0.0.9", False),
        ("", "http://[::1]", False),
        ("", "http://a.localhost", False),
    ],
)
def test_exempt_hosts_are_called_directly(exempt: str, url: str, through: bool) -> None:
    parents = ParentProxies.from_environment({"http_proxy": PROXY, "NO_PROXY": exempt})
    assert (parents.find_parent(Origin.parse(url)) is not None) is through


def test_loopback_can_be_called_through_a_parent() -> None:
    parent = ParentProxy.parse(PROXY)
    assert ParentProxies(parent, parent, loopback=True).find_parent(Origin.parse("https://127.0.0.1")) is parent


def test_each_scheme_has_a_parent_of_its_own() -> None:
    parents = ParentProxies.from_environment({"https_proxy": PROXY})
    assert parents.find_parent(Origin.parse("http://api.example.com")) is None
    assert parents.find_parent(Origin.parse("https://api.example.com")) == ParentProxy.parse(PROXY)

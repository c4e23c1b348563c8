"""The fields that a reverse proxy rewrites for its client."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_response
from understudy.serving.fields.url_rewriting import rewrite_for_client
from understudy.store.model.messages import Headers, Origin, Response

UPSTREAM = Origin("http", "api.example.com", 80)
GATEWAY = Origin("http", "127.0.0.1", 8080)
TLS_UPSTREAM = Origin("https", "api.example.com", 8443)


def rewritten(name: str, value: str, upstream: Origin = UPSTREAM, gateway: Origin = GATEWAY) -> str | None:
    return rewrite_for_client(make_response(headers=[(name, value)]), upstream, str(gateway)).headers.get(name)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://api.example.com/users", "http://127.0.0.1:8080/users"),
        ("http://api.example.com:80/users", "http://127.0.0.1:8080/users"),
        ("HTTP://API.example.COM/Users", "http://127.0.0.1:8080/Users"),
        ("http://api.example.com", "http://127.0.0.1:8080"),
        ("http://api.example.com?a=/b#c", "http://127.0.0.1:8080?a=/b#c"),
        ("//api.example.com/users", "http://127.0.0.1:8080/users"),
        ("http://api.example.com#c", "http://127.0.0.1:8080#c"),
        ("http://api.example.com/\xff?\xe9", "http://127.0.0.1:8080/\xff?\xe9"),
        ("http://api.example.com/to?next=http://api.example.com/", "http://127.0.0.1:8080/to?next=http://api.example.com/"),
    ],
)  # fmt: skip
def test_an_absolute_location_of_the_upstream_becomes_the_gateways(location: str, expected: str) -> None:
    assert rewritten("Location", location) == expected


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/users",
        "users",
        "?page=2",
        "#top",
        "//other.example/users",
        "/login?next=http://api.example.com/",
        "http://other.example/users",
        "http://api.example.com.other.example/",
        "http://www.api.example.com/",
        "http://api.example.com:8080/users",
        "http://api.example.com:x/users",
        "https://api.example.com/users",
        "ftp://api.example.com/users",
        "mailto:me@api.example.com",
        "http://[api.example.com/",
    ],
)
def test_another_location_is_left_alone(location: str) -> None:
    assert rewritten("Location", location) == location


@pytest.mark.parametrize("name", ["location", "Content-Location", "CONTENT-LOCATION"])
def test_each_header_that_holds_one_url_is_rewritten(name: str) -> None:
    assert rewritten(name, "http://api.example.com/x") == "http://127.0.0.1:8080/x"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Location", "http://api.example.com/x", "http://127.0.0.1:8080/x"),
        ("Operation-Location", "http://api.example.com/jobs/1", "http://127.0.0.1:8080/jobs/1"),
        ("Link", "<http://api.example.com/i?page=2>; rel=\"next\", </i?page=9>; rel=last, <//api.example.com/>;rel=up",
         "<http://127.0.0.1:8080/i?page=2>; rel=\"next\", </i?page=9>; rel=last, <http://127.0.0.1:8080/>;rel=up"),
        ("Link", '<http://other.example/x>; rel="http://api.example.com/rels/x"; anchor="http://api.example.com/y"',
         '<http://other.example/x>; rel="http://api.example.com/rels/x"; anchor="http://127.0.0.1:8080/y"'),
        ("Link", '<wss://api.example.com/socket>; rel=hub', '<wss://api.example.com/socket>; rel=hub'),
        ("Link", '<ws://api.example.com/socket>; rel=hub', '<ws://127.0.0.1:8080/socket>; rel=hub'),
        ("Refresh", "0; url=http://api.example.com/x", "0; url=http://127.0.0.1:8080/x"),
        ("Refresh", "5;URL='http://api.example.com/x'", "5;URL='http://127.0.0.1:8080/x'"),
        ("Refresh", "5", "5"),
        ("WWW-Authenticate", 'Bearer realm="http://api.example.com/token",service="api.example.com"',
         'Bearer realm="http://127.0.0.1:8080/token",service="api.example.com"'),
        ("Content-Security-Policy", "connect-src http://api.example.com http://other.example; img-src http://api.example.com",
         "connect-src http://127.0.0.1:8080 http://other.example; img-src http://127.0.0.1:8080"),
        ("X-Upload-Url", "http://other.example/?to=http://api.example.com/", "http://other.example/?to=http://api.example.com/"),
    ],
)  # fmt: skip
def test_absolute_urls_in_other_fields_become_the_gateways(name: str, value: str, expected: str) -> None:
    assert rewritten(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", 'application/json; profile="http://api.example.com/schema"'),
        ("ETag", '"http://api.example.com/1"'),
        ("Access-Control-Allow-Origin", "http://api.example.com"),
        ("WWW-Authenticate", 'Digest realm="http://api.example.com", nonce="x"'),
    ],
)
def test_urls_that_are_names_stay(name: str, value: str) -> None:
    assert rewritten(name, value) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Link", "</i?page=2>; rel=next, <i>; rel=self", "</mocks/m/i?page=2>; rel=next, <i>; rel=self"),
        ("Refresh", "0; url=/x", "0; url=/mocks/m/x"),
    ],
)
def test_paths_in_link_and_refresh_stay_below_the_root(name: str, value: str, expected: str) -> None:
    changed = rewrite_for_client(make_response(headers=[(name, value)]), UPSTREAM, "http://h/mocks/m")
    assert changed.headers.get(name) == expected


def test_an_upstream_has_scheme_and_port() -> None:
    assert rewritten("Location", "https://api.example.com:8443/x", TLS_UPSTREAM) == "http://127.0.0.1:8080/x"
    assert rewritten("Location", "https://api.example.com/x", TLS_UPSTREAM) == "https://api.example.com/x"


def test_addresses_of_ip_version_6_keep_their_brackets() -> None:
    upstream, gateway = Origin("http", "::1", 81), Origin("http", "::1", 8080)
    assert rewritten("Location", "http://[::1]:81/x", upstream, gateway) == "http://[::1]:8080/x"


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("a=1; Domain=api.example.com", "a=1"),
        ("a=1; Domain=api.example.com; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; Path=/; domain = .API.example.com ;HttpOnly", "a=1; Path=/;HttpOnly"),
        ("a=1; Domain=example.com", "a=1"),
        ("a=1; Domain=.example.com", "a=1"),
        ("a=1;Domain=api.example.com; Domain=example.com", "a=1"),
        ("Domain=api.example.com; Domain=api.example.com", "Domain=api.example.com"),
    ],
)
def test_a_cookie_of_the_upstream_becomes_the_gateways(cookie: str, expected: str) -> None:
    assert rewritten("Set-Cookie", cookie) == expected


@pytest.mark.parametrize(
    "cookie",
    [
        "a=1",
        "a=1; Path=/",
        "a=1; Domain=other.example",
        "a=1; Domain=www.api.example.com",
        "a=1; Domain=i.example.com",
        "a=1; Domain=",
        "a=Domain=api.example.com; Path=/domain",
        "",
    ],
)
def test_another_cookie_is_left_alone(cookie: str) -> None:
    assert rewritten("Set-Cookie", cookie) == cookie


def test_every_cookie_is_rewritten_and_the_order_kept() -> None:
    fields = [("Set-Cookie", "a=1; Domain=example.com"), ("X", "1"), ("set-cookie", "b=2; Domain=example.com")]
    response = rewrite_for_client(make_response(headers=fields), UPSTREAM, str(GATEWAY))
    assert list(response.headers) == [("Set-Cookie", "a=1"), ("X", "1"), ("set-cookie", "b=2")]


def test_a_response_without_anything_to_change_is_the_same_object() -> None:
    response = make_response(headers=[("Location", "/x"), ("Set-Cookie", "a=1")])
    assert rewrite_for_client(response, UPSTREAM, str(GATEWAY)) is response


def test_everything_except_the_headers_stays() -> None:
    response = Response(301, Headers.of([("Location", "http://api.example.com/")]), b"body", b"Moved", "HTTP/2.0")
    changed = rewrite_for_client(response, UPSTREAM, str(GATEWAY))
    assert (changed.status, changed.body, changed.reason, changed.http_version) == (301, b"body", b"Moved", "HTTP/2.0")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/next?x=1", "/mocks/shop/next?x=1"),
        ("http://api.example.com/next", "http://127.0.0.1:4000/mocks/shop/next"),
        ("//api.example.com/next", "http://127.0.0.1:4000/mocks/shop/next"),
        ("next", "next"),
        ("https://elsewhere.example/next", "https://elsewhere.example/next"),
    ],
)
def test_a_root_below_a_path_keeps_clients_there(value: str, expected: str) -> None:
    response = make_response(headers=[("Location", value)])
    base = "http://127.0.0.1:4000/mocks/shop"
    changed = rewrite_for_client(response, Origin.parse("http://api.example.com"), base)
    assert changed.headers.get("location") == expected


def test_without_an_upstream_only_paths_change() -> None:
    fields = [
        ("Location", "/a"),
        ("Content-Location", "http://api.example.com/a"),
        ("Set-Cookie", "a=b; Domain=x.test"),
    ]
    changed = rewrite_for_client(make_response(headers=fields), None, "http://h/mocks/m")
    assert list(changed.headers) == [("Location", "/mocks/m/a"), *fields[1:]]

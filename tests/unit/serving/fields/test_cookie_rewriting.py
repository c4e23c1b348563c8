"""Cookies of an upstream for the clients of a gateway or mock server, and their names back."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.serving.fields.cookie_rewriting import RenamedCookies, rewrite_cookie
from understudy.store.model.messages import Origin

UPSTREAM = Origin("https", "api.example.com", 443)


def rewritten(cookie: str, base: str, renamed: RenamedCookies | None = None) -> str:
    return rewrite_cookie(cookie.encode(), UPSTREAM, base, renamed or RenamedCookies()).decode()


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("a=1; Path=/; Secure; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; secure", "a=1"),
        ("a=1; SameSite=None; Secure", "a=1"),
        ("a=1; SameSite=Lax; Secure", "a=1; SameSite=Lax"),
        ("a=1; Secure; Partitioned", "a=1"),
        ("__Host-a=1; Secure; Path=/", "a=1; Path=/"),
        ("__Secure-a=1; Secure", "a=1"),
        ("__secure-a=1; Secure", "a=1"),
        ("a=__Host-b", "a=__Host-b"),
        ("__Host-=1; Secure", "__Host-=1"),
        ("a=Secure; Max-Age=5", "a=Secure; Max-Age=5"),
    ],
)
def test_over_plain_http_nothing_requires_tls(cookie: str, expected: str) -> None:
    assert rewritten(cookie, "http://127.0.0.1:8080") == expected


@pytest.mark.parametrize("cookie", ["a=1; Secure; SameSite=None", "__Host-a=1; Secure; Path=/", "__Secure-a=1; Secure"])
def test_over_tls_it_stays(cookie: str) -> None:
    assert rewritten(cookie, "https://127.0.0.1:8080") == cookie


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("a=1; Path=/api", "a=1; Path=/mocks/x/api"),
        ("a=1; path = /api ;HttpOnly", "a=1; path =/mocks/x/api;HttpOnly"),
        ("a=1; Path=/", "a=1; Path=/mocks/x"),
        ("a=1; Path=", "a=1; Path="),
        ("a=1; Path=api", "a=1; Path=api"),
        ("a=1", "a=1"),
        ("__Host-a=1; Path=/; Secure", "__Host-a=1; Path=/; Secure"),
    ],
)
def test_a_path_is_below_that_of_the_base(cookie: str, expected: str) -> None:
    assert rewritten(cookie, "https://127.0.0.1:4000/mocks/x") == expected


def test_names_that_were_changed_come_back() -> None:
    renamed = RenamedCookies()
    for cookie in ("__Host-sid=1; Secure", "__Secure-t=1; Secure", "lang=en"):
        rewritten(cookie, "http://h", renamed)
    assert renamed.restore(b"sid=1; lang=en;t=2; other=sid") == b"__Host-sid=1; lang=en;__Secure-t=2; other=sid"
    request = make_request(headers=[("Cookie", "sid=1"), ("X", "sid=1")])
    assert list(renamed.restore_request(request).headers) == [("Cookie", "__Host-sid=1"), ("X", "sid=1")]


def test_names_that_were_not_changed_stay() -> None:
    request = make_request(headers=[("Cookie", "sid=1")])
    renamed = RenamedCookies()
    assert renamed.restore_request(request) is request
    rewritten("__Host-a=1; Secure", "http://h", renamed)
    assert renamed.restore_request(request) is request


def test_a_cookie_of_the_upstream_with_the_plain_name_takes_its_place() -> None:
    renamed = RenamedCookies()
    rewritten("__Host-sid=1; Secure", "http://h", renamed)
    rewritten("sid=1", "http://h", renamed)
    assert renamed.restore(b"sid=1") == b"sid=1"
